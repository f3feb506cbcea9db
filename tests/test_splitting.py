"""What is not seen through the tokenizer `elmo_spacy_rules`, see tests/modules."""

import sys

import pytest

from elmo_tasks.splitting import SplittingError, Word, split_sentences, split_words, word_rules


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ada didn't go.  Bo did!", [["Ada", "did", "n't", "go", "."], ["Bo", "did", "!"]]),
        (
            'Ada left. "Where is she?" Bo asked.',
            [["Ada", "left", "."], ['"', "Where", "is", "she", "?", '"'], ["Bo", "asked", "."]],
        ),
        (
            "He left. (It rained.) “No!” [1]",
            [["He", "left", "."], ["(", "It", "rained", ".", ")"], ["“", "No", "!", "”"], ["[", "1", "]"]],
        ),
        ('One. "(Two)', [["One", "."], ['"', "(", "Two", ")"]]),
        ('"One." " Two', [['"', "One", ".", '"', '"'], ["Two"]]),
        ("Un. «Deux.» ¿Tres?", [["Un", "."], ["«", "Deux", ".", "»"], ["¿", "Tres", "?"]]),
        ("Oh. (\n\nNo", [["Oh", ".", "("], ["No"]]),
        ("A title\n\nA text\nin lines", [["A", "title"], ["A", "text", "in", "lines"]]),
        ("\ufeffÇa va ? \U0001f600", [["\ufeffÇa", "va", "?"], ["\U0001f600"]]),
        ("see \ud83d now", [["see", "\ud83d", "now"]]),
        (" \n\u00a0", []),
        ("", []),
    ],
)
def test_sentences_of_words(text: str, sentences: list[list[str]]) -> None:
    assert split_sentences(text, word_rules("en")) == sentences


def test_words_know_their_places() -> None:
    assert list(split_words(" It's", word_rules("en"))) == [Word("It", 1, 3), Word("'s", 3, 5)]


def test_without_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(SplittingError, match="spaCy is needed: pip install spacy"):
        word_rules.__wrapped__("en")
