"""Sequences of different lengths, packed without padding."""

from typing import NamedTuple

import torch
from torch import Tensor


class Packing(NamedTuple):
    """
    Where each step of each sequence lies when sequences are packed: the longest in front, all first steps, then all
    second steps, and so on.
    """

    step_sizes: list[int]
    """How many sequences have each step. Their sum is `packed`."""
    starts: Tensor
    """The row at which each step begins. Shape `(steps or more,)`."""
    order: Tensor
    """The sequences, the longest first. Shape `(sequences,)`."""
    steps: Tensor
    """Each row's step. Shape `(packed,)`."""
    sequences: Tensor
    """Each row's sequence. Shape `(packed,)`."""

    def rows(self, sequences: Tensor, steps: Tensor) -> Tensor:
        """The row of each given step of each given sequence; all three have the same shape."""
        return self.starts[steps] + self.order.argsort()[sequences]


def pack(lengths: Tensor, longest: int) -> Packing:
    """
    # Parameters

    lengths : `Tensor`
        Steps each sequence has. Shape `(sequences,)`.
    longest : `int`
        No sequence has more steps.

    # Returns

    `Packing`
    """
    device = lengths.device
    lengths, order = lengths.sort(descending=True, stable=True)
    # Shape: (longest,)
    sizes = (lengths > torch.arange(longest, device=device).unsqueeze(1)).sum(dim=1)
    starts = sizes.cumsum(dim=0) - sizes
    # A GPU is waited for here, once.
    step_sizes = [size for size in sizes.tolist() if size]
    rows = sum(step_sizes)
    steps = torch.arange(longest, device=device).repeat_interleave(sizes, output_size=rows)
    sequences = order[torch.arange(rows, device=device) - starts[steps]]
    return Packing(step_sizes, starts, order, steps, sequences)
