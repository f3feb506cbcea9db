"""The pages of the documentation: each is run by a test, its links lead somewhere, and the README is short."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from doc_pages import NOTEBOOKS, PAGES, ROOT, printed_by, read_blocks, run_page

SHOWN = {"json", "jsonnet", "text"}
"""Languages of blocks that are not commands."""

README_BYTES = 8192
NOTEBOOK_BYTES = 200_000

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"(?<= -s )[\w./-]+|(?<= -o )\w[\w./-]*|[\w./$-]+\.hdf5")
_PUNCTUATION = re.compile(r"[^\w\- ]")


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def anchors(page: Path) -> set[str]:
    """Those that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {_PUNCTUATION.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def text_of(page: Path) -> str:
    """Without its code."""
    text = page.read_text(encoding="utf-8")
    if page in NOTEBOOKS:
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] != "code")
    return _FENCED.sub("", text)


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS, ids=names(PAGES + NOTEBOOKS))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(text_of(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: there is no {path}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {target.name} has no heading for #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_no_block_escapes_the_tests(page: Path) -> None:
    """A block is run, or not run for a reason, or it is no command."""
    text = page.read_text(encoding="utf-8")
    languages = {block.language for block in read_blocks(page)}
    assert languages <= {"bash", "python"} | SHOWN
    assert text.count("\n```") == 2 * len(list(read_blocks(page))), "a fence is not closed, or not at its line's start"
    assert not re.search(r"^ {4,}(allennlp|elmo-tasks|make|pip|python) ", _FENCED.sub("", text), re.MULTILINE)


def test_every_page_has_a_test() -> None:
    """Each in a file of its own, so that pytest-xdist can share them out."""
    tests = [path.read_text() for path in (ROOT / "tests" / "docs").glob("test_*.py")]
    run = [name for test in tests for name in re.findall(r'run_page\("(.*)", ', test)]
    assert sorted(run) == sorted(names(PAGES + NOTEBOOKS))


@pytest.mark.parametrize("page", NOTEBOOKS, ids=names(NOTEBOOKS))
def test_a_notebook_is_small_and_as_one_run_left_it(page: Path) -> None:
    notebook = json.loads(page.read_text(encoding="utf-8"))
    assert page.stat().st_size < NOTEBOOK_BYTES
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert all(output.get("name") != "stderr" and output["output_type"] != "error" for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert sum(bool(printed_by(cell)) for cell in cells) > 3


def test_no_two_pages_write_the_same() -> None:
    """One can go through all pages in one folder: trainings and files of layers are not made over others."""
    pages: dict[str, set[str]] = {}
    for page in PAGES:
        for block in filter(lambda block: block.is_run, read_blocks(page)):
            for name in _MADE.findall(block.code):
                pages.setdefault(name, set()).add(page.name)
    assert len(pages) > 20
    assert {name: where for name, where in pages.items() if len(where) > 1} == {}


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.encode()) <= README_BYTES
    assert {f"docs/{page.name}" for page in PAGES[1:] + NOTEBOOKS} <= set(_LINK.findall(readme))


# The runner


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs a page of the given text."""

    def run(text: str) -> None:
        page = tmp_path / "page.md"
        page.write_text(text)
        folder = tmp_path / "folder"
        folder.mkdir()
        monkeypatch.setattr("doc_pages.ROOT", tmp_path)
        monkeypatch.setattr("doc_pages._CLONE", ())
        run_page("page.md", folder, monkeypatch)

    return run


def page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def block(language: str, code: str, *comments: str) -> str:
    return "".join(f"<!-- {comment} -->\n" for comment in comments) + f"```{language}\n{code}\n```"


def test_blocks_share_a_folder_and_a_namespace(run: Callable[[str], None]) -> None:
    make = block("bash", "echo 3 > number.txt")
    read = block("python", "number = int(open('number.txt').read())")
    run(page("# Numbers", make, read, block("python", "print(number + 1)"), "It prints:", block("text", "4")))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([block("bash", "false\ntrue")], "page.md:2: exit code 1"),
        ([block("bash", "true", "fails")], "page.md:3: exit code 0"),
        ([block("bash", "echo two"), block("text", "one")], "'one' is not in its place"),
        ([block("bash", "echo two; echo one"), block("text", "one\ntwo")], "'two' is not in its place"),
        ([block("bash", "echo -s there.txt")], "there.txt was not written"),
        ([block("python", "assert 1 > 2, 'no'")], "no"),
        ([block("bash", "elmo-tasks elmo a b --every", "not run: hours")], "not what the command takes"),
        ([block("bash", "elmo-tasks train training_configs/no.jsonnet", "not run: hours")], "is not there"),
        ([block("bash", "test -d fixtures", "run: somewhere")], "does not know the comment"),
    ],
)
def test_a_wrong_page_is_found(run: Callable[[str], None], parts: list[str], message: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=re.escape(message)):
        run(page(*parts))


def test_what_is_said_of_a_block_holds_for_it_alone(run: Callable[[str], None]) -> None:
    failing = block("bash", "false", "fails")
    not_run = block("bash", "touch made.txt", "not run: network")
    differs = block("text", "about 0.7 tokens", "figures differ")
    run(page(failing, not_run, block("bash", "test ! -e made.txt\necho about 12 tokens"), differs))
