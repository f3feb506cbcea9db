import pytest
import torch
from lstm_reference import (
    CLIPS,
    INPUT,
    LENGTHS,
    PACKED,
    PROJECTION,
    STEP_SIZES,
    random_layer,
    random_state,
    step_by_step,
)
from torch import Tensor

from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.bilm.lstm import DIRECTIONS, BidirectionalLstm, LstmLayer, LstmState


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(("cell_clip", "projection_clip"), CLIPS)
def test_values_and_gradients_are_those_of_single_steps(cell_clip: float, projection_clip: float) -> None:
    layer = random_layer(cell_clip, projection_clip)
    inputs, state = torch.randn(DIRECTIONS, PACKED, INPUT).double(), random_state()
    variables = [inputs, *state, *layer.parameters()]
    for variable in variables:
        variable.requires_grad_()
    results = []
    for outputs, last in (layer(inputs, STEP_SIZES, state), step_by_step(layer, inputs, state)):
        tensors = (outputs, *last)
        torch.manual_seed(7)
        loss = sum((tensor * torch.randn_like(tensor)).sum() for tensor in tensors)
        results.append([*tensors, *torch.autograd.grad(loss, variables)])
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    if cell_clip:
        assert (results[0][2].abs() == cell_clip).any()
    if projection_clip:
        assert (results[0][0].abs() == projection_clip).any()


def test_gradients_are_those_of_finite_differences() -> None:
    layer = random_layer(cell_clip=0.7, projection_clip=0.5)
    names = [name for name, _ in layer.named_parameters()]

    def run(inputs: Tensor, hidden: Tensor, cell: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip(names, parameters, strict=True))
        outputs, last = torch.func.functional_call(layer, named, (inputs, STEP_SIZES, LstmState(hidden, cell)))
        return outputs, *last

    variables = [torch.randn(DIRECTIONS, PACKED, INPUT).double(), *random_state(), *layer.parameters()]
    variables = [variable.detach().requires_grad_() for variable in variables]
    assert torch.autograd.gradcheck(run, variables, fast_mode=True)


@pytest.mark.usefixtures("threads")
def test_same_values_with_and_without_gradients() -> None:
    layer = random_layer(0.7, 0.5)
    inputs, state = torch.randn(DIRECTIONS, PACKED, INPUT).double(), random_state()
    with_gradients, last = layer(inputs, STEP_SIZES, state)
    with torch.no_grad():
        without, last_without = layer(inputs, STEP_SIZES, state)
    assert with_gradients.requires_grad
    assert not without.requires_grad
    for ours, expected in zip((without, *last_without), (with_gradients, *last), strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


def test_a_sentence_in_two_parts_is_the_sentence() -> None:
    layer = random_layer(0.7, 0.5)
    inputs = torch.randn(DIRECTIONS, 6, INPUT).double()
    whole, last = layer(inputs, [1] * 6, layer.initial_state(1))
    first, state = layer(inputs[:, :2], [1] * 2, layer.initial_state(1))
    second, last_of_parts = layer(inputs[:, 2:], [1] * 4, state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(last_of_parts.cell, last.cell, rtol=0, atol=1e-12)


def test_many_rows_are_computed_in_blocks_that_do_not_show() -> None:
    layer = random_layer(0.7, 0.5)
    inputs = torch.randn(DIRECTIONS, 4 * 300, INPUT).double()
    with torch.no_grad():
        together, _ = layer(inputs, [300] * 4, layer.initial_state(300))
        some, _ = layer(
            inputs.view(DIRECTIONS, 4, 300, INPUT)[:, :, :10].flatten(1, 2), [10] * 4, layer.initial_state(10)
        )
    expected = together.view(DIRECTIONS, 4, 300, PROJECTION)[:, :, :10].flatten(1, 2)
    torch.testing.assert_close(some, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("skip_connections", [True, False])
def test_layers_are_stacked(skip_connections: bool, tiny: BiLMOptions) -> None:
    lstm = BidirectionalLstm(tiny.replace(num_layers=3, skip_connections=skip_connections))
    inputs = torch.randn(DIRECTIONS, PACKED, tiny.projection_dim)
    outputs, states = lstm(inputs, STEP_SIZES, lstm.initial_states(len(LENGTHS)))
    assert len(outputs) == len(states) == 3
    expected = inputs
    for number, layer in enumerate(lstm.layers):
        below = expected
        expected, _ = layer(below, STEP_SIZES, layer.initial_state(len(LENGTHS)))
        if number and skip_connections:
            expected = expected + below
        torch.testing.assert_close(outputs[number], expected)


def test_dropout_falls_on_the_inputs_of_every_layer(tiny: BiLMOptions) -> None:
    lstm = BidirectionalLstm(tiny)
    inputs = torch.randn(DIRECTIONS, PACKED, tiny.projection_dim)
    dropped, _ = lstm(inputs, STEP_SIZES, lstm.initial_states(len(LENGTHS)), dropout=1.0)
    nothing, _ = lstm(torch.zeros_like(inputs), STEP_SIZES, lstm.initial_states(len(LENGTHS)))
    torch.testing.assert_close(dropped[0], nothing[0])


def gradients_of(layer: LstmLayer, inputs: Tensor, state: LstmState, dtype: torch.dtype | None) -> list[Tensor]:
    """The outputs and the last states, then the gradients of all that has one."""
    variables = [variable.detach().requires_grad_() for variable in (inputs, *state)]
    outputs, last = layer(variables[0], STEP_SIZES, LstmState(*variables[1:]), dtype)
    tensors = (outputs, *last)
    torch.manual_seed(7)
    loss = sum((tensor * torch.randn_like(tensor)).sum() for tensor in tensors)
    return [*tensors, *torch.autograd.grad(loss, [*variables, *layer.parameters()])]


def large_layer(cell_clip: float = 0.0, projection_clip: float = 0.0) -> tuple[LstmLayer, Tensor, LstmState]:
    """Of float32, with an input and a state; numbers enough for errors that are the same every time."""
    torch.manual_seed(3)
    layer = LstmLayer(48, 64, 48, cell_clip, projection_clip)
    state = LstmState(*(torch.randn(DIRECTIONS, len(LENGTHS), dim) for dim in (48, 64)))
    return layer, torch.randn(DIRECTIONS, PACKED, 48), state


@pytest.mark.usefixtures("threads")
def test_products_of_a_step_in_bfloat16_are_close_to_those_in_float32() -> None:
    layer, inputs, state = large_layer()
    exact, half = (gradients_of(layer, inputs, state, dtype) for dtype in (None, torch.bfloat16))
    for ours, expected in zip(half, exact, strict=True):
        assert ours.dtype == torch.float32
        # bfloat16 has 8 significant bits: one product's error is 0.2 %.
        assert 0 < (ours - expected).norm() / expected.norm() < 0.01
    assert {parameter.dtype for parameter in layer.parameters()} == {torch.float32}


@pytest.mark.parametrize("clips", [(0.7, 0.0), (0.0, 0.1), (0.7, 0.1)])
def test_nothing_flows_back_through_what_is_clipped_in_bfloat16(clips: tuple[float, float]) -> None:
    """Neither 0.7 nor 0.1 is a bfloat16 number."""
    layer, inputs, state = large_layer(*clips)
    exact, half = (gradients_of(layer, inputs, state, dtype) for dtype in (None, torch.bfloat16))
    for ours, expected in zip(half, exact, strict=True):
        # Numbers next to the bound are clipped in one of the two only.
        assert 0 < (ours - expected).norm() / expected.norm() < 0.1


def test_a_precision_for_the_step_asks_nothing_of_evaluation() -> None:
    layer, inputs, state = large_layer()
    with torch.no_grad():
        half, _ = layer(inputs, STEP_SIZES, state, torch.bfloat16)
        exact, _ = layer(inputs, STEP_SIZES, state)
    assert torch.equal(half, exact)
