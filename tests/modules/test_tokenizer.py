import pickle

import pytest
import spacy
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer

TOKENIZER = SpacyRulesTokenizer()


@settings(max_examples=50)
@given(st.text())
def test_tokens_are_where_they_say(text: str) -> None:
    tokens = TOKENIZER.tokenize(text)
    assert [text[token.idx : token.idx_end] for token in tokens] == [token.text for token in tokens]
    # Nothing but white space is left out.
    assert "".join(token.text for token in tokens) == "".join("".join(text).split()) or any(
        character.isspace() for token in tokens for character in token.text
    )


def test_splits_by_spacy_rules() -> None:
    text = "Don't cross the U.S. border,  says\tOuarzazate's mayor (aged 61)."
    expected = [word.text for word in spacy.blank("en")(text) if not word.is_space]
    assert [token.text for token in TOKENIZER.tokenize(text)] == expected
    assert expected[:2] == ["Do", "n't"]
    assert "U.S." in expected


@pytest.mark.parametrize("text", ["", " ", "\n\t\u00a0\u2028"])
def test_nothing_but_white_space_has_no_tokens(text: str) -> None:
    assert TOKENIZER.tokenize(text) == []


def test_lone_surrogates_are_kept() -> None:
    assert [token.text for token in TOKENIZER.tokenize("see \ud83d now")] == ["see", "\ud83d", "now"]


def test_another_language_from_a_config() -> None:
    tokenizer = Tokenizer.from_params(Params({"type": "elmo_spacy_rules", "language": "tr"}))
    assert [token.text for token in tokenizer.tokenize("İstanbul'a gitti.")] == ["İstanbul'a", "gitti", "."]
    again = Tokenizer.from_params(tokenizer.to_params())
    assert [token.text for token in again.tokenize("İstanbul'a gitti.")] == ["İstanbul'a", "gitti", "."]


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(ConfigurationError, match='language "zz"'):
        SpacyRulesTokenizer("zz")


def test_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(TOKENIZER))
    assert [token.text for token in copy.tokenize("a b")] == ["a", "b"]


SPACY = spacy.blank("en")
ORDINARY = [
    "https://example.org/a_b?c=d&e=(f) or mail ada@example.org!",
    '"Well..." (he said) -- "I\'ve paid $5.00/kg, 10km away; can\'t you?"',
    "-" * 80 + " " + "." * 120 + " " + "=" * 100 + "\n" + "x" * 499 + " " + "y" * 500,
]


@pytest.mark.parametrize("text", [*ORDINARY, " ".join(ORDINARY * 40)])
def test_ordinary_text_is_spacys(text: str) -> None:
    assert [token.text for token in TOKENIZER.tokenize(text)] == [w.text for w in SPACY(text) if not w.is_space]


@settings(max_examples=100)
@given(st.text(max_size=300) | st.text("ab'\".,()-$9 \n", max_size=300))
def test_random_text_is_spacys(text: str) -> None:
    text = text.encode(errors="ignore").decode()
    assert [token.text for token in TOKENIZER.tokenize(text)] == [w.text for w in SPACY(text) if not w.is_space]


@pytest.mark.parametrize("piece", ["(", '"', ")]", "'s", "\ud800", "x"])
@pytest.mark.parametrize("length", [499, 500, 501, 1000, 1001, 10_000])
def test_the_rules_are_never_given_more_than_500_characters_without_white_space(piece: str, length: int) -> None:
    text = "See " + (piece * length)[:length] + " there, Ada."
    tokenizer, given = SpacyRulesTokenizer(), []
    split = tokenizer._split
    tokenizer._split = lambda part: given.append(part) or split(part)  # type: ignore[assignment, func-returns-value]
    tokens = tokenizer.tokenize(text)
    assert max(len(word) for part in given for word in part.split()) == min(length, 500)
    assert len(given) <= 1 + length // 500
    assert "".join(given) == text.replace("\ud800", "\ufffd")
    assert [text[token.idx : token.idx_end] for token in tokens] == [token.text for token in tokens]
    assert "".join(token.text for token in tokens) == text.replace(" ", "")
    assert [token.text for token in tokens[:1] + tokens[-4:]] == ["See", "there", ",", "Ada", "."]
