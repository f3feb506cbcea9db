"""The corpus that was written for this project is as its README says."""

import re
from pathlib import Path

import pytest
from allennlp.data.dataset_readers.dataset_utils import bio_tags_to_spans, to_bioul
from fixture_readmes import readme_counts

FOLDER = Path(__file__).parents[3] / "fixtures" / "ner"
PARTS = ("train", "dev", "test")


def sentences(part: str) -> list[list[list[str]]]:
    blocks = (FOLDER / f"{part}.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert blocks[0] == "-DOCSTART- -X- O O"
    return [[line.split(" ") for line in block.split("\n")] for block in blocks[1:]]


@pytest.mark.parametrize("part", PARTS)
def test_counts_are_those_in_the_readme(part: str) -> None:
    given = sentences(part)
    spans = [bio_tags_to_spans([tag for *_, tag in sentence]) for sentence in given]
    types = [type_ for sentence in spans for type_, _ in sentence]
    assert readme_counts(FOLDER / f"{part}.txt") == {
        "sentences": len(given),
        "tokens": sum(map(len, given)),
        **{type_: types.count(type_) for type_ in ("PER", "LOC", "ORG", "MISC")},
        "entities": len(types),
        "sentences without one": spans.count([]),
    }


def test_no_sentence_occurs_twice() -> None:
    texts = [" ".join(word.lower() for word, *_ in sentence) for part in PARTS for sentence in sentences(part)]
    assert len(texts) == len(set(texts)) == 645


@pytest.mark.parametrize("part", PARTS)
def test_columns_and_tags_are_right(part: str) -> None:
    for sentence in sentences(part):
        assert {tuple(columns[1:3]) for columns in sentence} == {("-X-", "O")}
        assert all(word and not re.search(r"\s|^[\[\]]$", word) for word, *_ in sentence)
        # Raises where a tag is not allowed in BIO.
        to_bioul([tag for *_, tag in sentence], "BIO")
