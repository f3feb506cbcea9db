"""Where a text's tokens are with respect to an entity."""

import torch
from overrides import overrides
from torch import Tensor, nn


def distances(spans: Tensor, tokens: int) -> Tensor:
    """
    How many tokens each token is away from an entity: 0 in it, negative before it, positive behind it.

    # Parameters

    spans : `Tensor`
        Each text's entity, its first and its last token. Shape `(batch, 2)`.
    tokens : `int`
        The length of the longest text.

    # Returns

    `Tensor`
        Shape `(batch, tokens)`.
    """
    places = torch.arange(tokens, device=spans.device)
    first, last = spans[:, :1], spans[:, 1:]  # (batch, 1)
    return (places - last).clamp(min=0) - (first - places).clamp(min=0)


class PositionEmbedding(nn.Module):
    """
    A learned vector for each distance from an entity (Zeng et al. 2014).

    # Parameters

    dim : `int`
        Length of a vector.
    max_distance : `int`
        Tokens that are further away have the vector of this distance.
    """

    def __init__(self, dim: int, max_distance: int) -> None:
        super().__init__()
        self._max_distance = max_distance
        self.embedding = nn.Embedding(2 * max_distance + 1, dim)

    @overrides(check_signature=False)
    def forward(self, distances: Tensor) -> Tensor:
        """Shapes `(batch, tokens)` to `(batch, tokens, dim)`."""
        return self.embedding(distances.clamp(-self._max_distance, self._max_distance) + self._max_distance)
