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

_KEPT_WORDS = 150_000
"""Words whose ids are kept, about half a kilobyte each."""


_EMPTY = "A token is the empty string: remove it, or tokenize again."


class EmptyWordError(ValueError):
    """A token is the empty string, which has no character ids."""


def _pack(*ids: int) -> bytes:
    return np.array(ids, dtype=np.int64).tobytes()


# The parts of a row: beginning, characters by their ids, and the end after each number of characters.
_BEGIN = _pack(BEGIN_WORD)
_CHARACTERS = tuple(map(_pack, range(NUM_CHARACTER_IDS)))
_ENDS = tuple(_pack(END_WORD, *[PAD] * (MAX_WORD_BYTES - length)) for length in range(MAX_WORD_BYTES + 1))

_NO_TOKEN = bytes(MAX_WORD_LENGTH * np.dtype(np.int64).itemsize)


def row_of(characters: Sequence[int]) -> bytes:
    """A word's 50 ids, as bytes of int64, from those of its at most 48 characters."""
    return _BEGIN + b"".join([_CHARACTERS[character] for character in characters]) + _ENDS[len(characters)]


_BOUNDARIES = {"<S>": row_of([BEGIN_SENTENCE]), "</S>": row_of([END_SENTENCE])}

SENTENCE_START_IDS = np.frombuffer(_BOUNDARIES["<S>"], dtype=np.int64)
"""The character ids of `<S>`, which the biLM puts before each sentence. Shape `(50,)`."""

SENTENCE_END_IDS = np.frombuffer(_BOUNDARIES["</S>"], dtype=np.int64)
"""The character ids of `</S>`, which the biLM puts after each sentence. Shape `(50,)`."""


@lru_cache(maxsize=_KEPT_WORDS)
def word_row(word: str, of_vocabulary: bool = False) -> bytes:
    """
    The character ids of one word.

    # Parameters

    word : `str`
    of_vocabulary : `bool`
        By default all is text: `"<S>"` and `"</S>"` too, lone surrogates are kept as bytes, and a word is not empty.
        In the vocabularies of bilm-tf and of AllenNLP, `"<S>"` and `"</S>"` are the sentence boundaries, lone
        surrogates are left out, and a word without a character is a beginning and an end.

    # Returns

    `bytes`
        50 int64. All who ask for the word share this object.

    # Raises

    `EmptyWordError`
        If the word is the empty string, unless it is of a vocabulary.
    `TypeError`
        If the word is no string.
    """
    if not isinstance(word, str):
        raise TypeError(f"A word is {word!r}, and must be a string.")
    if of_vocabulary and word in _BOUNDARIES:
        return _BOUNDARIES[word]
    if not (word or of_vocabulary):
        raise EmptyWordError(_EMPTY)
    # Lone surrogates come from undecodable input.
    text = word.encode("utf-8", "ignore" if of_vocabulary else "surrogatepass")
    return row_of([byte + 1 for byte in text[:MAX_WORD_BYTES]])


def join_rows(rows: list[bytes], length: int | None = None) -> np.ndarray:
    """
    The rows of several words as one array, which is the caller's own.

    # Parameters

    rows : `list[bytes]`
        From `word_row`.
    length : `int`, optional
        To how many rows they are cut off, or padded with zeros; as many as there are by default.

    # Returns

    `np.ndarray`
        Shape `(length, 50)`, int64.
    """
    length = len(rows) if length is None else length
    joined = bytearray().join(rows[:length] + [_NO_TOKEN] * (length - len(rows)))
    return np.frombuffer(joined, dtype=np.int64).reshape(-1, MAX_WORD_LENGTH)


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

    `EmptyWordError`, `TypeError`
        Names the sentence and the token, counted from 0, that is the empty string or no string; or the sentence that is
        a string, whose characters would be its tokens.
    """
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise TypeError(f"Sentence {number} is a string; a list of its tokens is needed, such as from split().")
    longest = max(map(len, sentences), default=0)
    rows: list[bytes] = []
    for sentence in sentences:
        try:
            rows += [word_row(word) for word in sentence]
        except (EmptyWordError, TypeError):
            check_words(sentences)
            raise
        rows += [_NO_TOKEN] * (longest - len(sentence))
    # Shape: (batch, tokens, 50)
    return torch.from_numpy(join_rows(rows).reshape(len(sentences), longest, MAX_WORD_LENGTH))


def check_words(sentences: Sequence[Sequence[str]]) -> None:
    """
    # Raises

    `EmptyWordError`, `TypeError`
        Names the sentence and the token, counted from 0, that is the empty string or no string.
    """
    for number, sentence in enumerate(sentences):
        for position, word in enumerate(sentence):
            if not isinstance(word, str):
                raise TypeError(f"Sentence {number}, token {position} is {word!r}, and must be a string.")
            if not word:
                raise EmptyWordError(f"Sentence {number}, token {position}: {_EMPTY}")


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
