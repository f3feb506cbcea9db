import csv
import gzip
import io
import json
import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.classification.reader import ClassificationReader

Read = list[tuple[str, str | None]]
SHARED = Path(__file__).parents[4] / "shared" / "data" / "textcls"


def content(instance: Instance) -> tuple[str, str | None]:
    """The tokens, joined by spaces, and the label."""
    tokens = [token.text for token in instance["tokens"].tokens]  # type: ignore[attr-defined]
    assert instance["metadata"].metadata["tokens"] == tokens  # type: ignore[attr-defined]
    label: Any = instance.fields.get("label")
    return " ".join(tokens), label and label.label


def read(path: Path, **options: Any) -> Read:
    return [content(instance) for instance in ClassificationReader(**options).read(path)]


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(*records: Any) -> str:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records)


def test_json_lines(tmp_path: Path) -> None:
    text = lines(
        {"text": "Ada's here.", "label": "a"},
        "",
        {"text": ["Ada's", "here."], "label": 1},
        {"label": True, "text": "No", "more": None},
    )
    path = write(tmp_path / "data.jsonl", text)
    assert read(path) == [("Ada 's here .", "a"), ("Ada's here.", "1"), ("No", "true")]


@pytest.mark.parametrize(("label", "expected"), [(1.0, "1"), (-0.0, "0"), (1e16, "10000000000000000")])
def test_a_whole_number_may_be_written_with_a_point(tmp_path: Path, label: float, expected: str) -> None:
    assert read(write(tmp_path / "data.jsonl", lines({"text": "a", "label": label}))) == [("a", expected)]


def test_several_columns_are_one_text(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", lines({"title": "Rain", "body": "It fell.", "label": "a"}))
    assert read(path, text_column=["title", "body"]) == [("Rain It fell .", "a")]
    write(path, lines({"title": " ", "body": "It fell.", "label": "a"}))
    assert read(path, text_column=["title", "body"]) == [("It fell .", "a")]
    path = write(tmp_path / "data.csv", 'a,"Rain, again",It fell\n')
    assert read(path, text_column=[1, 2], label_column=0) == [("Rain , again It fell", "a")]
    path = write(tmp_path / "data.tsv", "title\tbody\tlabel\n\t \tx\n")
    with pytest.raises(ConfigurationError, match='line 2: "title and body" is empty'):
        read(path, text_column=["title", "body"])
    with pytest.raises(ConfigurationError, match='there must be one column named "abstract" here'):
        read(path, text_column=["title", "abstract"])
    path = write(tmp_path / "data.jsonl", lines({"title": "Rain", "body": ["It"], "label": "a"}))
    with pytest.raises(ConfigurationError, match='line 1: "body" must be text, as one of several columns, not'):
        read(path, text_column=["title", "body"])


def test_json_lines_with_other_names(tmp_path: Path) -> None:
    path = write(tmp_path / "data.json", lines({"review": "Fine", "label": "ENTY", "fine": "ENTY:food"}))
    assert read(path, text_column="review", label_column="fine") == [("Fine", "ENTY:food")]
    assert read(path, text_column="review", label_column=None) == [("Fine", None)]


def test_tsv_with_named_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "data.tsv", 'id\tlabel\tsentence\n0\t1\t"So , he said\n\n1\t0\tYes "\r\n')
    assert read(path, text_column="sentence") == [('" So , he said', "1"), ('Yes "', "0")]


def test_tsv_with_numbered_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "data.tsv", "1\tGood .\n0\tBad .\n")
    assert read(path, text_column=1, label_column=0) == [("Good .", "1"), ("Bad .", "0")]


def test_tsv_with_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "data.tsv", 'text\tlabel\n"tab\there"\tx\n')
    assert read(path, quoting=True) == [("tab here", "x")]


def test_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", 'label,text\n1,"So, ""he"" said\nand left"\n\n0,plain\n')
    assert read(path) == [('So , " he " said and left', "1"), ("plain", "0")]


def test_a_long_field_of_csv(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    path = write(tmp_path / "data.csv", f'text,label\n"{"a " * 70_000}",x\n')
    ((text, label),) = read(path)
    assert (len(text.split()), label) == (70_000, "x")
    assert csv.field_size_limit() == limit


def test_csv_without_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", '1,"So\n')
    assert read(path, text_column=1, label_column=0, quoting=False) == [('" So', "1")]


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=8)


@settings(max_examples=50)
@given(st.lists(st.tuples(cell.filter(str.strip), cell.filter(str.strip)), min_size=1, max_size=5))
def test_csv_is_what_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("text", "label"), *rows])
    path = write(tmp_path_factory.mktemp("data") / "data.csv", file.getvalue())
    reader = ClassificationReader()
    assert list(reader._documents(path)) == rows


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """As IMDB's."""
    for name, text in {
        "pos/0_9.txt": "Good .\nVery .",
        "pos/10_8.txt": "\ufeffFine",
        "neg/1_1.txt": "Bad",
        "unsup/2_0.txt": "?",
        "neg/.hidden": "no text",
        "urls_pos.txt": "http://",
    }.items():
        (tmp_path / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / "train" / name, text)
    return tmp_path / "train"


def test_folders(folders: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = [("Bad", "neg"), ("Good . Very .", "pos"), ("Fine", "pos")]
    assert read(folders) == [*expected, ("?", "unsup")]
    with caplog.at_level(logging.INFO):
        assert read(folders, labels=["pos", "neg"]) == expected
    assert "the folder unsup is no label's and is not read" in caplog.text
    assert read(folders, text_column=1, label_column=0) == [*expected, ("?", "unsup")]


def test_an_empty_file_in_a_folder_is_named(folders: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(folders / "pos" / "1_1.txt", " \n")
    with pytest.raises(ConfigurationError, match=r'train, pos/1_1\.txt: "text" is empty.*skip_bad_lines'):
        read(folders)
    assert len(read(folders, skip_bad_lines=True)) == 4
    assert 'train: skipped 1 bad texts: pos/1_1.txt: "text" is empty' in caplog.text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["data.tsv", "data.csv", "data.jsonl"])
def test_strange_text_a_mark_and_any_line_ends(tmp_path: Path, name: str, end: str) -> None:
    texts = ["👩‍👩‍👧 ok", "שלום", "a\u200bb", "İstanbul'da", "我喜欢", "c\u2028d", "x" * 400 + "é" * 50, "\ufeff"]
    rows = [json.dumps({"text": text, "label": "x"}, ensure_ascii=False) for text in texts]
    if "jsonl" not in name:
        separator = "\t" if "tsv" in name else ","
        rows = [separator.join(("text", "label")), *(separator.join((text, "x")) for text in texts)]
    path = write(tmp_path / name, "\ufeff" + "".join(row + end for row in rows))
    reader = ClassificationReader()
    assert list(reader._documents(path)) == [(text, "x") for text in texts]
    assert len(list(reader.read(path))) == len(texts)


def test_compressed(tmp_path: Path) -> None:
    path = write(tmp_path / "data.tsv.gz", gzip.compress(b"text\tlabel\nyes\tx\n"))
    assert read(path) == [("yes", "x")]
    damaged = write(tmp_path / "more.tsv.gz", path.read_bytes()[:-9])
    with pytest.raises(ConfigurationError, match=r"more\.tsv\.gz.*not gzip, or is damaged"):
        read(damaged)


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        ("whitespace", "我不喜欢 it's"),
        ("character", "我 不 喜 欢   i t ' s"),
        ("elmo_chinese_characters", "我 不 喜 欢 it ' s"),
        ({"type": "elmo_spacy_rules", "language": "xx"}, "我不喜欢 it 's"),
    ],
)
def test_tokenizers(tmp_path: Path, tokenizer: Any, expected: str) -> None:
    path = write(tmp_path / "data.jsonl", lines({"text": "我不喜欢 it's", "label": "x"}))
    params = Params({"type": "elmo_classification", "tokenizer": tokenizer})
    (instance,) = DatasetReader.from_params(params).read(path)
    assert content(instance)[0] == expected


def test_long_texts_are_cut_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "data.tsv", "a b c\tx\na b c d\ty\na b\tx\na b c d e\tx\n")
    reader = ClassificationReader(max_tokens=3, text_column=0, label_column=1)
    instances = list(reader.read(path))
    assert [content(instance)[0] for instance in instances] == ["a b c", "a b c", "a b", "a b c"]
    assert [instance["metadata"].metadata["tokens_left_out"] for instance in instances] == [0, 1, 0, 2]
    assert "data.tsv: 2 of 4 texts have more than 3 tokens and are cut." in caplog.text


def test_long_texts_are_read_by_windows_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "data.tsv", "a b c d e f g\tx\na b c\ty\na b c d e f\tx\n")
    reader = ClassificationReader(max_tokens=3, long_texts="window", text_column=0, label_column=1)
    instances = list(reader.read(path))
    windows = [[" ".join(map(str, text.tokens)) for text in instance["windows"]] for instance in instances]
    assert windows == [["a b c", "d e f", "g"], ["a b c"], ["a b c", "d e f"]]
    assert not any("tokens" in instance for instance in instances)
    assert instances[0]["metadata"].metadata["tokens"] == list("abcdefg")
    assert "data.tsv: 2 of 3 texts have more than 3 tokens and are read by windows." in caplog.text


GOOD = {"text": "yes", "label": "x"}
BAD_LINES: list[tuple[Any, dict[str, Any], str]] = [
    ('{"text": ', {}, "this is not JSON"),
    ([1], {}, "this is no JSON object"),
    ({"label": "x"}, {}, 'there is no "text" here, only label; see text_column'),
    ({}, {}, 'no "text" here, only nothing'),
    ({"text": "a"}, {}, 'there is no "label" here, only text'),
    ({"text": " \u00a0", "label": "x"}, {}, '"text" is empty'),
    ({"text": [], "label": "x"}, {}, '"text" is empty'),
    ({"text": 3, "label": "x"}, {}, '"text" must be text or a list of tokens, not 3'),
    ({"text": ["a", ""], "label": "x"}, {}, 'token 1 of "text"'),
    ({"text": "a", "label": None}, {}, '"label" is None; it must be a string'),
    ({"text": "a", "label": 0.5}, {}, '"label" is 0.5'),
    ({"text": "a", "label": " "}, {}, "\"label\" is ' '"),
    ({"text": "a", "label": "x\r"}, {}, '"label" is .*without carriage returns'),
    ({"text": "a", "label": "\udc00"}, {}, '"label" has half of a surrogate pair'),
    ({"text": ["a", "\ud83d"], "label": "x"}, {}, '"text" has half of a surrogate pair'),
    ({"text": "a", "label": "y"}, {"labels": ["x", "z"]}, "\"label\" is 'y'; it must be one of x, z"),
]


@pytest.mark.parametrize(("line", "options", "message"), BAD_LINES)
def test_a_bad_line_is_named(
    tmp_path: Path, line: Any, options: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "data.jsonl", lines(GOOD, "", line, GOOD))
    with pytest.raises(ConfigurationError, match=rf"data\.jsonl, line 3: .*{message}.*skip_bad_lines"):
        read(path, **options)
    assert len(read(path, skip_bad_lines=True, **options)) == 2
    assert "data.jsonl: skipped 1 bad texts: line 3: " in caplog.text


BAD_ROWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("tsv", "a\tb\nyes\n", {"text_column": 0, "label_column": 1}, 'line 2: there is no "1" here, only 0'),
    ("tsv", "text\tlabel\n\na\tb\tc\n", {}, "line 3: 3 columns, but the first line names 2; see quoting"),
    ("csv", "text,label\na,b\na,b,c\n", {}, "line 3: 3 columns, but the first line names 2"),
    ("csv", 'text,label\n"a\nb",c\n"d" e,f\n', {}, "line 4: this is no row of a table: .*see quoting"),
    ("csv", 'text,label\na,b\n"c,d\ne,f\n', {}, "line 3: this is no row of a table: unexpected end of data"),
    ("csv", "text,label\n,b\n", {}, 'line 2: "text" is empty'),
    ("tsv", "text\tlabel\na\t \n", {}, "line 2: \"label\" is ' '"),
    ("tsv", "text\tlabels\na\tb\n", {}, 'line 1: there must be one column named "label" here'),
    ("tsv", "text\tlabel\tlabel\na\tb\tc\n", {}, 'line 1: there must be one column named "label" here'),
    ("tsv", "", {}, 'line 1: there must be one column named "text"'),
    ("tsv", "text\tlabel\n", {}, "data.tsv: there is no text here"),
    ("tsv", "", {"text_column": 0, "label_column": 1}, "data.tsv: there is no text here"),
    ("jsonl", "\n", {}, "data.jsonl: there is no text here"),
    ("txt", "a\n", {}, "its name does not say what it is; set file_format"),
    ("jsonl", "{}", {"text_column": 0, "label_column": 1}, "JSON's fields have names; text_column is 0"),
]


@pytest.mark.parametrize(("kind", "text", "options", "message"), BAD_ROWS)
def test_a_bad_table_is_named(tmp_path: Path, kind: str, text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(write(tmp_path / f"data.{kind}", text), **options)


@pytest.mark.parametrize("name", ["data.tsv", "data.csv"])
def test_what_is_not_utf8_is_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, b"text\tlabel\n".replace(b"\t", b"," if "csv" in name else b"\t") + b"\xff\n")
    with pytest.raises(ConfigurationError, match=r"line 2: this is not UTF-8; convert the file \(skip_bad_lines"):
        read(path)


@pytest.mark.parametrize("end", ["tsv", "csv"])
def test_what_is_not_utf8_can_be_skipped(tmp_path: Path, end: str, caplog: pytest.LogCaptureFixture) -> None:
    separator = b"\t" if end == "tsv" else b","
    rows = [b"text,label", b"good,x", b"K\xf6ln,x", b"fine,\xff", b"K\xc3\xb6ln,y"]
    path = write(tmp_path / f"data.{end}", b"\n".join(rows).replace(b",", separator))
    assert read(path, skip_bad_lines=True) == [("good", "x"), ("Köln", "y")]
    assert "skipped 2 bad texts: line 3: this is not UTF-8; convert the file; line 4: this" in caplog.text
    write(path, b"\xff" + path.read_bytes())
    with pytest.raises(ConfigurationError, match=r"line 1: this is not UTF-8"):
        read(path, skip_bad_lines=True)


def test_a_file_of_a_folder_that_is_not_utf8_can_be_skipped(tmp_path: Path) -> None:
    (tmp_path / "pos").mkdir()
    write(tmp_path / "pos" / "1.txt", b"\xef\xbb\xbfGood")
    write(tmp_path / "pos" / "2.txt", b"K\xf6ln")
    with pytest.raises(ConfigurationError, match=r"pos/2\.txt: this is not UTF-8; convert the file \(skip_bad_lines"):
        read(tmp_path)
    assert read(tmp_path, skip_bad_lines=True) == [("Good", "pos")]


def test_a_row_that_is_skipped_leaves_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", 'text,label\na,x\n"b" c,x\nd,y\n')
    assert read(path, skip_bad_lines=True) == [("a", "x"), ("d", "y")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"file_format": "xml"}, 'file_format is "xml"; it must be one of jsonl, tsv, csv, folders'),
        ({"labels": "entailment"}, "labels is 'entailment'; it must be a list of strings, or null"),
        ({"labels": ["a", 1]}, r"labels is \['a', 1\]; it must be"),
        ({"text_column": "label"}, "text_column and label_column are both 'label'"),
        ({"text_column": 1}, "text_column is 1 and label_column is 'label'; both must be names, or both numbers"),
        ({"text_column": ["a", "label"]}, "text_column and label_column are both 'label'"),
        ({"text_column": []}, "text_column is an empty list"),
        ({"text_column": ["a", 1]}, "both must be names, or both numbers"),
        ({"text_column": -1, "label_column": 0}, "both must be names, or both numbers"),
        ({"text_column": True, "label_column": None}, "both must be names, or both numbers"),
        ({"quoting": "no"}, "quoting is 'no'; it must be true or false"),
        ({"skip_bad_lines": 1}, "skip_bad_lines is 1"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"max_tokens": 5, "long_texts": "drop"}, 'long_texts is "drop"; it must be one of cut, window'),
        ({"long_texts": "window"}, "max_tokens does not say how long a window is"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ClassificationReader(**options)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere.jsonl")


def test_streams(tmp_path: Path) -> None:
    documents = ClassificationReader()._read(write(tmp_path / "data.jsonl", lines(GOOD, "mistake")))
    assert [content(instance) for instance in islice(documents, 1)] == [("yes", "x")]
    with pytest.raises(ConfigurationError, match="line 2"):
        list(documents)


def test_without_a_label() -> None:
    instance = ClassificationReader().text_to_instance("It rains.")
    assert "label" not in instance
    assert instance["metadata"].metadata == {"tokens": ["It", "rains", "."], "tokens_left_out": 0}  # type: ignore[attr-defined]


def numbered(folder: Path, count: int) -> Path:
    return write(folder / "data.jsonl", lines(*({"text": str(number), "label": "x"} for number in range(count))))


def test_processes_share_the_texts(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(
        ClassificationReader(), lambda count: numbered(tmp_path, count), lambda instance: content(instance)[0]
    )


def test_no_more_instances_than_asked_for(corpus: str) -> None:
    assert len(read(Path(corpus), max_instances=3)) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize(("name", "texts"), [("trec", 4952), ("polarity", 8530), ("hotel_zh", 6213)])
def test_reads_the_shared_corpora(name: str, texts: int) -> None:
    assert sum(1 for _ in ClassificationReader()._documents(SHARED / f"{name}.train.jsonl.gz")) == texts
