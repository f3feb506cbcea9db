"""The layers of many sentences, one by one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length, windows
from elmo_tasks.bilm.layers import LayerSource

_WINDOW_TOKENS = 32768
"""What is sorted by length, and in memory as text, at a time."""


class HasTokens(Protocol):
    """A sentence, whatever else is known of it."""

    @property
    def tokens(self) -> Sequence[str]:
        """Its words."""


Sentence = TypeVar("Sentence", bound=HasTokens)


def sentence_layers(
    source: LayerSource,
    sentences: Iterable[Sentence],
    progress: Callable[[int], object] = lambda tokens: None,
    batch_tokens: int = 4096,
) -> Iterator[tuple[Sentence, Tensor]]:
    """
    Each sentence with its layers, in bounded memory; not in their order, but always in the same.

    # Parameters

    source : `LayerSource`
        Stateless.
    sentences : `Iterable[Sentence]`
        Whatever has `tokens`.
    progress : `Callable[[int], object]`
        Is told the number of tokens of each batch.
    batch_tokens : `int`
        Tokens of a batch at most, padding counted.

    # Returns

    `Iterator[tuple[Sentence, Tensor]]`
        The layers have the shape `(layers, tokens, dim)`, and are on the source's device.
    """
    for window in windows(sentences, _length, _WINDOW_TOKENS):
        for batch in batches_by_length(window, _length, 64, batch_tokens):
            ids = source.ids([sentence.tokens for sentence in batch]).to(source.device)
            with torch.inference_mode():
                # Shape: (batch, layers, tokens, dim)
                layers = source(ids).layers
            for sentence, padded in zip(batch, layers, strict=True):
                yield sentence, padded[:, : len(sentence.tokens)]
            progress(sum(map(_length, batch)))


def _length(sentence: HasTokens) -> int:
    return len(sentence.tokens)
