import pytest
from allennlp.data.tokenizers import Token, WhitespaceTokenizer
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.modules import ChineseCharacterTokenizer, SpacyRulesTokenizer
from elmo_tasks.tasks.translation.joining import JOINER, with_joiners, without_joiners

GERMAN = SpacyRulesTokenizer("de")


def test_a_joiner_stands_where_there_is_no_white_space() -> None:
    tokens = list(with_joiners(GERMAN.tokenize("„Ja“, sagt sie (leise).")))
    assert " ".join(tokens) == "„ ￭ Ja ￭ “ ￭ , sagt sie ( ￭ leise ￭ ) ￭ ."


def test_tokens_without_places_had_white_space_between_them() -> None:
    tokens = list(with_joiners(WhitespaceTokenizer().tokenize("ein haus .")))
    assert tokens == ["ein", "haus", "."]
    assert without_joiners(tokens) == "ein haus ."


@pytest.mark.parametrize(
    "text",
    ["", "İstanbul'da!", "我不喜欢吃苹果。", "שלום, עולם", "👩‍👩‍👧😀 x", "a\u200bb", "é" * 250 + ".", "3,5 % (oder 4)"],
)
@pytest.mark.parametrize("tokenizer", [GERMAN, ChineseCharacterTokenizer()])
def test_text_comes_back(text: str, tokenizer: SpacyRulesTokenizer | ChineseCharacterTokenizer) -> None:
    assert without_joiners(with_joiners(tokenizer.tokenize(text))) == text


@given(st.text(st.characters(exclude_characters=JOINER, exclude_categories=["Cs"])))
def test_any_text_comes_back_but_for_its_white_space(text: str) -> None:
    written = without_joiners(with_joiners(ChineseCharacterTokenizer().tokenize(text)))
    assert written == " ".join(text.split())


def test_joiners_that_join_nothing_are_not_written() -> None:
    assert without_joiners([JOINER, "a", JOINER, JOINER, "b", "c", JOINER]) == "ab c"
    assert list(with_joiners([Token("a", 0, 1), Token("b", 1, 2), Token("c")])) == ["a", JOINER, "b", "c"]
