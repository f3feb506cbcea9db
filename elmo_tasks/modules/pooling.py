"""A text's token vectors as one vector."""

from typing import Any

import torch
from allennlp.nn.util import masked_max, masked_mean
from torch import Tensor


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
    # Shape: (texts, tokens, 1)
    there: Any = mask[:, :, None]
    return torch.cat([masked_mean(vectors, there, dim=1), masked_max(vectors, there, dim=1)], dim=-1)
