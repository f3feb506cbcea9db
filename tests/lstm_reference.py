"""The biLM's LSTM by its equations, for the tests of its implementations."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from elmo_tasks.bilm.lstm import DIRECTIONS, LstmLayer, LstmState

INPUT, CELL, PROJECTION = 3, 4, 2
LENGTHS = [4, 3, 3, 1]
STEP_SIZES = [4, 3, 3, 1]
PACKED = sum(STEP_SIZES)
CLIPS = [(0.0, 0.0), (0.7, 0.0), (0.0, 0.5), (0.7, 0.5)]


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """With one thread the directions run together, with two beside each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def random_layer(cell_clip: float, projection_clip: float, input_dim: int = INPUT) -> LstmLayer:
    layer = LstmLayer(input_dim, CELL, PROJECTION, cell_clip, projection_clip).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def random_state() -> LstmState:
    return LstmState(*(torch.randn(DIRECTIONS, len(LENGTHS), dim).double() for dim in (PROJECTION, CELL)))


def step_by_step(
    layer: LstmLayer, inputs: Tensor, state: LstmState, rounded: Callable[[Tensor], Tensor] = lambda vector: vector
) -> tuple[Tensor, LstmState]:
    """
    The LSTM's equations for one direction, sentence and token at a time, differentiated by autograd. `rounded` is done
    to each vector that is multiplied.
    """
    starts = torch.tensor([0, *STEP_SIZES]).cumsum(0)
    outputs: dict[tuple[int, int], Tensor] = {}
    last: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    for direction in range(DIRECTIONS):
        for sentence, length in enumerate(LENGTHS):
            hidden, cell = state.hidden[direction, sentence], state.cell[direction, sentence]
            for step in range(length):
                row = int(starts[step]) + sentence
                both = torch.cat([rounded(inputs[direction, row]), rounded(hidden)])
                gates = both @ layer.weight[direction] + layer.bias[direction]
                input_gate, candidate, forget_gate, output_gate = gates.split(CELL)
                cell = torch.sigmoid(forget_gate + 1) * cell + torch.sigmoid(input_gate) * torch.tanh(candidate)
                if layer.cell_clip:
                    cell = cell.clamp(-layer.cell_clip, layer.cell_clip)
                exposed = torch.sigmoid(output_gate) * torch.tanh(cell)
                hidden = rounded(exposed) @ layer.projection_weight[direction]
                if layer.projection_clip:
                    hidden = hidden.clamp(-layer.projection_clip, layer.projection_clip)
                outputs[direction, row] = hidden
            last[direction, sentence] = (hidden, cell)
    packed = [torch.stack([outputs[direction, row] for row in range(PACKED)]) for direction in range(DIRECTIONS)]
    states = [
        torch.stack([torch.stack([last[d, s][part] for s in range(len(LENGTHS))]) for d in range(DIRECTIONS)])
        for part in range(2)
    ]
    return torch.stack(packed), LstmState(*states)
