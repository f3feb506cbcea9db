import gzip
import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Vocabulary
from allennlp.data.dataset_readers.conll2003 import Conll2003DatasetReader
from allennlp.data.tokenizers import Token
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.tasks.base.schemes import convert
from elmo_tasks.tasks.ner.reader import Conll2003Reader

IOB1 = """\
-DOCSTART- -X- O O

Mad NNP B-NP I-ORG
Capsule NNP I-NP I-ORG
Markets NNP I-NP B-ORG
left VBD B-VP O
Oslo NNP B-NP I-LOC

-DOCSTART- -X- O O

It PRP B-NP O
rained VBD B-VP O
"""
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "ner"


def write(folder: Path, text: str | bytes, name: str = "corpus.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path, **options: Any) -> list[tuple[list[str], list[str]]]:
    return [words_and_tags(instance) for instance in Conll2003Reader(**options).read(path)]


def words_and_tags(instance: Instance) -> tuple[list[str], list[str]]:
    assert [token.text for token in instance["tokens"]] == instance["metadata"]["words"]
    assert instance["tags"].labels == instance["metadata"]["tags"]
    return instance["metadata"]["words"], instance["metadata"]["tags"]


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-ORG I-ORG B-ORG O I-LOC"),
        ("BIO", "B-ORG I-ORG B-ORG O B-LOC"),
        ("BIOUL", "B-ORG L-ORG U-ORG O U-LOC"),
    ],
)
def test_gives_the_tags_in_the_scheme_asked_for(tmp_path: Path, scheme: str, tags: str) -> None:
    first, second = read(write(tmp_path, IOB1), coding_scheme=scheme)
    assert first == (["Mad", "Capsule", "Markets", "left", "Oslo"], tags.split())
    assert second == (["It", "rained"], ["O", "O"])


def test_reads_what_the_stock_reader_reads(tmp_path: Path) -> None:
    path = write(tmp_path, IOB1)
    stock = Conll2003DatasetReader(convert_to_coding_scheme="BIOUL").read(path)
    assert read(path) == [([t.text for t in sentence["tokens"]], sentence["tags"].labels) for sentence in stock]


def test_iob1_and_bio_files_with_the_same_spans_are_the_same(tmp_path: Path) -> None:
    bio = IOB1.replace("Mad NNP B-NP I-", "Mad NNP B-NP B-").replace("Oslo NNP B-NP I-", "Oslo NNP B-NP B-")
    assert bio != IOB1
    assert read(write(tmp_path, bio, "bio")) == read(write(tmp_path, IOB1, "iob1"))


def test_an_i_that_continues_nothing_begins_a_span_as_in_conlleval(tmp_path: Path) -> None:
    path = write(tmp_path, "a B-PER\nb I-LOC\nc O\nd I-PER\ne I-PER\n")
    assert read(path, coding_scheme="BIO")[0][1] == ["B-PER", "B-LOC", "O", "B-PER", "I-PER"]


@pytest.mark.parametrize(
    ("column", "scheme", "tags"),
    [
        ("ner", "IOB1", "I-ORG I-ORG B-ORG O I-LOC"),
        (3, "IOB1", "I-ORG I-ORG B-ORG O I-LOC"),
        ("chunk", "BIO", "B-NP I-NP I-NP B-VP B-NP"),
        (-2, "BIO", "B-NP I-NP I-NP B-VP B-NP"),
        ("pos", None, "NNP NNP NNP VBD NNP"),
    ],
)
def test_any_column_can_be_the_tags(tmp_path: Path, column: str | int, scheme: str | None, tags: str) -> None:
    assert read(write(tmp_path, IOB1), tag_column=column, coding_scheme=scheme)[0][1] == tags.split()


@pytest.mark.parametrize("separator", [" ", "\t", "  ", " \t "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_two_columns_however_separated(tmp_path: Path, separator: str, end: str) -> None:
    path = write(tmp_path, end.join([f"Oslo{separator}B-LOC", f"rains{separator}O ", "", " ", f"So{separator}O"]))
    assert read(path) == [(["Oslo", "rains"], ["U-LOC", "O"]), (["So"], ["O"])]


@pytest.mark.parametrize("word", ["a\u00a0b", "\u2028", "\u3000", "\x1c", "\x0b", "\ufeff", "👩‍👩‍👧", "İ"])
def test_other_white_space_stays_inside_words(tmp_path: Path, word: str) -> None:
    assert read(write(tmp_path, f"x O\n{word} O\n")) == [(["x", word], ["O", "O"])]


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    assert read(write(tmp_path, "\ufeffOslo B-LOC\n"))[0][0] == ["Oslo"]


def test_reads_gzip(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(IOB1.encode()), "corpus.txt.gz")
    assert read(path) == read(write(tmp_path, IOB1))


words = st.text(st.characters(exclude_characters=" \t\r\n", exclude_categories=["Cs"]), min_size=1).filter(
    lambda word: word != "-DOCSTART-" and not word.startswith("\ufeff")
)
tags = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])


@given(st.lists(st.lists(st.tuples(words, tags), min_size=1, max_size=5), min_size=1, max_size=4))
def test_reads_what_was_written(tmp_path_factory: pytest.TempPathFactory, corpus: list[list[tuple[str, str]]]) -> None:
    text = "\n".join("".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in corpus)
    path = write(tmp_path_factory.mktemp("corpus"), text)
    expected = [([word for word, _ in pairs], convert([tag for _, tag in pairs], "BIOUL")) for pairs in corpus]
    assert read(path) == expected


def test_streams(tmp_path: Path) -> None:
    # The mistake in line 4 is not yet read when the first sentence is given.
    path = write(tmp_path, "a O\n\nb O\nc\n")
    sentences = Conll2003Reader()._read(path)
    assert [words_and_tags(instance)[0] for instance in islice(sentences, 1)] == [["a"]]
    with pytest.raises(ConfigurationError, match="line 4"):
        list(sentences)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a O\nb O\nc\n", {}, r'corpus\.txt, line 3: .*only "c"'),
        ("a X O\nb O\n", {}, r"corpus\.txt, line 2: 2 columns, but line 1 has 3"),
        ("-DOCSTART- O\n\na X O\n\nb X X O\n", {}, r"line 5: 4 columns, but line 3 has 3"),
        ("a O\n\nb PER\n", {}, r'corpus\.txt, line 3: the tag "PER" marks no span'),
        ("a O\nb X-PER\n", {}, r'line 2: the tag "X-PER"'),
        ("a NN\n", {}, r"line 1: .*coding_scheme to null"),
        ("O a\n", {"word_column": 1}, r"line 1: words and tags would be of one column; see tag_column"),
        ("a O\n", {"word_column": 2}, r"line 1: there is no column 2 here, of 2; see word_column"),
        ("a O\n", {"tag_column": "chunk"}, r"line 1: there is no column 2 here, of 2; see tag_column"),
        (b"a O\nK\xf6ln B-LOC\n", {}, r"corpus\.txt, line 2: this is not UTF-8"),
        ("", {}, r"corpus\.txt: there is no sentence"),
        ("-DOCSTART- O\n\n\n", {}, r"corpus\.txt: there is no sentence"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(write(tmp_path, text), **options)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no gzip at all"])
def test_a_damaged_gzip_file_is_named(tmp_path: Path, damage: Any) -> None:
    data = gzip.compress("".join(f"word{number} O\n\n" for number in range(1000)).encode())
    path = write(tmp_path, damage(data), "corpus.txt.gz")
    with pytest.raises(ConfigurationError, match=r"corpus\.txt\.gz, after line \d+: this is not gzip, or is damaged"):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(
    "options",
    [
        {"coding_scheme": "BILOU"},
        {"tag_column": "lemma"},
        {"tag_column": 0},
        {"tag_column": True},
        {"tag_column": ["ner"]},
        {"tag_column": 3, "word_column": 3},
        {"word_column": -1},
        {"word_column": "form"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Conll2003Reader(**options)


def test_a_tag_unseen_in_training_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    reader = DatasetReader.from_params(Params({"type": "elmo_conll2003", "coding_scheme": "BIO"}))
    known = reader.text_to_instance([Token("a"), Token("b"), Token("c")], ["O", "O", "B-PER"])
    reader.apply_token_indexers(known)
    vocab = Vocabulary.from_instances([known])
    unseen = reader.text_to_instance([Token("Oslo"), Token("a"), Token("d")], ["B-FJORD", "O", "B-PER"])
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            unseen["tags"].index(vocab)
    assert caplog.text.count("B-FJORD") == 1
    field = unseen["tags"]
    assert field.as_tensor(field.get_padding_lengths()).tolist() == [0, 0, 1]


def test_words_may_stand_in_another_column(tmp_path: Path) -> None:
    path = write(tmp_path, "1 Ada B-PER\n2 sings O\n")
    assert read(path, word_column=1) == [(["Ada", "sings"], ["U-PER", "O"])]


@pytest.mark.parametrize(("text", "column"), [("Ada\nsings\n\nSo\n", 0), ("1 Ada\n2 sings\n\n1 So\n", 1)])
def test_words_need_no_tags_where_none_are_read(tmp_path: Path, text: str, column: int) -> None:
    instances = list(Conll2003Reader(tag_column=None, word_column=column).read(write(tmp_path, text)))
    assert [instance["metadata"].metadata for instance in instances] == [{"words": ["Ada", "sings"]}, {"words": ["So"]}]
    assert not any("tags" in instance for instance in instances)


def test_without_tags() -> None:
    instance = Conll2003Reader().text_to_instance([Token("a")])
    assert "tags" not in instance
    assert instance["metadata"].metadata == {"words": ["a"]}


def test_processes_share_the_sentences(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(
        Conll2003Reader(),
        lambda count: write(tmp_path, "".join(f"{number} O\n\n" for number in range(count))),
        lambda instance: words_and_tags(instance)[0][0],
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize(
    ("name", "sentences"),
    [("wnut17.train", 3394), ("wnut17.dev", 1009), ("wikigold.train", 1187), ("wikigold.dev", 254)],
)
def test_reads_the_shared_corpora(name: str, sentences: int) -> None:
    assert len(read(SHARED / f"{name}.txt")) == sentences
