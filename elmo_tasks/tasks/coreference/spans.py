"""Which spans of a document may be mentions, which of them are kept, and which earlier ones each is compared with."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

_FROM = (2, 3, 4, 5, 8, 16, 32, 64)
"""Distances from which on a next bucket begins."""

DISTANCE_BUCKETS = len(_FROM) + 1


class Spans(NamedTuple):
    """
    Spans of a document's tokens.

    # Parameters

    starts, ends : `Tensor`
        The first token of each, and the one behind its last. Shape `(spans,)`, int64.
    """

    starts: Tensor
    ends: Tensor

    @property
    def widths(self) -> Tensor:
        """In tokens. Shape `(spans,)`."""
        return self.ends - self.starts

    def pairs(self) -> list[tuple[int, int]]:
        """As pairs of numbers."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    def at(self, places: Tensor) -> "Spans":
        """Some of them."""
        return Spans(self.starts[places], self.ends[places])


def all_spans(lengths: Tensor, max_width: int) -> Spans:
    """
    All spans that are in one sentence, ordered by their starts and then by their ends (Lee et al. 2017, section 3).

    # Parameters

    lengths : `Tensor`
        Of the document's sentences, in tokens. Shape `(sentences,)`.
    max_width : `int`
        In tokens.
    """
    # Shape, of all: (tokens,)
    sentence_ends = lengths.cumsum(dim=0).repeat_interleave(lengths)
    tokens = torch.arange(len(sentence_ends), device=lengths.device)
    widths = torch.arange(max_width, device=lengths.device)
    starts, shorter = (widths < (sentence_ends - tokens)[:, None]).nonzero(as_tuple=True)
    return Spans(starts, starts + shorter + 1)


def number_of_spans(lengths: Tensor, max_width: int) -> int:
    """How many `all_spans` gives."""
    widest = lengths.clamp(max=max_width)
    return int((widest * lengths - widest * (widest - 1) // 2).sum())


def best_spans(scores: Tensor, spans: Spans, most: int) -> Tensor:
    """
    The spans with the best scores, of which no two cross: a span that begins in a better one and ends behind it, or
    the other way round, is passed over (Lee et al. 2017, section 5).

    # Parameters

    scores : `Tensor`
        Shape `(spans,)`.
    spans : `Spans`
    most : `int`
        So many are kept at most.

    # Returns

    `Tensor`
        Their numbers, rising. Shape `(kept,)`, int64.
    """
    tokens = int(spans.ends.max())
    # Of the kept spans that begin at a token the last end, and of those that end at one the first start.
    last_end = np.zeros(tokens + 1, dtype=np.int64)
    first_start = np.full(tokens + 1, tokens, dtype=np.int64)
    pairs = spans.pairs()
    kept: list[int] = []
    for number in scores.detach().argsort(descending=True, stable=True).tolist():
        if len(kept) == most:
            break
        start, end = pairs[number]
        if last_end[start + 1 : end].max(initial=0) > end or first_start[start + 1 : end].min(initial=tokens) < start:
            continue
        kept.append(number)
        last_end[start], first_start[end] = max(last_end[start], end), min(first_start[end], start)
    return torch.tensor(sorted(kept), device=scores.device)


class Antecedents(NamedTuple):
    """
    The earlier spans that each kept one is compared with.

    # Parameters

    places : `Tensor`
        Their numbers among the kept spans. Shape `(kept, most)`, int64.
    mask : `Tensor`
        Whether there is one. Shape `(kept, most)`, bool.
    """

    places: Tensor
    mask: Tensor


def nearest(kept: int, most: int, device: torch.device) -> Antecedents:
    """The `most` spans before each, the nearest first (Lee et al. 2017, section 5)."""
    numbers = torch.arange(kept, device=device)
    # Shape: (kept, most)
    places = numbers[:, None] - 1 - numbers[: min(most, kept - 1)]
    return Antecedents(places.clamp(min=0), places >= 0)


def best_scored(scores: Tensor, most: int) -> Antecedents:
    """
    The `most` spans before each that have the best scores, the best first (Lee et al. 2018, section 4).

    # Parameters

    scores : `Tensor`
        Of each span with each other one; only earlier ones are looked at. Shape `(kept, kept)`.
    """
    kept = len(scores)
    earlier = scores.new_ones(scores.shape, dtype=torch.bool).tril(diagonal=-1)
    scores = scores.detach().masked_fill(~earlier, float("-inf"))
    places = scores.topk(min(most, kept - 1), dim=1).indices  # (kept, most)
    return Antecedents(places, earlier.gather(1, places))


def distance_buckets(distances: Tensor) -> Tensor:
    """
    Distances of 1, 2, 3, 4, 5 to 7, 8 to 15, 16 to 31, 32 to 63, and 64 and more as 0 to 8 (Lee et al. 2017, section
    5). The shape stays.
    """
    return torch.bucketize(distances, torch.tensor(_FROM, device=distances.device), right=True)
