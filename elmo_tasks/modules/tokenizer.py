"""spaCy's rules for splitting text into words, which need no downloaded model."""

import re
from functools import lru_cache

import spacy
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides
from spacy.tokenizer import Tokenizer as SpacyTokenizer

_SURROGATE = re.compile("[\ud800-\udfff]")


@Tokenizer.register("elmo_spacy_rules")
class SpacyRulesTokenizer(Tokenizer):
    """
    Words by spaCy's rules for a language. AllenNLP's own "spacy" tokenizer splits by the same rules, but loads a
    model for them (`en_core_web_sm`), which has to be downloaded. White space is never a token.

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
        spans = [
            (word.idx, word.idx + len(word))
            for word in self._split(_SURROGATE.sub("\ufffd", text))
            if not word.is_space
        ]
        return [Token(text[start:end], start, end) for start, end in spans]

    @overrides
    def _to_params(self) -> dict[str, str]:
        return {"type": "elmo_spacy_rules", "language": self._language}


@lru_cache
def _rules(language: str) -> SpacyTokenizer:
    try:
        return spacy.blank(language).tokenizer
    except ImportError as error:
        raise ConfigurationError(f'spaCy cannot split text of the language "{language}": {error}') from error
