"""spaCy's rules for splitting text into words, which need no downloaded model."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import spacy
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides
from spacy.tokenizer import Tokenizer as SpacyTokenizer

_LONGEST = 500
"""
spaCy takes affixes off a word one at a time and looks at all of it again each time, so 10,000 brackets in a row took
10 s: its work grows with the square of what stands between two white spaces, which is therefore cut after so many
characters. Words of ordinary text, links among them, are shorter.
"""

_CUT = re.compile(rf"(?<!\S)(?:\S{{{_LONGEST}}})+(?=\S)")
_SURROGATE = re.compile("[\ud800-\udfff]")


@Tokenizer.register("elmo_spacy_rules")
class SpacyRulesTokenizer(Tokenizer):
    """
    Words by spaCy's rules for a language. AllenNLP's own "spacy" tokenizer splits by the same rules, but loads a
    model for them (`en_core_web_sm`), which has to be downloaded. White space is never a token. What has more than 500
    characters without any white space is split in parts of 500, so that the time for a text grows with its length.

    A token knows where it stands: `text[token.idx:token.idx_end] == token.text`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        spaCy's code of the language; `"xx"` is for any.

    # Raises

    `ConfigurationError`
        If spaCy has no rules for the language, or they need a package that is not installed.

    Registered as a `Tokenizer` with name "elmo_spacy_rules".
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._split = _rules(language)

    @overrides
    def tokenize(self, text: str) -> list[Token]:
        # spaCy cannot read lone surrogates (of undecodable input); their stand-in is one character too.
        readable = _SURROGATE.sub("\ufffd", text)
        tokens = []
        for first, last in pairwise([0, *_cuts(text), len(text)]):
            for word in self._split(readable[first:last]):
                if not word.is_space:
                    start, end = first + word.idx, first + word.idx + len(word)
                    tokens.append(Token(text[start:end], start, end))
        return tokens

    @overrides
    def _to_params(self) -> dict[str, str]:
        return {"type": "elmo_spacy_rules", "language": self._language}


def _cuts(text: str) -> Iterator[int]:
    """Where what has more than `_LONGEST` characters without white space is cut."""
    for long in _CUT.finditer(text):
        yield from range(long.start() + _LONGEST, long.end() + 1, _LONGEST)


@lru_cache
def _rules(language: str) -> SpacyTokenizer:
    try:
        return spacy.blank(language).tokenizer
    except ImportError as error:
        raise ConfigurationError(f'spaCy cannot split text of the language "{language}": {error}') from error
