"""
The biLM's large matrix products with whole numbers of 8 bits, for inference on a processor.

A matrix's rows, of weights as of vectors, are written as `numbers * scale` with numbers from -127 to 127 and a scale
of the row's own, so that nothing depends on what else is in the batch. The numbers are multiplied and added up exactly,
in 32 bits; the rest (gates, cells, clips, sums) is in float32, as are the character CNN's convolutions.

A step of one sentence is bound by reading the weights, which are a quarter as many bytes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from elmo_tasks.bilm.lstm import FORGET_BIAS, LstmLayer, LstmState
from elmo_tasks.bilm.lstm_steps import BLOCK_ROWS, SENTENCES_FOR_THREADS, Layout, expose_cell
from elmo_tasks.bilm.parallel import DIRECTIONS, at_once, by_direction
from elmo_tasks.bilm.precision import PrecisionError

_MOST = 127
"""The largest number. -128 is left out, so that a number's negative is one too."""

_SMALLEST_SCALE = torch.finfo(torch.float32).tiny
"""For rows of zeros."""


class Int8Error(PrecisionError):
    """Something is asked of a biLM of 8-bit numbers that it cannot do."""


def round_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """
    Each row as 8-bit numbers and their scale. Shape `(..., dim)` to `(..., dim)`, int8, and `(..., 1)`.

    The largest error is half a scale, 1/254 of the row's largest absolute value.
    """
    scales = values.abs().amax(dim=-1, keepdim=True).div_(_MOST).clamp_(min=_SMALLEST_SCALE)
    return torch.div(values, scales).round_().to(torch.int8), scales


class _Product:
    """
    Multiplies rows by a weight in each direction.

    # Parameters

    numbers, scales : `Tensor`
        The weight as from `round_rows`. Shapes `(directions, outputs, inputs)`, int8, and `(directions, outputs, 1)`.
    most_rows : `int`
        Rows of one product at most.
    """

    def __init__(self, numbers: Tensor, scales: Tensor, most_rows: int) -> None:
        self._numbers = [of_direction.t() for of_direction in numbers]
        self.scales = scales.transpose(1, 2)
        self._sums = scales.new_empty(len(numbers), most_rows, numbers.shape[1], dtype=torch.int32)

    def __call__(self, rounded: Tensor) -> Tensor:
        """
        The numbers' products, still to be multiplied by the scales of the weight and of the rows.

        Shape `(directions, rows, inputs)`, int8, to `(directions, rows, outputs)`, float32.
        """
        sums = self._sums[:, : rounded.shape[1]]
        for direction, numbers in enumerate(self._numbers):
            torch._int_mm(rounded[direction], numbers, out=sums[direction])
        return sums.float()


class _Int8Module(nn.Module):
    """Its parameters stay on the processor and keep their precision."""

    def keep(self, name: str, values: Tensor) -> None:
        """As a parameter, so that it counts as one of the biLM's weights."""
        self.register_parameter(name, nn.Parameter(values, requires_grad=False))

    def keep_rounded(self, name: str, weight: Tensor) -> None:
        """Shape `(directions, outputs, inputs)`."""
        numbers, scales = round_rows(weight.detach().float().contiguous())
        self.keep(f"{name}_numbers", numbers)
        self.keep(f"{name}_scales", scales)

    def _apply(self, fn, recurse: bool = True):  # type: ignore[no-untyped-def]
        for parameter in self.parameters():
            changed = fn(parameter.detach())
            if changed.dtype != parameter.dtype or changed.device.type != "cpu":
                raise Int8Error(
                    "A biLM of dtype int8 is for inference on a processor, and cannot be converted: read it anew "
                    f"in the precision wanted for {changed.device.type} ({changed.dtype})."
                )
        return super()._apply(fn, recurse)


class Int8Linear(_Int8Module):
    """
    An `nn.Linear` with 8-bit numbers.

    # Parameters

    linear : `nn.Linear`
        Whose weight is rounded.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight_numbers: Tensor
        self.weight_scales: Tensor
        self.bias: Tensor
        self.out_features = linear.out_features
        self.keep_rounded("weight", linear.weight.unsqueeze(0))
        self.keep("bias", linear.bias.detach().float())

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape `(rows, inputs)` to `(rows, outputs)`, float32."""
        multiply = _Product(self.weight_numbers, self.weight_scales, len(inputs))
        numbers, scales = round_rows(inputs)
        (outputs,) = multiply(numbers.unsqueeze(0)).mul_(scales)
        return torch.addcmul(self.bias, outputs, multiply.scales[0])


class Int8LstmLayer(_Int8Module):
    """
    An `LstmLayer` with 8-bit numbers.

    # Parameters

    layer : `LstmLayer`
        Whose weights are rounded.
    """

    def __init__(self, layer: LstmLayer) -> None:
        super().__init__()
        self.bias: Tensor
        self.cell_dim, self.projection_dim = layer.cell_dim, layer.projection_dim
        self.clips = (layer.cell_clip, layer.projection_clip)
        # Shape: (2, 4 * cell_dim, input_dim + projection_dim)
        weight = layer.weight.transpose(1, 2)
        self.keep_rounded("input", weight[..., : -layer.projection_dim])
        self.keep_rounded("recurrent", weight[..., -layer.projection_dim :])
        self.keep_rounded("projection", layer.projection_weight.transpose(1, 2))
        bias = layer.bias.detach().float().clone()  # (2, 4 * cell_dim)
        bias[:, 2 * layer.cell_dim : 3 * layer.cell_dim] += FORGET_BIAS
        self.keep("bias", bias)

    def initial_state(self, batch: int) -> LstmState:
        """Zeros."""
        return LstmState(*(self.bias.new_zeros(DIRECTIONS, batch, dim) for dim in (self.projection_dim, self.cell_dim)))

    def forward(
        self, inputs: Tensor, step_sizes: Sequence[int], state: LstmState, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, LstmState]:
        """As `LstmLayer.forward`, without gradients; `dtype`, which is for training, is not used."""
        run = at_once if step_sizes[0] < SENTENCES_FOR_THREADS else by_direction
        outputs, hidden, cell = run(_steps, (inputs, *self.parameters(), *state), Layout(step_sizes), self.clips)
        return outputs, LstmState(hidden, cell)


def round_weights(module: nn.Module) -> None:
    """Puts an `Int8Linear` or `Int8LstmLayer` in the place of each `nn.Linear` and `LstmLayer` in a module."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child))
        elif isinstance(child, LstmLayer):
            setattr(module, name, Int8LstmLayer(child))
        else:
            round_weights(child)


def _steps(
    inputs: Tensor,
    input_numbers: Tensor,
    input_scales: Tensor,
    recurrent_numbers: Tensor,
    recurrent_scales: Tensor,
    projection_numbers: Tensor,
    projection_scales: Tensor,
    bias: Tensor,
    hidden: Tensor,
    first_cell: Tensor,
    layout: Layout,
    clips: tuple[float, float],
) -> tuple[Tensor, Tensor, Tensor]:
    """The recurrence: the outputs, shape `(directions, packed, projection_dim)`, and the last states."""
    cell_clip, projection_clip = clips
    batch = first_cell.shape[1]
    from_input = _Product(input_numbers, input_scales, layout.most_rows(BLOCK_ROWS))
    from_hidden = _Product(recurrent_numbers, recurrent_scales, batch)
    from_exposed = _Product(projection_numbers, projection_scales, batch)
    cells, scratch = first_cell.clone(), torch.empty_like(first_cell)
    all_outputs = inputs.new_empty(*inputs.shape[:2], hidden.shape[-1])
    outputs = all_outputs.split(layout.sizes, dim=1)
    for block in layout.blocks(BLOCK_ROWS):
        sizes = layout.sizes[block.start : block.stop]
        numbers, scales = round_rows(inputs[:, layout.starts[block.start] : layout.starts[block.stop]])
        # Shape: (directions, rows, 4 * cell_dim)
        products = torch.addcmul(bias.unsqueeze(1), from_input(numbers).mul_(scales), from_input.scales)
        for step, size, gates in zip(block, sizes, products.split(sizes, dim=1), strict=True):
            numbers, scales = round_rows(hidden[:, :size])
            gates.addcmul_(from_hidden(numbers).mul_(scales), from_hidden.scales)
            cell = cells[:, :size]
            exposed = expose_cell(gates, cell, cell, scratch[:, :size], cell_clip)
            numbers, scales = round_rows(exposed)
            # Shape: (directions, size, projection_dim)
            hidden = torch.mul(from_exposed(numbers).mul_(scales), from_exposed.scales, out=outputs[step])
            if projection_clip:
                hidden.clamp_(-projection_clip, projection_clip)
    return all_outputs, layout.last(all_outputs), cells
