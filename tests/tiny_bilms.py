"""Tiny biLMs with random weights; fixtures for the tests of `bilm` and of what stands on it."""

from collections.abc import Callable

import pytest
import torch

from elmo_tasks.bilm import BiLM, BiLMOptions

TINY = BiLMOptions(
    character_dim=5,
    filters=((1, 4), (2, 6), (5, 9)),
    num_highway=1,
    cell_dim=12,
    projection_dim=7,
    num_layers=2,
    # Tight enough to be hit now and then.
    cell_clip=0.6,
    projection_clip=0.3,
)


@pytest.fixture
def tiny() -> BiLMOptions:
    """The options of a tiny biLM."""
    return TINY


@pytest.fixture
def make_bilm() -> Callable[..., BiLM]:
    """Makes a tiny biLM with random weights: `make_bilm(stateful=False, **changed_options)`."""

    def make(stateful: bool = False, **changes: object) -> BiLM:
        bilm = BiLM(TINY.replace(**changes), stateful)
        with torch.no_grad():
            for parameter in bilm.parameters():
                parameter.normal_(std=0.4)
            bilm.char_cnn.character_embedding[0] = 0.0
        return bilm

    return make
