import base64
from html.parser import HTMLParser

from elmo_tasks.reproduce.document import Block, Code, Heading, Picture, Table, Text, to_html, to_markdown

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"

PAGE: list[Block] = [
    Heading("Table 1: a < b"),
    Text("With `code <x>` & more."),
    Table(["task", "score", "p"], [["a | b", "1.0", "-"], ["a | b", "2.0", "0.5"], ["c", "not run", "-"]], (1, 2)),
    Picture("figure1.svg", SVG, 'A "picture".'),
    Code("allennlp x\n  --y"),
]


class Reader(HTMLParser):
    """The elements of a page, which must be closed in order, and their texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_markdown() -> None:
    assert to_markdown("Title", PAGE) == (
        "# Title\n\n## Table 1: a < b\n\nWith `code <x>` & more.\n\n"
        "| task | score | p |\n| --- | ---: | ---: |\n"
        "| a \\| b | 1.0 | - |\n| a \\| b | 2.0 | 0.5 |\n| c | not run | - |\n\n"
        '![A "picture".](figure1.svg)\n\n*A "picture".*\n\n    allennlp x\n      --y\n'
    )


def test_html_is_whole_and_escaped() -> None:
    reader = read(to_html("T & T", PAGE))
    assert reader.texts["h1"] == reader.texts["title"] == ["T & T"]
    assert reader.texts["h2"] == ["Table 1: a < b"]
    assert reader.texts["code"] == ["code <x>"]
    assert reader.texts["td"] == ["a | b", "1.0", "-", "a | b", "2.0", "0.5", "c", "not run"]
    assert reader.texts["pre"] == ["allennlp x\n  --y"]
    # A rule above each task but the first.
    assert [attributes.get("class") for tag, attributes in reader.found if tag == "tr"] == [None, None, None, "first"]
    # What says why there is nothing takes the place of what is empty behind it.
    assert [attributes for tag, attributes in reader.found if tag == "td"][-1] == {"class": "absent", "colspan": "2"}


def test_html_loads_nothing() -> None:
    reader = read(to_html("T", PAGE))
    sources = [attributes["src"] for _, attributes in reader.found if "src" in attributes]
    assert sources == ["data:image/svg+xml;base64," + base64.b64encode(SVG).decode()]
    assert not any(tag in ("link", "script", "iframe") for tag, _ in reader.found)
    links = [attributes["href"] for tag, attributes in reader.found if tag == "a"]
    anchors = [f"#{attributes['id']}" for tag, attributes in reader.found if "id" in attributes]
    assert links == anchors == ["#table-1"]
