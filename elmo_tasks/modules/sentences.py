"""Sentences of a text that has none marked."""

import re
from collections.abc import Sequence
from functools import lru_cache

import spacy
from allennlp.data.tokenizers import Token
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc
from spacy.vocab import Vocab

_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINE = re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)")


def split_sentences(tokens: Sequence[Token], text: str) -> list[list[Token]]:
    """
    A text's sentences by spaCy's rule, which needs no downloaded model: one ends after a full stop, a question mark or
    another such sign of any script, and the punctuation behind it. A blank line ends one too.

    # Parameters

    tokens : `Sequence[Token]`
        With their places in the text (`idx`).
    text : `str`

    # Returns

    `list[list[Token]]`
        None where there is no token.
    """
    if not tokens:
        return []
    # spaCy cannot read lone surrogates.
    words = [_SURROGATE.sub("\ufffd", str(token.text)) for token in tokens]
    doc = Sentencizer()(Doc(_vocabulary(), words=words))
    sentences: list[list[Token]] = []
    end = 0
    for token, spacy_token in zip(tokens, doc, strict=True):
        assert token.idx is not None
        if not sentences or spacy_token.is_sent_start or _BLANK_LINE.search(text, end, token.idx):
            sentences.append([])
        sentences[-1].append(token)
        end = token.idx + len(str(token.text))
    return sentences


@lru_cache
def _vocabulary() -> Vocab:
    """One that knows which words are punctuation, in any language."""
    return spacy.blank("xx").vocab
