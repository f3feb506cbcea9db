"""
A biLM made larger that computes what it did before (Chen, Goodfellow and Shlens 2016, "Net2Net").

A part of the network has more inputs and outputs then. Its old outputs are the old function of its old inputs, and have
zeros for its new ones. Its new outputs have random weights for all inputs, so that there is a gradient for them, and by
way of them for those zeros.
"""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.lstm import LstmLayer
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.options import BiLMOptions

_GROWING = ("cell_dim", "projection_dim")


class GrowthError(ValueError):
    """A biLM cannot be grown to what is asked for."""


def grow(bilm: BiLM, options: BiLMOptions) -> BiLM:
    """
    A biLM of another size that begins as this one: in each layer and direction its first numbers are this one's.

    # Parameters

    bilm : `BiLM`
    options : `BiLMOptions`
        `cell_dim` and `projection_dim` may be larger than the biLM's; all others must be its own.

    # Returns

    `BiLM`
        In float32, with weights of its own. The new ones are random, as in any new biLM.

    # Raises

    `GrowthError`
        Names what differs, and both values.
    """
    if bilm.dtype == torch.int8:
        raise GrowthError("A biLM of 8-bit numbers cannot be grown: grow it before it is converted.")
    check_growth(bilm.options, options)
    grown = BiLM(options, bilm.stateful).to(bilm.device)
    with torch.no_grad():
        _grow_char_cnn(grown.char_cnn, bilm.char_cnn)
        for new, old in zip(grown.lstm.layers, bilm.lstm.layers, strict=True):
            _grow_lstm_layer(new, old)  # type: ignore[arg-type]
    return grown


def check_growth(old: BiLMOptions, new: BiLMOptions) -> None:
    """Raises `GrowthError` where a biLM of the old options cannot be grown to the new ones."""
    asked = asdict(new)
    for field, value in asdict(old).items():
        if value != asked[field] and not (field in _GROWING and value < asked[field]):
            raise GrowthError(
                f"The biLM has {field} {value}, and {field} {asked[field]} is asked for: it can be given a larger "
                "cell_dim and projection_dim, and nothing else."
            )


def _grow_char_cnn(new: CharCnn, old: CharCnn) -> None:
    new.character_embedding.copy_(old.character_embedding)
    new.convolutions.load_state_dict(old.convolutions.state_dict())
    _grow_linear(new.projection, old.projection)
    # What is in a module list has no type.
    highways: Any = zip(new.highways, old.highways, strict=True)
    for new_highway, old_highway in highways:
        _grow_linear(new_highway.transform, old_highway.transform)
        _grow_linear(new_highway.carry, old_highway.carry)


def _grow_linear(new: nn.Linear, old: nn.Linear) -> None:
    inputs, outputs = torch.arange(old.in_features), torch.arange(old.out_features)
    _put(new.weight.t(), old.weight.t(), inputs, outputs)
    new.bias[outputs] = old.bias


def _grow_lstm_layer(new: LstmLayer, old: LstmLayer) -> None:
    cells, numbers = torch.arange(old.cell_dim), torch.arange(old.projection_dim)
    # In a layer's weight. The rows are the input's, as many as the projection's in a biLM, then the recurrent output's.
    rows = torch.cat([numbers, new.projection_dim + numbers])
    columns = torch.cat([gate * new.cell_dim + cells for gate in range(4)])
    _put(new.weight, old.weight, rows, columns)
    new.bias[:, columns] = old.bias
    _put(new.projection_weight, old.projection_weight, cells, numbers)


def _put(new: Tensor, old: Tensor, rows: Tensor, columns: Tensor) -> None:
    """
    Puts an old matrix into a new one, to give the old outputs.

    # Parameters

    new, old : `Tensor`
        Shape `(..., inputs, outputs)`.
    rows, columns : `Tensor`
        Where the old inputs and outputs are in the new matrix.
    """
    new[..., columns] = 0.0
    new[..., rows.unsqueeze(1), columns] = old
