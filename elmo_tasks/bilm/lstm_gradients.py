"""The gradient of an LSTM layer's steps, written out."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from elmo_tasks.bilm.denormals import denormals_flushed
from elmo_tasks.bilm.lstm_steps import Layout, run_steps, tanh
from elmo_tasks.bilm.parallel import by_direction


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
    The gradients of the inputs, the weight, the bias, the projection's weight and the first state. As in `run_steps`,
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
        tanh_cell = tanh(cell, out=product)
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


class TrainingSteps(torch.autograd.Function):
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
        outputs, last_hidden, last_cell = by_direction(run_steps, tensors, layout, clips, True)
        ctx.save_for_backward(inputs, weight, projection_weight, hidden, cell, outputs, *kept)
        ctx.layout, ctx.clips = layout, clips
        return outputs, last_hidden, last_cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *d_results: Tensor) -> tuple[Tensor | None, ...]:
        tensors = (*d_results, *ctx.saved_tensors)
        return *by_direction(_backward, tensors, ctx.layout, ctx.clips), None, None, None
