"""A text's token vectors as one vector."""

from collections.abc import Sequence
from typing import Any

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.nn.util import masked_max, masked_mean
from overrides import overrides
from torch import Tensor, nn

POOLINGS = ("max", "mean", "attention")


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
        `"max"` and `"mean"` are each dimension's. `"attention"` is the mean weighted by the softmax of
        v · tanh(W h + b), where h is the token's vector and v, W and b are learned.

    # Raises

    `ConfigurationError`
        If there is no such pooling, or none is named.
    """

    def __init__(self, dim: int, poolings: Sequence[str] = POOLINGS) -> None:
        super().__init__()
        named = [name for name in POOLINGS if name in poolings]
        if not poolings or len(named) != len(poolings):
            raise ConfigurationError(f"pooling is {poolings!r}; it must be a list of some of {', '.join(POOLINGS)}.")
        self._poolings = tuple(poolings)
        self._dim = dim
        if "attention" in poolings:
            self.attention = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, 1, bias=False))

    def get_output_dim(self) -> int:
        """Length of a text's vector."""
        return len(self._poolings) * self._dim

    @overrides(check_signature=False)
    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Parameters as of `mean_and_max`. Shape `(texts, output_dim)`."""
        ways = {"max": _max, "mean": _mean, "attention": self._attended}
        return torch.cat([ways[name](vectors, mask) for name in self._poolings], dim=-1)

    def _attended(self, vectors: Tensor, mask: Tensor) -> Tensor:
        # Shape: (texts, tokens)
        scores = self.attention(vectors).squeeze(-1)
        # AllenNLP's masked softmax takes no bfloat16.
        weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1)
        return torch.einsum("bt,btd->bd", weights, vectors)


def _mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """Shape `(texts, dim)`."""
    return masked_mean(vectors, _each(mask), dim=1)


def _max(vectors: Tensor, mask: Tensor) -> Tensor:
    """Shape `(texts, dim)`."""
    return masked_max(vectors, _each(mask), dim=1)


def _each(mask: Tensor) -> Any:
    """Shape `(texts, tokens, 1)`."""
    return mask[:, :, None]
