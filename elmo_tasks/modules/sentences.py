"""Sentences of a text that has none marked."""

from collections.abc import Sequence
from itertools import pairwise

from allennlp.data.tokenizers import Token

from elmo_tasks.splitting import Word, sentence_starts


def split_sentences(tokens: Sequence[Token], text: str) -> list[list[Token]]:
    """
    A text's sentences by spaCy's rule, see `sentence_starts`.

    # Parameters

    tokens : `Sequence[Token]`
        With their places in the text (`idx`).
    text : `str`

    # Returns

    `list[list[Token]]`
        None where there is no token.
    """
    words = [_word(token) for token in tokens]
    return [list(tokens[start:end]) for start, end in pairwise([*sentence_starts(words, text), len(words)])]


def _word(token: Token) -> Word:
    text, start = str(token.text), token.idx
    assert start is not None
    return Word(text, start, start + len(text))
