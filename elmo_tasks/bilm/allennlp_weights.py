"""A biLM's state dict in the names and shapes of AllenNLP's `_ElmoBiLm`, and back."""

from collections.abc import Iterator, Mapping
from itertools import count, takewhile

import torch
from torch import Tensor

from elmo_tasks.bilm.lstm import FORGET_BIAS

_LSTM = "_elmo_lstm.{direction}_layer_{number}"
_DIRECTIONS = ("forward", "backward")


def to_allennlp(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """
    # Parameters

    weights : `Mapping[str, Tensor]`
        The state dict of a `BiLM`.

    # Returns

    `dict[str, Tensor]`
        The same biLM's state dict in AllenNLP.
    """
    renamed = {theirs: weights[ours] for ours, theirs in _renamed(weights, "char_cnn.convolutions.{}.weight")}
    for number in _numbers(weights, "char_cnn.highways.{}.carry.weight"):
        for kind in ("weight", "bias"):
            transform, carry = (weights[f"char_cnn.highways.{number}.{part}.{kind}"] for part in ("transform", "carry"))
            # AllenNLP's gate is how much of the input stays, ours and bilm-tf's how much of it goes.
            renamed[f"_token_embedder._highways._layers.{number}.{kind}"] = torch.cat([transform, -carry])
    for number in _numbers(weights, "lstm.layers.{}.weight"):
        weight, bias, projection = (
            weights[f"lstm.layers.{number}.{name}"] for name in ("weight", "bias", "projection_weight")
        )
        for direction, name in enumerate(_DIRECTIONS):
            layer = _LSTM.format(direction=name, number=number)
            # Shape: (4 * cell_dim, input_dim + projection_dim)
            both = _with_gates_swapped(weight[direction].t())
            dim = projection.shape[2]
            renamed[f"{layer}.input_linearity.weight"] = both[:, :-dim].contiguous()
            renamed[f"{layer}.state_linearity.weight"] = both[:, -dim:].contiguous()
            renamed[f"{layer}.state_linearity.bias"] = _with_forget_bias(_with_gates_swapped(bias[direction]), 1)
            renamed[f"{layer}.state_projection.weight"] = projection[direction].t().contiguous()
    return renamed


def from_allennlp(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """
    # Parameters

    weights : `Mapping[str, Tensor]`
        The state dict of AllenNLP's `_ElmoBiLm`. What of it is no biLM's, such as cached words, is left out.

    # Returns

    `dict[str, Tensor]`
        The same biLM's state dict as a `BiLM`.

    # Raises

    `KeyError`
        If a layer is not whole.
    """
    renamed = {ours: weights[theirs] for ours, theirs in _renamed(weights, "_token_embedder.char_conv_{}.weight")}
    for number in _numbers(weights, "_token_embedder._highways._layers.{}.weight"):
        for kind in ("weight", "bias"):
            transform, carry = weights[f"_token_embedder._highways._layers.{number}.{kind}"].chunk(2)
            renamed[f"char_cnn.highways.{number}.transform.{kind}"] = transform
            renamed[f"char_cnn.highways.{number}.carry.{kind}"] = -carry
    for number in _numbers(weights, _LSTM.format(direction="forward", number="{}") + ".input_linearity.weight"):
        layers = [_LSTM.format(direction=name, number=number) for name in _DIRECTIONS]
        parts = ("input_linearity", "state_linearity")
        both = [torch.cat([weights[f"{layer}.{part}.weight"] for part in parts], dim=1) for layer in layers]
        biases = [_with_forget_bias(weights[f"{layer}.state_linearity.bias"], -1) for layer in layers]
        renamed[f"lstm.layers.{number}.weight"] = torch.stack([_with_gates_swapped(weight).t() for weight in both])
        renamed[f"lstm.layers.{number}.bias"] = torch.stack([_with_gates_swapped(bias) for bias in biases])
        renamed[f"lstm.layers.{number}.projection_weight"] = torch.stack(
            [weights[f"{layer}.state_projection.weight"].t() for layer in layers]
        )
    return renamed


def pop_allennlp(weights: dict[str, Tensor], prefix: str, errors: list[str]) -> dict[str, Tensor]:
    """
    Takes AllenNLP's biLM out of a state dict that is being loaded.

    # Parameters

    weights : `dict[str, Tensor]`
        What begins with `prefix` is taken out.
    prefix : `str`
    errors : `list[str]`
        Gets a line if a weight is missing.

    # Returns

    `dict[str, Tensor]`
        A state dict for `BiLM`; empty if a weight is missing.
    """
    given = {key.removeprefix(prefix): weights.pop(key) for key in list(weights) if key.startswith(prefix)}
    try:
        return from_allennlp(given)
    except KeyError as error:
        errors.append(f"{prefix}{error.args[0]} is missing.")
        return {}


def _renamed(weights: Mapping[str, Tensor], convolution: str) -> Iterator[tuple[str, str]]:
    """Our name and AllenNLP's of the weights that differ in their names only, as far as there are any."""
    pairs = [("char_cnn.character_embedding", "_token_embedder._char_embedding_weights")]
    modules = [("char_cnn.projection", "_token_embedder._projection")]
    modules += [
        (f"char_cnn.convolutions.{number}", f"_token_embedder.char_conv_{number}")
        for number in _numbers(weights, convolution)
    ]
    pairs += [(f"{ours}.{kind}", f"{theirs}.{kind}") for ours, theirs in modules for kind in ("weight", "bias")]
    return (pair for pair in pairs if pair[0] in weights or pair[1] in weights)


def _numbers(weights: Mapping[str, Tensor], name: str) -> Iterator[int]:
    """0, 1, ... as long as there are weights of that name."""
    return takewhile(lambda number: name.format(number) in weights, count())


def _with_gates_swapped(weight: Tensor) -> Tensor:
    """From input, candidate, forget, output to input, forget, candidate, output, or back: `(4 * cell_dim, ...)`."""
    first, second, third, fourth = weight.chunk(4)
    return torch.cat([first, third, second, fourth])


def _with_forget_bias(bias: Tensor, times: int) -> Tensor:
    """AllenNLP's bias has it in it; its gates are in AllenNLP's order. Shape `(4 * cell_dim,)`."""
    bias = bias.clone()
    bias.chunk(4)[1].add_(times * FORGET_BIAS)
    return bias
