"""A biLM that is made larger computes what it did before."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMOptions, batch_to_ids
from elmo_tasks.bilm.growth import GrowthError, grow

SENTENCES = [["The", "rain", "in", "Spåin", "y" * 60], ["It", "rains"], ["a", "b"] * 12]


def first_numbers(layers: Tensor, number: int) -> Tensor:
    """Of each direction. Shape `(..., output_dim)` to `(..., 2, number)`."""
    return layers.unflatten(-1, (2, -1))[..., :number]


@pytest.mark.parametrize(
    "growth",
    [{}, {"projection_dim": 11}, {"cell_dim": 20}, {"projection_dim": 15, "cell_dim": 13}],
    ids=["none", "projection", "cell", "both"],
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_layers": 3, "skip_connections": False, "cell_clip": 0.0, "projection_clip": 0.0},
        {"projection_after_highway": False, "num_highway": 2},
    ],
    ids=["clipped", "without clips", "projected first"],
)
def test_the_first_numbers_stay(
    changes: dict[str, Any], growth: dict[str, Any], make_bilm: Callable[..., BiLM]
) -> None:
    bilm = make_bilm(**changes)
    grown = grow(bilm, bilm.options.replace(**growth))
    assert grown.options == bilm.options.replace(**growth)
    ids = batch_to_ids(SENTENCES)
    layers, expected = grown(ids).layers[0], bilm(ids).layers[0]
    number = bilm.options.projection_dim
    torch.testing.assert_close(first_numbers(layers, number), first_numbers(expected, number), rtol=0, atol=1e-6)
    assert grown.options.projection_dim == number or layers.unflatten(-1, (2, -1))[..., number:].std() > 0.01


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_the_first_numbers_stay_in_any_size(cell: int, projection: int, cells: int, numbers: int, seed: int) -> None:
    torch.manual_seed(seed)
    options = BiLMOptions(
        character_dim=3, filters=((1, 2), (2, 3)), num_highway=1, cell_dim=cell, projection_dim=projection
    )
    bilm = BiLM(options)
    grown = grow(bilm, options.replace(cell_dim=cell + cells, projection_dim=projection + numbers))
    ids = batch_to_ids(SENTENCES)
    torch.testing.assert_close(
        first_numbers(grown(ids).layers[0], projection),
        first_numbers(bilm(ids).layers[0], projection),
        rtol=0,
        atol=1e-6,
    )


def test_without_growth_it_is_a_copy(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm(stateful=True)
    grown = grow(bilm, bilm.options)
    assert grown.stateful
    own = grown.state_dict()
    for name, weight in bilm.state_dict().items():
        assert torch.equal(own[name], weight), name
        assert own[name].data_ptr() != weight.data_ptr()


@pytest.mark.parametrize("growth", [{"projection_dim": 11}, {"cell_dim": 20}, {"projection_dim": 15, "cell_dim": 13}])
def test_what_is_new_is_trained_at_once(growth: dict[str, int], make_bilm: Callable[..., BiLM]) -> None:
    # Within all clips and where no relu is dead, so that there is a gradient for every weight that is used.
    bilm = make_bilm(cell_clip=0.0, projection_clip=0.0, activation="tanh")
    grown = grow(bilm, bilm.options.replace(**growth))
    ids, optimizer = batch_to_ids(SENTENCES), torch.optim.SGD(grown.parameters(), lr=0.01)
    wanted = torch.randn(grown.output_dim)
    for _ in range(2):
        optimizer.zero_grad()
        ((grown(ids).layers[0] - wanted) ** 2).mean().backward()
        optimizer.step()
    for name, weight in grown.named_parameters():
        if name.startswith(("lstm", "char_cnn.projection")):
            assert weight.grad is not None
            assert (weight.grad != 0).all(), name


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cell_dim": 11}, "has cell_dim 12, and cell_dim 11 is asked for: it can be given a larger cell_dim and"),
        ({"projection_dim": 6}, "has projection_dim 7, and projection_dim 6 is"),
        ({"filters": ((1, 4), (2, 6))}, r"has filters \(\(1, 4\), \(2, 6\), \(5, 9\)\), and filters \(\(1, 4\), \(2"),
        ({"character_dim": 6}, "has character_dim 5, and character_dim 6 is"),
        ({"num_highway": 2}, "has num_highway 1, and num_highway 2 is"),
        ({"activation": "tanh"}, "has activation relu, and activation tanh is"),
        ({"projection_after_highway": False}, "has projection_after_highway True, and projection_after_highway False"),
        ({"num_layers": 3}, "has num_layers 2, and num_layers 3 is"),
        ({"skip_connections": False}, "has skip_connections True, and skip_connections False is"),
        ({"cell_clip": 3.0}, "has cell_clip 0.6, and cell_clip 3.0 is"),
        ({"projection_clip": 0.0}, "has projection_clip 0.3, and projection_clip 0.0 is"),
    ],
)
def test_what_cannot_be_grown(asked: dict[str, Any], message: str, make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    with pytest.raises(GrowthError, match=message) as raised:
        grow(bilm, bilm.options.replace(**{"projection_dim": 8, **asked}))
    assert "\n" not in str(raised.value)


def test_8_bit_numbers_cannot_be_grown(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm().requires_grad_(False).to_precision(torch.int8)
    with pytest.raises(GrowthError, match="grow it before it is converted"):
        grow(bilm, bilm.options)
