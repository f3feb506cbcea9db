"""From scores of starts and ends to spans."""

import torch
from torch import Tensor
from torch.nn import functional as F


@torch.no_grad()
def best_spans(
    start_logits: Tensor, end_logits: Tensor, mask: Tensor, max_length: int | None = None, best: int = 1
) -> tuple[Tensor, Tensor]:
    """
    The spans whose start and end have the largest sum of scores, all passages and all spans at once.

    # Parameters

    start_logits, end_logits : `Tensor`
        Shape `(batch, tokens)`.
    mask : `Tensor`
        Where there is a token. Shape `(batch, tokens)`, bool.
    max_length : `int`, optional
        The most tokens of a span. None: any number.
    best : `int`, optional (default = `1`)
        How many spans are wanted.

    # Returns

    `tuple[Tensor, Tensor]`
        The spans, best first, as their first and their last token, shape `(batch, best, 2)`; and their scores, shape
        `(batch, best)`. There are fewer than `best` if no longest passage has as many, and a score is minus infinity
        where its own passage has not.
    """
    nothing = float("-inf")
    tokens = start_logits.shape[1]
    length = min(max_length or tokens, tokens)
    starts = start_logits.float().masked_fill(~mask, nothing)
    ends = end_logits.float().masked_fill(~mask, nothing)
    if best == 1 and length == tokens:
        return _best_of_any_length(starts, ends)
    # Of the span that begins at a token and has one token, two, and so on. Shape: (batch, tokens, length)
    scores = starts[:, :, None] + F.pad(ends, (0, length - 1), value=nothing).unfold(1, length, 1)
    # Each of shape: (batch, best)
    best_scores, places = scores.flatten(1).topk(min(best, tokens * length))
    first = places // length
    return torch.stack([first, first + places % length], dim=-1), best_scores


def _best_of_any_length(starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """As `best_spans` of the best one, without a tensor of all pairs of tokens."""
    # Of each start, the best end from there on. Shapes: (batch, tokens)
    best_ends, places = ends.flip(1).cummax(dim=1)
    scores, first = (starts + best_ends.flip(1)).max(dim=1, keepdim=True)  # (batch, 1)
    last = ends.shape[1] - 1 - places.flip(1).gather(1, first)  # (batch, 1)
    return torch.stack([first, last], dim=-1), scores
