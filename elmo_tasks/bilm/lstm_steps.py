"""
The steps of an LSTM layer, of one direction or both at once.

Sequences are packed: sorted by length, the longest first, all first tokens, then all second tokens, and so on. The
running batch shrinks as sentences end, and nothing is spent on padding. `step_sizes[t]` is how many sentences have a
token `t`; a packed tensor has `sum(step_sizes)` = `packed` rows.

Weights of half precision (bfloat16, float16) are multiplied in half precision. The cells, the gates' activations and
what goes from layer to layer are kept in float32. That is for inference. For training the weights are float32, and
`dtype` asks for a step's products in half precision.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor


class Layout:
    """Where the steps and the sentences' ends lie in a packed tensor, for the loops over them."""

    def __init__(self, step_sizes: Sequence[int]) -> None:
        self.sizes = list(step_sizes)
        self.starts = [0, *itertools.accumulate(step_sizes)]

    def step(self, number: int) -> slice:
        return slice(self.starts[number], self.starts[number + 1])

    def before(self, number: int) -> slice:
        """The rows, one step earlier, of the sentences that have a token at this step."""
        return slice(self.starts[number - 1], self.starts[number - 1] + self.sizes[number])

    def last(self, packed: Tensor) -> Tensor:
        """Each sentence's last row."""
        rows: list[int] = []
        for size, start in zip(self.sizes[::-1], self.starts[-2::-1], strict=True):
            rows.extend(range(start + len(rows), start + size))
        return packed[:, rows]

    def blocks(self, least_rows: int) -> list[range]:
        """The steps in runs of at least so many rows (the last may have fewer)."""
        blocks, first = [], 0
        for number, end in enumerate(self.starts[1:], 1):
            if end - self.starts[first] >= least_rows or number == len(self.sizes):
                blocks.append(range(first, number))
                first = number
        return blocks

    def most_rows(self, least_rows: int) -> int:
        """Of the largest block."""
        return max(self.starts[block.stop] - self.starts[block.start] for block in self.blocks(least_rows))


SENTENCES_FOR_THREADS = 8
"""With fewer, handing the small steps to two threads costs more than it gains: half as much again for one sentence."""

BLOCK_ROWS = 512
"""Rows of one input product: enough for the matrix product's full rate, few enough to stay in the caches."""


def make_workspace(cell: Tensor, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Room for one block's gates, in the weights' precision, and for the cells as they are now."""
    rows = layout.most_rows(BLOCK_ROWS)
    # The mode belongs to the thread, and what is born in inference mode cannot be written to outside of it.
    with torch.inference_mode(False):
        return weight.new_empty(len(cell), rows, weight.shape[2]), cell.clone()


def run_steps(
    inputs: Tensor,
    weight: Tensor,
    bias: Tensor,
    projection_weight: Tensor,
    first_hidden: Tensor,
    first_cell: Tensor,
    all_gates: Tensor,
    all_cells: Tensor,
    layout: Layout,
    clips: tuple[float, float],
    keep: bool,
) -> tuple[Tensor, ...]:
    """
    The recurrence. The inputs' share of the gates comes in large products, the rest step by step.

    Gives the outputs and the last states. With `keep` it leaves what the gradient needs in `all_gates`, the activated
    gates, shape `(directions, packed, 4 * cell_dim)`, and in `all_cells`, shape `(directions, packed, cell_dim)`; else
    these are of `make_workspace`. Products are made in the weights' precision, the rest is done in that of the bias and
    the cells.
    """
    cell_clip, projection_clip = clips
    cell_dim, projection_dim = projection_weight.shape[1:]
    input_dim = inputs.shape[-1]
    input_weight, recurrent_weight = weight[:, :input_dim], weight[:, input_dim:]
    inputs, first_hidden = inputs.to(weight.dtype), first_hidden.to(weight.dtype)
    directions, rows = inputs.shape[:2]
    # Everything is written in place: fresh memory for each small result costs more than computing it.
    outputs = inputs.new_empty(directions, rows, projection_dim)
    scratch = torch.empty_like(first_cell)
    is_half = weight.dtype != first_cell.dtype
    if not is_half:
        products, from_start = all_gates, keep
    elif keep:
        # Half precision's products have room of their own, and the gates are as wide as the cells.
        products, from_start = make_workspace(first_cell, weight, layout)[0], False
    else:
        products, from_start = all_gates, False
        all_gates = first_cell.new_empty(directions, first_cell.shape[1], 4 * cell_dim)
    bias = bias.unsqueeze(1)
    for block in layout.blocks(BLOCK_ROWS):
        start, end = layout.starts[block.start], layout.starts[block.stop]
        offset = start if from_start else 0
        torch.bmm(inputs[:, start:end], input_weight, out=products[:, offset : offset + end - start])
        for number in block:
            step, size = layout.step(number), layout.sizes[number]
            hidden_before = outputs[:, layout.before(number)] if number else first_hidden[:, :size]
            if keep:
                cell_before = all_cells[:, layout.before(number)] if number else first_cell[:, :size]
                cell = all_cells[:, step]
            else:
                cell = cell_before = all_cells[:, :size]
            # Shape: (directions, size, 4 * cell_dim)
            gates = products[:, step.start - start + offset : step.stop - start + offset]
            if is_half:
                gates.baddbmm_(hidden_before, recurrent_weight)
                gates = all_gates[:, step if keep else slice(size)].copy_(gates).add_(bias)
            else:
                gates.add_(bias).baddbmm_(hidden_before, recurrent_weight)
            exposed = expose_cell(gates, cell_before, cell, scratch[:, :size], cell_clip)
            # Shape: (directions, size, projection_dim)
            hidden = torch.bmm(exposed.to(weight.dtype), projection_weight, out=outputs[:, step])
            if projection_clip:
                hidden.clamp_(-projection_clip, projection_clip)
    last_cell = layout.last(all_cells) if keep else all_cells
    return outputs, layout.last(outputs), last_cell


def expose_cell(gates: Tensor, cell_before: Tensor, cell: Tensor, scratch: Tensor, cell_clip: float) -> Tensor:
    """
    The rest of a step once the gates' products are there.

    # Parameters

    gates : `Tensor`
        Before their activations, which are put in their place. Shape `(directions, size, 4 * cell_dim)`.
    cell_before, cell, scratch : `Tensor`
        The cell as it was, which may be `cell` itself; room for what it becomes; room for what is returned. Each of
        shape `(directions, size, cell_dim)`.
    cell_clip : `float`
        0 means none.

    # Returns

    `Tensor`
        What the cell shows, before its projection: `scratch`.
    """
    input_gate, candidate, forget_gate, output_gate = gates.split(cell.shape[-1], dim=-1)
    # tanh(x) = 2 sigmoid(2x) - 1, see `tanh`.
    candidate.mul_(2)
    gates.sigmoid_()
    candidate.mul_(2).sub_(1)
    torch.mul(forget_gate, cell_before, out=cell).addcmul_(input_gate, candidate)
    if cell_clip:
        cell.clamp_(-cell_clip, cell_clip)
    return tanh(cell, out=scratch).mul_(output_gate)


def tanh(values: Tensor, out: Tensor) -> Tensor:
    """
    The hyperbolic tangent. On a processor by way of the sigmoid, to the same 1e-7: the other takes three times as long
    there (65,536 numbers 168 us instead of 52, MKL on an AMD EPYC).
    """
    if not values.is_cpu:
        return torch.tanh(values, out=out)
    return torch.mul(values, 2, out=out).sigmoid_().mul_(2).sub_(1)
