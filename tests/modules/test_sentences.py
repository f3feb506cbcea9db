from itertools import chain

import pytest
from allennlp.data.tokenizers import Token
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.modules.sentences import split_sentences
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer

TOKENIZER = SpacyRulesTokenizer()


def split(text: str) -> list[str]:
    sentences = split_sentences(TOKENIZER.tokenize(text), text)
    return [" ".join(str(token) for token in sentence) for sentence in sentences]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ada slept. Bo did not!", ["Ada slept .", "Bo did not !"]),
        ("(Why?) Well...", ["( Why ? )", "Well ..."]),
        ("A title\n\nA text\nin lines", ["A title", "A text in lines"]),
        ("A title\r\n \t\r\nA text", ["A title", "A text"]),
        ("Mr. Lund paid 3.5 euros.", ["Mr. Lund paid 3.5 euros ."]),
        ("北京 。 上海 。", ["北京 。", "上海 。"]),
        ("क्या ? हाँ ।", ["क्या ?", "हाँ ।"]),
        ("\ud83d. Yes.", ["\ud83d .", "Yes ."]),
        (" \n ", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@settings(max_examples=100)
@given(st.text(alphabet="ab. ?!\n\r\u200b\u0130\U0001f600", max_size=40))
def test_no_token_is_lost(text: str) -> None:
    tokens = TOKENIZER.tokenize(text)
    sentences = split_sentences(tokens, text)
    assert list(chain(*sentences)) == tokens
    assert all(sentences)


def test_of_words_a_sentence_ends_likewise() -> None:
    words = [Token("Yes", 0), Token(".", 4), Token("No", 6)]
    assert split_sentences(words, "Yes . No") == [words[:2], words[2:]]
