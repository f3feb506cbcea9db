"""
The biLM's stacked LSTM, both directions at once (Peters et al. 2018, section 3.1; Jozefowicz et al. 2016).

The two directions never see each other, so they are one leading dimension of every tensor: the backward direction
simply gets its sentences reversed, and each step is one batched matrix product for the two.

The steps are in `lstm_steps.py`, which says how sequences are packed, and their gradients in `lstm_gradients.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.lstm_gradients import TrainingSteps
from elmo_tasks.bilm.lstm_steps import SENTENCES_FOR_THREADS, Layout, make_workspace, run_steps
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
            outputs, hidden, cell = TrainingSteps.apply(*tensors, layout, clips, dtype or self.weight.dtype)
        else:
            workspace = make_workspace(state.cell, self.weight, layout)
            run = at_once if step_sizes[0] < SENTENCES_FOR_THREADS else by_direction
            outputs, hidden, cell = run(run_steps, (*tensors, *workspace), layout, clips, False)
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
