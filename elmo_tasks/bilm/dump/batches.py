"""How a text is cut into windows, and a window into batches."""

from collections.abc import Iterable, Iterator

from elmo_tasks.bilm.dump.text import Sentence

_MAX_LINES = 16384
"""Of a window, for texts of blank and very short lines."""


def windows(sentences: Iterable[Sentence], max_tokens: int) -> Iterator[list[Sentence]]:
    """
    Consecutive sentences, as many as it takes to have `max_tokens` tokens or 16384 sentences.

    A window is what is sorted by length, what is in memory as text, and what a kill can cost.
    """
    window: list[Sentence] = []
    tokens = 0
    for sentence in sentences:
        window.append(sentence)
        tokens += len(sentence.tokens)
        if tokens >= max_tokens or len(window) == _MAX_LINES:
            yield window
            window, tokens = [], 0
    if window:
        yield window


def batches_by_length(window: list[Sentence], max_sentences: int, max_tokens: int) -> Iterator[list[Sentence]]:
    """
    A window's sentences, the longest first, so that little of a batch is padding and memory runs out at once if at all.

    # Parameters

    window : `list[Sentence]`
    max_sentences : `int`
        Of a batch.
    max_tokens : `int`
        Of a batch, its padding counted; a sentence that is longer is a batch of its own.
    """
    by_length = sorted(window, key=lambda sentence: len(sentence.tokens), reverse=True)
    start = 0
    while start < len(by_length):
        longest = max(1, len(by_length[start].tokens))
        stop = start + min(max_sentences, max(1, max_tokens // longest))
        yield by_length[start:stop]
        start = stop
