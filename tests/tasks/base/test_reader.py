"""What the tasks' readers share, in a reader of sentences and documents."""

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.fields import LabelField, ListField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.data.tokenizers import Token

from elmo_tasks.tasks.base.reader import (
    TextReader,
    all_good,
    bad_line,
    check_utf8,
    escaped_lines,
    good_ones,
    numbered_lines,
    warn_of,
)


class BadExample(ValueError):
    """As a task has one."""


@DatasetReader.register("test_documents")
class Documents(TextReader):
    """A document a line, its sentences separated by `|`."""

    def __init__(self, separator: str = "|", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.separator = separator

    def _read(self, file_path: Any) -> Iterator[Instance]:
        for _, line in self.shard_iterable(numbered_lines(file_path)):
            yield self.text_to_instance(line.decode())

    def text_to_instance(self, document: str) -> Instance:  # type: ignore[override]
        texts = [TextField([Token(word) for word in text.split()]) for text in document.split(self.separator)]
        return Instance({"title": texts[0], "sentences": ListField(texts[1:]), "label": LabelField("a")})


def test_instances_are_counted_and_not_what_gives_none(tmp_path: Path) -> None:
    class Even(Documents):
        def _read(self, file_path: Any) -> Iterator[Instance]:
            for number, instance in enumerate(super()._read(file_path)):
                if number % 2:
                    yield instance

    path = tmp_path / "documents.txt"
    path.write_text("".join(f"title{number}|sentence\n" for number in range(6)))
    titles = [instance["title"].tokens[0].text for instance in Even(max_instances=2).read(path)]
    assert titles == ["title1", "title3"]


def test_all_text_fields_get_the_indexers() -> None:
    indexer = SingleIdTokenIndexer(lowercase_tokens=True)
    reader = DatasetReader.by_name("test_documents")(token_indexers={"words": indexer})
    instance = reader.text_to_instance("A title|one sentence|and another")
    reader.apply_token_indexers(instance)
    sentences = instance["sentences"].field_list
    assert all(text.token_indexers == {"words": indexer} for text in (instance["title"], *sentences))
    assert len(sentences) == 2


def test_words_are_indexed_by_default() -> None:
    reader = Documents()
    instance = reader.text_to_instance("A title|one sentence")
    reader.apply_token_indexers(instance)
    assert list(instance["title"].token_indexers) == ["tokens"]


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_read_each_line_once(workers: int, tmp_path: Path) -> None:
    path = tmp_path / "documents.txt"
    path.write_text("".join(f"title{number}|sentence\n" for number in range(5)))
    loader = MultiProcessDataLoader(Documents(), str(path), batch_size=1, num_workers=workers)
    titles = [instance["title"].tokens[0].text for instance in loader.iter_instances()]
    assert sorted(titles) == [f"title{number}" for number in range(5)]
    assert len(list(Documents(max_instances=2).read(path))) == 2


@pytest.mark.parametrize("name", ["text", "text.gz"])
def test_lines_are_numbered(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"a\n\nb") if name.endswith(".gz") else b"a\n\nb")
    assert list(numbered_lines(path)) == [(1, b"a"), (2, b""), (3, b"b")]


def test_a_carriage_return_may_be_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"a\rb\r\r\nc\r\n\rd")
    assert list(numbered_lines(path)) == [(1, b"a"), (2, b"b"), (3, b"c"), (4, b""), (5, b"d")]
    assert list(numbered_lines(path, cr_ends=False)) == [(1, b"a\rb"), (2, b"c"), (3, b"\rd")]


def test_a_line_that_is_not_utf8_stays_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xff\n\xed\xa0\x80\n\xc3\xa9\n")
    first, surrogate, last = (line for _, line in escaped_lines(path))
    assert last == "é"
    check_utf8(last, ValueError)
    for line in (first, surrogate):
        with pytest.raises(ValueError, match="the text is not UTF-8; convert the file"):
            check_utf8(line, ValueError, "the text")


def test_a_bad_example_is_an_error_where_none_may_be() -> None:
    examples = all_good(["a", BadExample("line 2: no"), "b"], "x.txt")
    assert next(examples) == "a"
    with pytest.raises(BadExample, match=r"x\.txt, line 2: no\."):
        next(examples)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"a\n" * 10_000)[:-9])
    with pytest.raises(ConfigurationError, match=r"text\.gz, after line \d+: this is not gzip, or is damaged"):
        list(numbered_lines(path))


def test_a_bad_line_is_named() -> None:
    assert "corpus.txt, line 3: there is no tag." in str(bad_line("corpus.txt", 3, "there is no tag"))


def test_of_many_the_first_are_named_loudly(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        warn_of("skipped no lines", [])
        warn_of("skipped 2 lines", ["line 3", "line 7"])
        warn_of("skipped 12 lines", [f"line {number}" for number in range(12)])
    loud = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert loud[0] == "skipped 2 lines: line 3; line 7"
    assert loud[1].endswith("line 8; line 9; and 2 more")
    assert len(loud) == 2
    less_loud = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert less_loud == ["skipped 12 lines, also: line 10", "skipped 12 lines, also: line 11"]


def test_bad_examples_are_raised_or_skipped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    examples = ["a", ValueError("line 2: no"), "b", ValueError("line 4: nor this")]
    with pytest.raises(
        ConfigurationError, match=r"^file, line 2: no \(skip_bad_lines: true leaves such texts out\)\.$"
    ):
        list(good_ones(examples, "file", "text", skip_bad_lines=False))
    assert list(good_ones(examples, "file", "text", skip_bad_lines=True)) == ["a", "b"]
    assert "file: skipped 2 bad texts: line 2: no; line 4: nor this" in caplog.text


def test_what_was_skipped_is_told_where_the_reading_ends_early(caplog: pytest.LogCaptureFixture) -> None:
    examples = good_ones([ValueError("line 1: no"), "a", "b"], "file", "text", skip_bad_lines=True)
    assert next(examples) == "a"
    examples.close()
    assert "file: skipped 1 bad texts" in caplog.text


@pytest.mark.parametrize("examples", [[], [ValueError("line 1: no")]])
def test_a_file_without_a_good_example_is_named(examples: list[ValueError]) -> None:
    with pytest.raises(ConfigurationError, match=r"^file: there is no text here\.$"):
        list(good_ones(examples, "file", "text", skip_bad_lines=True))
