"""Words to character ids, as bilm-tf numbers them.

A word is `[BEGIN_WORD, its UTF-8 bytes..., END_WORD, PAD, PAD, ...]`, 50 ids long. Every id is one more than
bilm-tf's, so that 0 is free to mean "there is no token here".
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

MAX_WORD_LENGTH = 50
"""Character ids a word has, in all."""

MAX_WORD_BYTES = MAX_WORD_LENGTH - 2
"""Bytes of UTF-8 a word can have; what lies beyond them is cut off, as in bilm-tf."""

BEGIN_SENTENCE, END_SENTENCE, BEGIN_WORD, END_WORD, PAD = (256 + 1, 257 + 1, 258 + 1, 259 + 1, 260 + 1)
NUM_CHARACTER_IDS = 262
"""The ids 0 (no token) to 261 (`PAD`)."""

_KEPT_WORDS = 200_000


class EmptyWordError(ValueError):
    """A token is the empty string, which has no character ids."""


def _frame(characters: Sequence[int]) -> np.ndarray:
    ids = np.full(MAX_WORD_LENGTH, PAD, dtype=np.int64)
    ids[0] = BEGIN_WORD
    ids[1 : 1 + len(characters)] = characters
    ids[1 + len(characters)] = END_WORD
    ids.flags.writeable = False
    return ids


SENTENCE_START_IDS = _frame([BEGIN_SENTENCE])
"""The character ids of `<S>`, which the biLM puts before each sentence. Shape `(50,)`."""

SENTENCE_END_IDS = _frame([END_SENTENCE])
"""The character ids of `</S>`, which the biLM puts after each sentence. Shape `(50,)`."""


@lru_cache(maxsize=_KEPT_WORDS)
def word_to_ids(word: str) -> np.ndarray:
    """
    The character ids of one word.

    # Parameters

    word : `str`
        Not empty. `"<S>"` and `"</S>"` are text like any other here: they are not the sentence boundaries.

    # Returns

    `np.ndarray`
        Shape `(50,)`, int64, read-only (the array is kept for the next call with the same word).
    """
    if not word:
        raise EmptyWordError("A token is the empty string: remove it, or tokenize again.")
    # Lone surrogates come from undecodable input; they are kept as bytes instead of failing.
    return _frame([byte + 1 for byte in word.encode("utf-8", "surrogatepass")[:MAX_WORD_BYTES]])


def batch_to_ids(sentences: Sequence[Sequence[str]]) -> Tensor:
    """
    The character ids of a batch of tokenized sentences, padded with zeros to the longest.

    # Parameters

    sentences : `Sequence[Sequence[str]]`
        A sentence may be empty; a token may not.

    # Returns

    `Tensor`
        Shape `(batch, tokens, 50)`, int64.

    # Raises

    `EmptyWordError`
        Names the sentence and the token, counted from 0.
    """
    longest = max(map(len, sentences), default=0)
    # Shape: (batch, tokens, 50)
    ids = np.zeros((len(sentences), longest, MAX_WORD_LENGTH), dtype=np.int64)
    for number, sentence in enumerate(sentences):
        if not sentence:
            continue
        try:
            ids[number, : len(sentence)] = [word_to_ids(word) for word in sentence]
        except EmptyWordError as error:
            position = list(sentence).index("")
            raise EmptyWordError(f"Sentence {number}, token {position}: {error}") from None
    return torch.from_numpy(ids)


_HASH_BASE = -7046029254386353131
"""An odd 64-bit number without a pattern."""


def distinct_words(words: Tensor) -> tuple[Tensor, Tensor]:
    """
    The distinct words among many.

    # Parameters

    words : `Tensor`
        Character ids, shape `(words, characters)`.

    # Returns

    `Tensor`
        Each distinct word once, in no particular order. Shape `(distinct words, characters)`.
    `Tensor`
        For each word its row in the first tensor. Shape `(words,)`.
    """
    # Sorting one number a word is much faster than sorting rows.
    hashes, rows = word_hashes(words).unique(return_inverse=True)
    numbers = torch.arange(len(words), device=words.device)
    # One of the words with each hash.
    example = torch.zeros_like(hashes)
    distinct = words[example.scatter_(0, rows, numbers)]
    if torch.equal(distinct[rows], words):
        return distinct, rows
    # Two different words have the same hash.
    return words.unique(dim=0, return_inverse=True)


def word_hashes(words: Tensor) -> Tensor:
    """A 64-bit polynomial hash of each word's ids: shape `(words, characters)` to `(words,)`."""
    powers = torch.full(words.shape[1:], _HASH_BASE, device=words.device).cumprod(dim=0)
    return (words * powers).sum(dim=1)
