"""
The biLM's stacked LSTM, both directions at once (Peters et al. 2018, section 3.1; Jozefowicz et al. 2016).

The two directions never see each other, so they are one leading dimension of every tensor: the backward direction
simply gets its sentences reversed, and each step is one batched matrix product for the two.

Sequences are packed: sorted by length, the longest first, all first tokens, then all second tokens, and so on. The
running batch shrinks as sentences end, and nothing is spent on padding. `step_sizes[t]` is how many sentences have a
token `t`; a packed tensor has `sum(step_sizes)` = `packed` rows.

Weights of half precision (bfloat16, float16) are multiplied in half precision. The cells, the gates' activations and
what goes from layer to layer are kept in float32. That is for inference. For training the weights are float32, and
`dtype` asks for a step's products in half precision.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from elmo_tasks.bilm.denormals import denormals_flushed
from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.parallel import DIRECTIONS, at_once, by_direction
from elmo_tasks.bilm.precision import wide

FORWARD, BACKWARD = 0, 1
FORGET_BIAS = 1.0
"""Added to the forget gate at run time, as TensorFlow does; weight files do not store it."""


class HalfPrecisionError(ValueError):
    """A biLM of half precision is to be trained."""


class LstmState(NamedTuple):
    """What an LSTM layer carries from one token to the next; never in half precision."""

    hidden: Tensor
    """The projected output. Shape `(2, batch, projection_dim)`."""
    cell: Tensor
    """Shape `(2, batch, cell_dim)`."""


class LstmLayer(nn.Module):
    """
    One layer, both directions, with projection and clipping.

    # Parameters

    input_dim, cell_dim, projection_dim : `int`
        Lengths of the input, of the cell and of the output, one direction.
    cell_clip, projection_clip : `float`
        Bounds of the cell and of the projected output; 0 means none.
    """

    def __init__(
        self, input_dim: int, cell_dim: int, projection_dim: int, cell_clip: float = 0.0, projection_clip: float = 0.0
    ) -> None:
        super().__init__()
        self.cell_dim, self.projection_dim = cell_dim, projection_dim
        self.cell_clip, self.projection_clip = cell_clip, projection_clip
        # As in TensorFlow: the rows are the input's, then the recurrent output's; the gates stand in the order
        # input, candidate, forget, output.
        self.weight = nn.Parameter(torch.empty(DIRECTIONS, input_dim + projection_dim, 4 * cell_dim))
        self.bias = nn.Parameter(torch.empty(DIRECTIONS, 4 * cell_dim))
        self.projection_weight = nn.Parameter(torch.empty(DIRECTIONS, cell_dim, projection_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in +-1/sqrt(fan in), biases zero."""
        for weight in (self.weight, self.projection_weight):
            bound = weight.shape[1] ** -0.5
            nn.init.uniform_(weight, -bound, bound)
        nn.init.zeros_(self.bias)

    def initial_state(self, batch: int) -> LstmState:
        """Zeros."""
        shapes = ((DIRECTIONS, batch, self.projection_dim), (DIRECTIONS, batch, self.cell_dim))
        return LstmState(*(self.bias.new_zeros(shape, dtype=wide(self.bias.dtype)) for shape in shapes))

    def forward(
        self, inputs: Tensor, step_sizes: Sequence[int], state: LstmState, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, LstmState]:
        """
        # Parameters

        inputs : `Tensor`
            Shape `(2, packed, input_dim)`.
        step_sizes : `Sequence[int]`
            Sentences that have a token at each step; never growing.
        state : `LstmState`
            Of the sentences in their packed order.
        dtype : `torch.dtype`, optional
            The precision of the products where gradients are wanted, and of the gradients' products; by default that
            of the weights. The gradients themselves have the weights' precision.

        # Returns

        `Tensor`
            The outputs, shape `(2, packed, projection_dim)`.
        `LstmState`
            Each sentence's state behind its last token.

        # Raises

        `HalfPrecisionError`
            If a gradient is asked for with weights of half precision.
        """
        # The forget bias joins the other one, so that the steps need not add it.
        bias = self.bias.to(wide(self.bias.dtype))
        bias = bias + F.pad(
            bias.new_full((self.cell_dim,), FORGET_BIAS), (2 * self.cell_dim, self.cell_dim)
        )  # (2, 4 * cell_dim)
        tensors = (inputs, self.weight, bias, self.projection_weight, *state)
        layout, clips = Layout(step_sizes), (self.cell_clip, self.projection_clip)
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
            if bias.dtype != self.bias.dtype:
                raise HalfPrecisionError(f"Weights of {self.bias.dtype} serve inference only: train in float32.")
            outputs, hidden, cell = _TrainingSteps.apply(*tensors, layout, clips, dtype or self.weight.dtype)
        else:
            workspace = _workspace(state.cell, self.weight, layout)
            run = at_once if step_sizes[0] < SENTENCES_FOR_THREADS else by_direction
            outputs, hidden, cell = run(_forward, (*tensors, *workspace), layout, clips, False)
        return outputs.to(bias.dtype), LstmState(hidden.to(bias.dtype), cell)


class BidirectionalLstm(nn.Module):
    """
    The biLM's LSTM layers, with skip connections from the second layer on where the options ask for them.

    # Parameters

    options : `BiLMOptions`
    """

    def __init__(self, options: BiLMOptions) -> None:
        super().__init__()
        self.skip_connections = options.skip_connections
        self.layers = nn.ModuleList(
            LstmLayer(
                options.projection_dim,
                options.cell_dim,
                options.projection_dim,
                options.cell_clip,
                options.projection_clip,
            )
            for _ in range(options.num_layers)
        )

    def initial_states(self, batch: int) -> list[LstmState]:
        """Zeros for each layer."""
        return [layer.initial_state(batch) for layer in self.layers]  # type: ignore[operator]

    def forward(
        self,
        inputs: Tensor,
        step_sizes: Sequence[int],
        states: Sequence[LstmState],
        dropout: float = 0.0,
        dtype: torch.dtype | None = None,
    ) -> tuple[list[Tensor], list[LstmState]]:
        """
        # Parameters

        inputs : `Tensor`
            Token vectors in packed order, the backward direction's sentences reversed.
            Shape `(2, packed, projection_dim)`.
        step_sizes : `Sequence[int]`
        states : `Sequence[LstmState]`
            One a layer.
        dropout : `float`
            Probability of a zero in each layer's input; for training.
        dtype : `torch.dtype`, optional
            As `LstmLayer.forward` takes it.

        # Returns

        `list[Tensor]`
            Each layer's output, shape `(2, packed, projection_dim)`.
        `list[LstmState]`
            Each layer's new state.
        """
        outputs, new_states = [], []
        for number, (layer, state) in enumerate(zip(self.layers, states, strict=True)):
            if dropout:
                inputs = F.dropout(inputs, dropout)
            output, new_state = layer(inputs, step_sizes, state, dtype)
            if number and self.skip_connections:
                output = output + inputs
            outputs.append(output)
            new_states.append(new_state)
            inputs = output
        return outputs, new_states


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


def _workspace(cell: Tensor, weight: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Room for one block's gates, in the weights' precision, and for the cells as they are now."""
    rows = layout.most_rows(BLOCK_ROWS)
    # The mode belongs to the thread, and what is born in inference mode cannot be written to outside of it.
    with torch.inference_mode(False):
        return weight.new_empty(len(cell), rows, weight.shape[2]), cell.clone()


def _forward(
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
    these are `_workspace`. Products are made in the weights' precision, the rest is done in that of the bias and the
    cells.
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
        products, from_start = _workspace(first_cell, weight, layout)[0], False
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
    # tanh(x) = 2 sigmoid(2x) - 1, see `_tanh`.
    candidate.mul_(2)
    gates.sigmoid_()
    candidate.mul_(2).sub_(1)
    torch.mul(forget_gate, cell_before, out=cell).addcmul_(input_gate, candidate)
    if cell_clip:
        cell.clamp_(-cell_clip, cell_clip)
    return _tanh(cell, out=scratch).mul_(output_gate)


def _tanh(values: Tensor, out: Tensor) -> Tensor:
    """
    The hyperbolic tangent. On a processor by way of the sigmoid, to the same 1e-7: the other takes three times as long
    there (65,536 numbers 168 us instead of 52, MKL on an AMD EPYC).
    """
    if not values.is_cpu:
        return torch.tanh(values, out=out)
    return torch.mul(values, 2, out=out).sigmoid_().mul_(2).sub_(1)


class _WeightGradient:
    """
    The gradient of a weight: the sum over all steps of `left^T right`.

    In float32 each step's product is added while its factors are still in the caches. Of half precision the factors are
    kept for one product in the end, which is as fast; it adds up in float32 and is rounded once.
    """

    def __init__(self, weight: Tensor, rows: int, dtype: torch.dtype) -> None:
        self._total = torch.zeros_like(weight, dtype=dtype)
        self._lefts, self._rights = (
            weight.new_empty(weight.shape[0], rows if weight.dtype != dtype else 0, dim) for dim in weight.shape[1:]
        )

    def add(self, step: slice, left: Tensor, right: Tensor) -> Tensor:
        """Of shapes `(directions, size, ...)`. Gives `right` in the weight's precision."""
        if self._total.dtype == self._rights.dtype:
            self._total.baddbmm_(left.transpose(1, 2), right)
            return right
        self._lefts[:, step] = left
        self._rights[:, step] = right
        return self._rights[:, step]

    def total(self) -> Tensor:
        """In the precision of the sum."""
        if self._total.dtype != self._rights.dtype:
            # Two products: the batched one runs at a third of the speed with a transposed bfloat16 factor.
            for total, left, right in zip(self._total, self._lefts, self._rights, strict=True):
                total.copy_(torch.mm(left.t(), right))
        return self._total


# A step of a trained biLM takes 549 ms so, and 767 without (size "mini", two cores of an Intel Xeon).
@denormals_flushed()
def _backward(
    d_outputs: Tensor,
    d_last_hidden: Tensor,
    d_last_cell: Tensor,
    inputs: Tensor,
    weight: Tensor,
    projection_weight: Tensor,
    first_hidden: Tensor,
    first_cell: Tensor,
    outputs: Tensor,
    all_gates: Tensor,
    all_cells: Tensor,
    layout: Layout,
    clips: tuple[float, float],
) -> tuple[Tensor, ...]:
    """
    The gradients of the inputs, the weight, the bias, the projection's weight and the first state. As in `_forward`,
    products are made in the weights' precision; the rest is done, and the gradients are, in that of the cells.
    """
    cell_clip, projection_clip = clips
    cell_dim, input_dim = all_cells.shape[-1], inputs.shape[-1]
    directions, rows, gates_dim = all_gates.shape
    batch, dtype = first_cell.shape[1], first_cell.dtype
    inputs, first_hidden = inputs.to(weight.dtype), first_hidden.to(weight.dtype)
    # Shape: (directions, 4 * cell_dim, input_dim + projection_dim) and (directions, projection_dim, cell_dim)
    to_both, to_exposed = (part.transpose(1, 2).contiguous() for part in (weight, projection_weight))
    d_weight, d_projection = (_WeightGradient(part, rows, dtype) for part in (weight, projection_weight))
    d_bias = first_cell.new_zeros(directions, gates_dim)
    d_inputs = torch.empty_like(inputs, dtype=dtype)
    # What flows back into each sentence's state; a sentence that ended earlier is reached as the steps go back.
    d_hiddens, d_cells = d_last_hidden.clone(), d_last_cell.clone()
    all_d_gates = first_cell.new_empty(directions, batch, gates_dim)
    all_d_both = weight.new_empty(directions, batch, weight.shape[1])
    scratch = [torch.empty_like(first_cell) for _ in range(3)]
    for number in reversed(range(len(layout.sizes))):
        step, size = layout.step(number), layout.sizes[number]
        hidden_before = outputs[:, layout.before(number)] if number else first_hidden[:, :size]
        cell_before = all_cells[:, layout.before(number)] if number else first_cell[:, :size]
        cell, d_cell = all_cells[:, step], d_cells[:, :size]
        input_gate, candidate, forget_gate, output_gate = all_gates[:, step].split(cell_dim, dim=-1)
        d_gates = all_d_gates[:, :size]
        d_input, d_candidate, d_forget, d_output = d_gates.split(cell_dim, dim=-1)
        exposed, d_exposed, product = (tensor[:, :size] for tensor in scratch)
        # Shape: (directions, size, projection_dim)
        d_hidden = d_hiddens[:, :size].add_(d_outputs[:, step])
        if projection_clip:
            _pass_unclipped_(d_hidden, outputs[:, step].to(dtype), projection_clip)
        # Below: tanh' = 1 - tanh^2, sigmoid' = sigmoid - sigmoid^2. Shape: (directions, size, cell_dim)
        tanh_cell = _tanh(cell, out=product)
        torch.mul(output_gate, tanh_cell, out=exposed)
        d_exposed.copy_(torch.bmm(d_projection.add(step, exposed, d_hidden), to_exposed))
        torch.mul(d_exposed, exposed, out=d_output)
        d_output.addcmul_(d_output, output_gate, value=-1)
        d_cell.addcmul_(d_exposed, torch.addcmul(output_gate, exposed, tanh_cell, value=-1, out=product))
        if cell_clip:
            _pass_unclipped_(d_cell, cell, cell_clip)
        torch.mul(d_cell, input_gate, out=product)
        torch.mul(product, candidate, out=d_input)
        torch.addcmul(product, d_input, candidate, value=-1, out=d_candidate)
        d_input.addcmul_(d_input, input_gate, value=-1)
        d_cell.mul_(forget_gate)
        torch.mul(d_cell, cell_before, out=d_forget)
        d_forget.addcmul_(d_forget, forget_gate, value=-1)
        d_bias += d_gates.sum(dim=1)
        # One product for the input's and the recurrent rows: a twentieth faster than two, and half the roundings.
        both = torch.cat((inputs[:, step], hidden_before), dim=2)
        # Shape: (directions, size, input_dim + projection_dim)
        d_both = torch.bmm(d_weight.add(step, both, d_gates), to_both, out=all_d_both[:, :size])
        d_inputs[:, step] = d_both[..., :input_dim]
        d_hiddens[:, :size] = d_both[..., input_dim:]
    return d_inputs, d_weight.total(), d_bias, d_projection.total(), d_hiddens, d_cells


def _pass_unclipped_(gradient: Tensor, clipped: Tensor, bound: float) -> None:
    """Zeroes the gradient, in place, where the value was clipped."""
    torch.ops.aten.hardtanh_backward.grad_input(gradient, clipped, -bound, bound, grad_input=gradient)


class _TrainingSteps(torch.autograd.Function):
    """
    The recurrence with its gradient written out.

    Autograd would keep some ten tensors a step, and run each step's small operations one by one for both directions.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor,
        projection_weight: Tensor,
        hidden: Tensor,
        cell: Tensor,
        layout: Layout,
        clips: tuple[float, float],
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor, Tensor]:
        weight, projection_weight = weight.to(dtype), projection_weight.to(dtype)
        # A bound must be a number that outputs of this precision can have.
        clips = (clips[0], float(torch.tensor(clips[1]).to(dtype)) if dtype != cell.dtype else clips[1])
        # Made here for both directions: putting two halves together would copy them.
        kept = tuple(cell.new_empty(*inputs.shape[:2], dim) for dim in (weight.shape[2], cell.shape[2]))
        tensors = (inputs, weight, bias, projection_weight, hidden, cell, *kept)
        outputs, last_hidden, last_cell = by_direction(_forward, tensors, layout, clips, True)
        ctx.save_for_backward(inputs, weight, projection_weight, hidden, cell, outputs, *kept)
        ctx.layout, ctx.clips = layout, clips
        return outputs, last_hidden, last_cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *d_results: Tensor) -> tuple[Tensor | None, ...]:
        tensors = (*d_results, *ctx.saved_tensors)
        return *by_direction(_backward, tensors, ctx.layout, ctx.clips), None, None, None
