import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from layer_errors import SENTENCES, errors, mini
from lstm_reference import (
    CLIPS,
    DIRECTIONS,
    INPUT,
    PACKED,
    PROJECTION,
    STEP_SIZES,
    random_layer,
    random_state,
    step_by_step,
)
from torch import Tensor, nn

from elmo_tasks.bilm import BiLM, WeightsError, batch_to_ids
from elmo_tasks.bilm.int8 import Int8Error, Int8Linear, Int8LstmLayer, round_rows
from elmo_tasks.bilm.lstm import LstmState


def rounded(values: Tensor) -> Tensor:
    """What is left of each row, worked out number by number."""
    rows = []
    for row in values.reshape(-1, values.shape[-1]).tolist():
        scale = max(map(abs, row)) / 127
        rows.append([scale * round(value / scale) if scale else 0.0 for value in row])
    return torch.tensor(rows, dtype=values.dtype).view_as(values)


def test_rounded_rows() -> None:
    values = torch.tensor([[1.27, -0.5, 0.004, 0.006], [0.0, 0.0, 0.0, 0.0], [-254.0, 3.0, 127.0, -1.0]])
    numbers, scales = round_rows(values)
    assert numbers.tolist() == [[127, -50, 0, 1], [0, 0, 0, 0], [-127, 2, 64, 0]]
    torch.testing.assert_close(numbers * scales, rounded(values))


def test_a_rows_error_is_half_a_step_at_most() -> None:
    values = torch.randn(50, 200) * torch.logspace(-6, 6, 50).unsqueeze(1)
    numbers, scales = round_rows(values)
    largest = values.abs().amax(dim=1, keepdim=True)
    assert ((numbers * scales - values).abs() <= largest / 254 * 1.0001).all()


def test_linear_is_that_of_the_rounded_factors() -> None:
    linear, inputs = nn.Linear(70, 30), torch.randn(9, 70)
    expected = rounded(inputs).double() @ rounded(linear.weight.detach()).double().t() + linear.bias.double()
    torch.testing.assert_close(Int8Linear(linear)(inputs).double(), expected, rtol=1e-5, atol=1e-5)


def rounded_by_output(weight: Tensor) -> Tensor:
    return rounded(weight.transpose(1, 2)).transpose(1, 2)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(("cell_clip", "projection_clip"), CLIPS)
def test_lstm_is_that_of_the_rounded_factors(cell_clip: float, projection_clip: float) -> None:
    layer = random_layer(cell_clip, projection_clip).requires_grad_(False)
    inputs, state = torch.randn(DIRECTIONS, PACKED, INPUT), LstmState(*(part.float() for part in random_state()))
    actual = Int8LstmLayer(layer)(inputs, STEP_SIZES, state)
    layer.weight.copy_(torch.cat([rounded_by_output(part) for part in layer.weight.split([INPUT, PROJECTION], 1)], 1))
    layer.projection_weight.copy_(rounded_by_output(layer.projection_weight))
    wide = LstmState(*(part.double() for part in state))
    expected = step_by_step(layer, inputs.double(), wide, rounded)
    for one, other in zip((actual[0], *actual[1]), (expected[0], *expected[1]), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=1e-5)


# Measured with these sentences: 0.013, 0.019 and 0.020.
@pytest.mark.parametrize("stateful", [False, True])
def test_error(stateful: bool) -> None:
    exact, small = mini(torch.float32, stateful), mini(torch.int8, stateful)
    for _ in range(3 if stateful else 1):
        expected, actual = (bilm(batch_to_ids(SENTENCES)).layers for bilm in (exact, small))
        assert actual.dtype == torch.float32
        assert errors(actual, expected).max() < 0.03
        assert not actual[3].any()


def test_memory() -> None:
    def size(bilm: BiLM) -> int:
        return sum(weight.numel() * weight.element_size() for weight in bilm.parameters())

    small = mini(torch.int8)
    assert small.dtype == torch.int8
    assert size(small) < 0.35 * size(mini(torch.float32))


@pytest.mark.parametrize("threads", [1, 2])
def test_batch_mates_change_no_bit(threads: int) -> None:
    bilm, before = mini(torch.int8), torch.get_num_threads()
    # The character CNN's convolutions are in float32, and so are alike to the last bits only.
    bilm.keep_words(1000, {word for sentence in SENTENCES for word in sentence})
    torch.set_num_threads(threads)
    try:
        together = bilm(batch_to_ids(SENTENCES * 3)).layers
        for number, sentence in enumerate(SENTENCES):
            alone = bilm(batch_to_ids([sentence])).layers[0]
            assert torch.equal(together[number, :, : len(sentence)], alone)
            assert torch.equal(together[number], together[number + len(SENTENCES)])
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "changes", [{"projection_after_highway": False}, {"num_highway": 0}, {"skip_connections": False}]
)
def test_all_shapes(make_bilm: Callable[..., BiLM], changes: dict[str, object]) -> None:
    bilm = make_bilm(**changes).requires_grad_(False)
    small = copy.deepcopy(bilm).to_precision(torch.int8)
    ids = batch_to_ids([*SENTENCES, ["x" * 500], ["\u200b", "🙂", "\ufeff"]])
    assert errors(small(ids).layers, bilm(ids).layers).max() < 0.05


def test_copies(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm().requires_grad_(False).to_precision(torch.int8)
    ids = batch_to_ids(SENTENCES)
    for other in (copy.deepcopy(bilm), pickle.loads(pickle.dumps(bilm)), bilm.to("cpu"), bilm.float()):
        assert torch.equal(other(ids).layers, bilm(ids).layers)
    assert bilm.untrained(3).dtype == torch.int8


def test_what_it_cannot_do(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    with pytest.raises(Int8Error, match=r"freeze it first"):
        make_bilm().to_precision(torch.int8)
    bilm = make_bilm().requires_grad_(False).to_precision(torch.int8)
    assert bilm.to_precision(torch.int8) is bilm
    for dtype in (torch.float32, torch.bfloat16):
        with pytest.raises(Int8Error, match=f"cannot be converted to {dtype}: read it anew"):
            bilm.to_precision(dtype)
    with pytest.raises(Int8Error, match="read it anew"):
        bilm.to(torch.bfloat16)
    with pytest.raises(Int8Error, match=r"processor, .* meta"):
        bilm.to("meta")
    with pytest.raises(WeightsError, match="8-bit"):
        bilm.save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    assert not list(tmp_path.iterdir())


def test_whether_it_has_weights(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm().requires_grad_(False)
    weights = {name: weight.clone() for name, weight in bilm.state_dict().items()}
    bilm.to_precision(torch.int8)
    assert bilm.has_weights(weights)
    for name in weights:
        others = {**weights, name: weights[name] + 0.1 * torch.from_numpy(np.ones(weights[name].shape, np.float32))}
        assert not bilm.has_weights(others)
        assert not bilm.has_weights({other: weight for other, weight in weights.items() if other != name})
