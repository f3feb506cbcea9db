import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.tokenizers import Token

from elmo_tasks.tasks.srl.reader import SrlReader

Columns = Callable[[list[tuple[str, list[str]]]], str]
SHARED = Path(__file__).parents[4] / "shared" / "data" / "srl"


@pytest.fixture
def read(columns: Columns, tmp_path: Path) -> Callable[..., list[Instance]]:
    """What the reader makes of sentences with their predicates' cells."""

    def read(*sentences: tuple[str, list[str]], **options: Any) -> list[Instance]:
        path = tmp_path / "sentences.gold_conll"
        path.write_text(columns(list(sentences)), encoding="utf-8")
        return list(SrlReader(**options).read(path))

    return read


def content(instance: Instance) -> tuple[str, list[tuple[int, str]]]:
    """The words; and each predicate with its tags. The fields and the metadata must agree."""
    fields: Any = instance.fields
    metadata = fields["metadata"].metadata
    assert metadata["words"] == [token.text for token in fields["tokens"]]
    if metadata["predicates"]:
        assert [field.sequence_index for field in fields["predicates"]] == metadata["predicates"]
        assert [field.labels for field in fields["tags"]] == metadata["tags"]
    else:
        assert [field.sequence_index for field in fields["predicates"]] == [-1]
    tags = [" ".join(tags) for tags in metadata["tags"]]
    return " ".join(metadata["words"]), list(zip(metadata["predicates"], tags, strict=True))


def test_a_sentence_is_an_instance_with_all_its_predicates(read: Callable[..., list[Instance]]) -> None:
    one, other = read(
        ("He wants to leave it", ["(ARG0*) (V*) (ARG1* * *)", "(ARG0*) * * (V*) (ARG1*)"]), ("Good morning", [])
    )
    assert content(one) == (
        "He wants to leave it",
        [(1, "B-ARG0 B-V B-ARG1 I-ARG1 I-ARG1"), (3, "B-ARG0 O O B-V B-ARG1")],
    )
    assert content(other) == ("Good morning", [])


def test_the_predicate_is_one_token_though_it_has_several(read: Callable[..., list[Instance]]) -> None:
    (one, other) = read(("I picked up it", ["(ARG0*) (V* *) (ARG1*)"]), ("I picked it up", ["* (V*) * (C-V*)"]))
    assert content(one)[1] == [(1, "B-ARG0 B-V I-V B-ARG1")]
    assert content(other)[1] == [(1, "O B-V O B-C-V")]


def test_brackets_are_as_text_has_them(read: Callable[..., list[Instance]]) -> None:
    ((words, _),) = (content(one) for one in read(("-LRB- He left -RRB- -- and\\/or 'n' `` /.", [])))
    assert words == "( He left ) -- and/or 'n' \" ."


def test_a_sentence_can_be_read_without_knowing_its_predicates() -> None:
    tokens = [Token(word) for word in ("Ann", "left")]
    sought, given = SrlReader().text_to_instance(tokens), SrlReader().text_to_instance(tokens, [1])
    assert sought["metadata"]["predicates"] is None
    assert given["metadata"]["predicates"] == [1]
    assert "tags" not in sought.fields
    assert "tags" not in given.fields


@pytest.mark.parametrize("predicate", [-1, 2, True])
def test_a_predicate_must_be_a_token(predicate: int) -> None:
    with pytest.raises(ConfigurationError, match=f"predicate is {predicate}; it must be a whole number, 0 to 1"):
        SrlReader().text_to_instance([Token("Ann"), Token("left")], [predicate])


def test_long_sentences_may_be_left_out(
    read: Callable[..., list[Instance]], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    sentences = [("a b c", []), ("a b c d", []), ("a", [])]
    assert [content(one)[0] for one in read(*sentences, max_tokens=3)] == ["a b c", "a"]
    assert f"left out 1 sentences of more than 3 tokens: {tmp_path}" in caplog.text
    assert "line 5" in caplog.text
    assert len(read(*sentences)) == 3


@pytest.mark.parametrize("word", ["👩‍👩‍👧", "a\u00a0b", "\u200b", "שלום", "İ", "北京", "\ufeff", "x" * 500])
def test_words_of_all_kinds(read: Callable[..., list[Instance]], word: str, columns: Columns, tmp_path: Path) -> None:
    (instance,) = read(("placeholder runs", ["(ARG0*) (V*)"]))
    path = tmp_path / "strange"
    text = columns([("placeholder runs", ["(ARG0*) (V*)"])]).replace("placeholder", word)
    path.write_text(text, encoding="utf-8")
    (instance,) = SrlReader().read(path)
    assert content(instance)[0] == f"{word} runs"


def test_reads_compressed_files_and_folders(columns: Columns, tmp_path: Path) -> None:
    for name, words in (("b/2.gold_conll.gz", "two"), ("a/1.gold_conll.gz", "one")):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_bytes(gzip.compress(columns([(words, [])]).encode()))
    assert [content(one)[0] for one in SrlReader().read(tmp_path)] == ["one", "two"]


def test_a_mistake_is_named_with_its_line(columns: Columns, tmp_path: Path) -> None:
    path = tmp_path / "bad.gold_conll"
    path.write_text(columns([("Good", []), ("He left", ["(ARG0* (V*)"])]))
    with pytest.raises(ConfigurationError, match=r"bad\.gold_conll, line 4: .*column 11"):
        list(SrlReader().read(path))


def test_a_role_that_training_never_saw_has_a_place(read: Callable[..., list[Instance]]) -> None:
    known, strange = read(("He left", ["(ARG0*) (V*)"]), ("He left", ["(ARG7*) (V*)"]))
    vocab = Vocabulary.from_instances([known])
    strange.index_fields(vocab)
    assert "B-ARG7" in strange["metadata"]["tags"][0]


def test_each_instance_is_read_once_by_several_processes(corpus: str) -> None:
    reader = SrlReader()
    alone = [content(instance) for instance in reader.read(corpus)]
    loader = MultiProcessDataLoader(reader, corpus, batch_size=1, num_workers=2)
    assert sorted(content(instance) for instance in loader.iter_instances()) == sorted(alone)


@pytest.mark.parametrize("wrong", [0, "3", 1.5])
def test_parameters_are_checked(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_tokens is"):
        SrlReader(max_tokens=wrong)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus() -> None:
    instances = list(SrlReader(max_instances=200).read(SHARED / "ewt_propbank.dev.gold_conll.gz"))
    predicates = [len(content(instance)[1]) for instance in instances]
    assert (len(predicates), sum(predicates), predicates.count(0)) == (200, 793, 20)


@pytest.mark.parametrize(
    ("predicates", "tags", "message"),
    [
        (None, [["O", "B-V"]], r"tags of 1 predicates, and 0 predicates\."),
        ([1], [["O", "B-V"], ["B-V", "O"]], r"tags of 2 predicates, and 1 predicates\."),
        ([0], [["B-V"]], r"has 2 tokens, and 1 tags of predicate 0 \(counted from 0\)\."),
    ],
)
def test_tags_go_with_predicates(predicates: list[int] | None, tags: list[list[str]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SrlReader().text_to_instance([Token("Ann"), Token("left")], predicates, tags)
