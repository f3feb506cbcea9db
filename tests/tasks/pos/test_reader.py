import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.tasks.pos.reader import ConlluReader

# A document of three sentences, as UD's annotation guidelines have them: a token of two words, an empty node.
TEXT = """\
# newdoc id = letters
# sent_id = 1
# text = I don't know.
1	I	I	PRON	PRP	Case=Nom	4	nsubj	_	_
2-3	don't	_	_	_	_	_	_	_	SpaceAfter=No
2	do	do	AUX	VBP	_	4	aux	_	_
3	n't	not	PART	RB	Polarity=Neg	4	advmod	_	_
4	know	know	VERB	VB	VerbForm=Inf	0	root	_	SpaceAfter=No
5	.	.	PUNCT	.	_	4	punct	_	_

# sent_id = 2
# text = Ada likes tea and Edit coffee
1	Ada	Ada	PROPN	NNP	_	2	nsubj	2:nsubj	_
2	likes	like	VERB	VBZ	_	0	root	0:root	_
3	tea	tea	NOUN	NN	_	2	obj	2:obj	_
4	and	and	CCONJ	CC	_	5	cc	5.1:cc	_
5	Edit	Edit	PROPN	NNP	_	2	conj	5.1:nsubj	_
5.1	likes	like	VERB	VBZ	_	_	_	2:conj	_
6	coffee	coffee	NOUN	NN	_	5	orphan	5.1:obj	_

# sent_id = 3
1	New York	New York	PROPN	NNP	_	0	root	_	_
"""
SENTENCES = [
    (["I", "do", "n't", "know", "."], ["PRON", "AUX", "PART", "VERB", "PUNCT"]),
    (["Ada", "likes", "tea", "and", "Edit", "coffee"], ["PROPN", "VERB", "NOUN", "CCONJ", "PROPN", "NOUN"]),
    (["New York"], ["PROPN"]),
]
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "pos"


def row(*columns: str) -> str:
    """A word's line: its number, form, lemma, part of speech, and nothing more."""
    return "\t".join([*columns, *"_" * (10 - len(columns))]) + "\n"


def write(folder: Path, text: str | bytes, name: str = "corpus.conllu") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path, **options: Any) -> list[tuple[list[str], list[str]]]:
    instances = list(ConlluReader(**options).read(path))
    for instance in instances:
        assert [token.text for token in instance["tokens"]] == instance["metadata"]["words"]
        assert instance["tags"].labels == instance["metadata"]["tags"]
    return [(instance["metadata"]["words"], instance["metadata"]["tags"]) for instance in instances]


def test_reads_words_and_leaves_out_all_else(tmp_path: Path) -> None:
    assert read(write(tmp_path, TEXT)) == SENTENCES


@pytest.mark.parametrize(
    ("column", "tags"),
    [
        ("xpos", ["PRP", "VBP", "RB", "VB", "."]),
        ("feats", ["Case=Nom", "_", "Polarity=Neg", "VerbForm=Inf", "_"]),
        ("deprel", ["nsubj", "aux", "advmod", "root", "punct"]),
    ],
)
def test_other_columns_can_be_the_tags(tmp_path: Path, column: str, tags: list[str]) -> None:
    assert read(write(tmp_path, TEXT), tag_column=column)[0] == (SENTENCES[0][0], tags)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\r\r\n"])
def test_any_line_ends(tmp_path: Path, end: str) -> None:
    assert read(write(tmp_path, TEXT.replace("\n", end))) == SENTENCES


def test_compressed_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read(write(tmp_path, gzip.compress(TEXT.encode("utf-8-sig")), "corpus.conllu.gz")) == SENTENCES


def test_blank_lines_may_be_several_and_have_blanks(tmp_path: Path) -> None:
    assert read(write(tmp_path, f"\n{TEXT}".replace("\n\n", "\n \n\t\n\n"))) == SENTENCES


@pytest.mark.parametrize(
    "word", ["a\u00a0b", "\u200b", "\u2028", "👩‍👩‍👧", "İş", "שלום", "猫", "x" * 500, "#", "_", "1-2"]
)
def test_strange_words(tmp_path: Path, word: str) -> None:
    assert read(write(tmp_path, row("1", word, "_", "X"))) == [([word], ["X"])]


fields = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.lists(st.tuples(fields, fields), min_size=1, max_size=4), min_size=1, max_size=3))
def test_reads_what_was_written(tmp_path_factory: pytest.TempPathFactory, corpus: list[list[tuple[str, str]]]) -> None:
    corpus[0].append(("tagged", "X"))
    text = "\n".join(
        "".join(row(str(number), word, "_", tag) for number, (word, tag) in enumerate(sentence, 1))
        for sentence in corpus
    )
    expected = [([word for word, _ in sentence], [tag for _, tag in sentence]) for sentence in corpus]
    assert read(write(tmp_path_factory.mktemp("corpus"), text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (row("1", "a", "_", "X") + "2 b _ X _ _ _ _ _ _\n", r"corpus\.conllu, line 2: 1 columns; CoNLL-U has 10, sepa"),
        ("# text = a\n" + row("1", "a", "_", "X")[:-3] + "\n", r"line 2: 9 columns"),
        (row("1", "a", "_", "X", "_", "_", "_", "_", "_", "_", "_"), r"line 1: 11 columns"),
        (row("1", "", "_", "X"), r'line 1: form is empty; "_" stands for nothing'),
        (row("1", "a", "_", ""), r"line 1: upos is empty"),
        (row("1", "a", "_", "X") + row("3", "b", "_", "X"), r'line 2: the id is "3", and should be 2'),
        (row("1", "a", "_", "X") + row("1", "b", "_", "X"), r'line 2: the id is "1", .* a blank line ends a sentence'),
        (row("9" * 9000, "a", "_", "X"), r'line 1: the id is "9{20}", and should be 1'),
        (row("1-x", "a", "_", "X"), r'line 1: the id is "1-x"'),
        (row("\uff11", "a", "_", "X"), 'line 1: the id is "\uff11"'),
        (b"1\tK\xf6ln" + b"\t_" * 8 + b"\n", r"corpus\.conllu, line 1: this is not UTF-8"),
        ("", r"corpus\.conllu: there is no sentence"),
        ("# sent_id = 1\n\n1-2\ta" + "\t_" * 8 + "\n", r"corpus\.conllu: there is no sentence"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(write(tmp_path, text))


@pytest.mark.parametrize("column", ["lemma", "UPOS", 3, ["upos"]])
def test_the_column_is_checked(column: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"tag_column is .*; it must be one of upos, xpos, feats, deprel"):
        ConlluReader(tag_column=column)


def test_words_may_have_no_tags(tmp_path: Path) -> None:
    path = write(tmp_path, row("1", "a") + row("2", "b") + "\n" + row("1", "c"))
    with pytest.raises(
        ConfigurationError, match=r'corpus\.conllu: no word has a upos here, only "_"; set tag_column to'
    ):
        next(iter(ConlluReader().read(path)))
    instances = list(ConlluReader(tag_column=None).read(path))
    assert [instance["metadata"].metadata for instance in instances] == [{"words": ["a", "b"]}, {"words": ["c"]}]
    # One tag is enough for "nothing" to be one.
    assert read(write(tmp_path, row("1", "a") + row("2", "b", "_", "X"))) == [(["a", "b"], ["_", "X"])]


def test_tags_are_not_read_where_none_are_asked_for(tmp_path: Path) -> None:
    instances = list(ConlluReader(tag_column=None).read(write(tmp_path, TEXT)))
    assert [instance["metadata"].metadata for instance in instances] == [{"words": words} for words, _ in SENTENCES]


def test_without_tags() -> None:
    instance = ConlluReader().text_to_instance([Token("a")])
    assert "tags" not in instance
    assert instance["metadata"].metadata == {"words": ["a"]}


def test_processes_share_the_sentences(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(
        ConlluReader(),
        lambda count: write(tmp_path, "\n".join(row("1", str(number), "_", "X") for number in range(count))),
        lambda instance: instance["metadata"]["words"][0],
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
def test_reads_turkish_words_that_are_parts_of_tokens() -> None:
    """IMST, of which one in a hundred tokens is made of several words."""
    sentences = read(SHARED / "tr_imst-ud-dev.conllu.gz")
    assert (len(sentences), sum(len(words) for words, _ in sentences)) == (1100, 10542)
