"""How sentences are cut into windows, and a window into batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

_MAX_SENTENCES = 16384
"""Of a window, for texts of blank and very short lines."""

T = TypeVar("T")


def windows(sentences: Iterable[T], length: Callable[[T], int], max_tokens: int) -> Iterator[list[T]]:
    """
    Consecutive sentences, as many as it takes to have `max_tokens` tokens or 16384 sentences.

    A window is what is sorted by length, what is in memory, and what a kill of `elmo-tasks elmo` can cost.

    # Parameters

    sentences : `Iterable[T]`
    length : `Callable[[T], int]`
        Tokens of a sentence.
    max_tokens : `int`
    """
    window: list[T] = []
    tokens = 0
    for sentence in sentences:
        window.append(sentence)
        tokens += length(sentence)
        if tokens >= max_tokens or len(window) == _MAX_SENTENCES:
            yield window
            window, tokens = [], 0
    if window:
        yield window


def batches_by_length(
    window: Sequence[T], length: Callable[[T], int], max_sentences: int, max_tokens: int
) -> Iterator[list[T]]:
    """
    A window's sentences, the longest first, so that little of a batch is padding and memory runs out at once if at all.

    # Parameters

    window : `Sequence[T]`
    length : `Callable[[T], int]`
        Tokens of a sentence.
    max_sentences : `int`
        Of a batch.
    max_tokens : `int`
        Of a batch, its padding counted; a sentence that is longer is a batch of its own.
    """
    by_length = sorted(window, key=length, reverse=True)
    start = 0
    while start < len(by_length):
        longest = max(1, length(by_length[start]))
        stop = start + min(max_sentences, max(1, max_tokens // longest))
        yield by_length[start:stop]
        start = stop
