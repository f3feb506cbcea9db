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

    def rows_both_ways(self, lengths: Tensor, number: int, ahead: int) -> Tensor:
        """
        Where each token is read forward and backward, if the backward rows lie behind the forward ones.

        # Parameters

        lengths : `Tensor`
            Tokens each sequence has. Shape `(sequences,)`.
        number : `int`
            Tokens that all have together.
        ahead : `int`
            Steps of each sequence and direction that come before its tokens.

        # Returns

        `Tensor`
            Shape `(number, 2)`, of the tokens as they stand in the sequences, one sequence after the other.
        """
        firsts = lengths.cumsum(dim=0) - lengths
        # Each of shape: (number,)
        sequence = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths, output_size=number)
        position = torch.arange(number, device=lengths.device) - firsts[sequence]
        rows = self.rows(sequence, ahead + torch.stack([position, lengths[sequence] - 1 - position]))
        rows[1] += sum(self.step_sizes)
        return rows.t()


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
