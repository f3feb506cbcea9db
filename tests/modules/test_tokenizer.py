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
