"""A text's token vectors as one vector."""

from collections.abc import Sequence
from typing import Any

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.nn.util import masked_max, masked_mean
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.modules.attention import attend

POOLINGS = ("max", "mean", "attention")
"""Those of a `TextPooling` that is not told which."""

_ALL = (*POOLINGS, "min", "linear_attention")


def mean_and_max(vectors: Tensor, mask: Tensor) -> Tensor:
    """
    A text's mean and its maximum in each dimension, side by side.

    # Parameters

    vectors : `Tensor`
        Shape `(texts, tokens, dim)`.
    mask : `Tensor`
        True where there is a token; each text has one at least. Shape `(texts, tokens)`.

    # Returns

    `Tensor`
        Shape `(texts, 2 * dim)`.
    """
    return torch.cat([_mean(vectors, mask), _max(vectors, mask)], dim=-1)


class TextPooling(nn.Module):
    """
    A text's vectors pooled in several ways, side by side, as if there were no padding.

    # Parameters

    dim : `int`
        Length of a token's vector.
    poolings : `Sequence[str]`, optional (default = `("max", "mean", "attention")`)
        `"max"`, `"min"` and `"mean"` are each dimension's. `"attention"` is the mean weighted by the softmax of
        v · tanh(W h + b), where h is the token's vector and v, W and b are learned; `"linear_attention"` that by the
        softmax of v · h.

    # Raises

    `ConfigurationError`
        If there is no such pooling, or none is named.
    """

    def __init__(self, dim: int, poolings: Sequence[str] = POOLINGS) -> None:
        super().__init__()
        named = [name for name in _ALL if name in poolings]
        if not poolings or len(named) != len(poolings):
            raise ConfigurationError(f"pooling is {poolings!r}; it must be a list of some of {', '.join(_ALL)}.")
        self._poolings = tuple(poolings)
        self._dim = dim
        if "attention" in poolings:
            self.attention = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1, bias=False))
        if "linear_attention" in poolings:
            self.linear_attention = nn.Linear(dim, 1, bias=False)

    def get_output_dim(self) -> int:
        """Length of a text's vector."""
        return len(self._poolings) * self._dim

    @overrides(check_signature=False)
    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Parameters as of `mean_and_max`. Shape `(texts, output_dim)`."""
        return torch.cat([self._pooled(name, vectors, mask) for name in self._poolings], dim=-1)

    def _pooled(self, name: str, vectors: Tensor, mask: Tensor) -> Tensor:
        """Shape `(texts, dim)`."""
        match name:
            case "max":
                return _max(vectors, mask)
            case "min":
                return -_max(-vectors, mask)
            case "mean":
                return _mean(vectors, mask)
        scores = (self.attention if name == "attention" else self.linear_attention)(vectors)  # (texts, tokens, 1)
        return attend(scores.transpose(1, 2), vectors, mask).squeeze(1)


def _mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """Shape `(texts, dim)`."""
    return masked_mean(vectors, _each(mask), dim=1)


def _max(vectors: Tensor, mask: Tensor) -> Tensor:
    """Shape `(texts, dim)`."""
    return masked_max(vectors, _each(mask), dim=1)


def _each(mask: Tensor) -> Any:
    """Shape `(texts, tokens, 1)`."""
    return mask[:, :, None]
