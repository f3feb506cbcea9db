"""
Chinese text as tokens: its characters, or words by jieba's dictionary.

A biLM must be given the tokens that it was trained on: characters, or words by the same dictionary.
"""

import logging
import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_flag

_HAN = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d"
_ACCENTS = "\u0300-\u036f"
# A character of Chinese or Japanese; a run of other letters and digits; any other sign.
_CHARACTERS = re.compile(rf"[{_HAN}{_KANA}]|(?:[^\W{_HAN}{_KANA}]|[{_ACCENTS}])+|\S")


@Tokenizer.register("elmo_chinese_characters")
class ChineseCharacterTokenizer(Tokenizer):
    """
    Each Chinese character is a token, and so is each sign; runs of other letters and digits stay whole: 住了2晚wifi is
    住 了 2 晚 wifi. Japanese kana are taken one by one too. White space is never a token, and nothing else is left out.

    A token knows where it stands: `text[token.idx:token.idx_end] == token.text`.

    Registered as a `Tokenizer` with name "elmo_chinese_characters".
    """

    @overrides
    def tokenize(self, text: str) -> list[Token]:
        return [Token(found.group(), found.start(), found.end()) for found in _CHARACTERS.finditer(text)]

    @overrides
    def _to_params(self) -> dict[str, Any]:
        return {"type": "elmo_chinese_characters"}


@Tokenizer.register("elmo_jieba")
class JiebaTokenizer(Tokenizer):
    """
    Words as jieba, an optional package, segments Chinese text by its dictionary. White space is never a token, and
    nothing else is left out. jieba takes seconds to load its dictionary the first time and then keeps it in the
    system's folder for temporary files.

    A token knows where it stands: `text[token.idx:token.idx_end] == token.text`.

    # Parameters

    hmm : `bool`, optional (default = `False`)
        Whether jieba's hidden Markov model guesses words that are not in the dictionary.

    # Raises

    `ConfigurationError`
        If jieba is not installed.

    Registered as a `Tokenizer` with name "elmo_jieba".
    """

    def __init__(self, hmm: bool = False) -> None:
        check_flag(ConfigurationError, hmm=hmm)
        self._hmm = hmm
        _jieba()

    @overrides
    def tokenize(self, text: str) -> list[Token]:
        words: Iterable[tuple[str, int, int]] = _jieba().tokenize(text, HMM=self._hmm)
        return [Token(word, start, end) for word, start, end in words if not word.isspace()]

    @overrides
    def _to_params(self) -> dict[str, Any]:
        return {"type": "elmo_jieba", "hmm": self._hmm}


@lru_cache
def _jieba() -> Any:
    try:
        with warnings.catch_warnings():
            # Python warns of the spelling of its regular expressions.
            warnings.simplefilter("ignore")
            jieba = import_module("jieba")
    except ModuleNotFoundError as error:
        if error.name != "jieba":
            raise
        raise ConfigurationError(
            'The tokenizer "elmo_jieba" needs jieba, which is not installed: pip install "jieba>=0.42.1".'
        ) from None
    jieba.setLogLevel(logging.WARNING)
    return jieba
