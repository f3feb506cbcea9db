"""
ESIM's attention between premise and hypothesis (Chen et al. 2017).

A batch's premises and hypotheses are treated alike: they stand in one tensor, the premises above the hypotheses, so
that each part of the model runs once.
"""

import torch
from torch import Tensor

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.modules.attention import attend


def align(encoded: Tensor, mask: Tensor) -> Tensor:
    """
    For each token the other text's tokens, weighted by how similar they are to it: soft alignment (section 3.2).

    # Parameters

    encoded : `Tensor`
        Premises above hypotheses. Shape `(2 * batch, tokens, dim)`.
    mask : `Tensor`
        True where there is a token; each text has one at least. Shape `(2 * batch, tokens)`.

    # Returns

    `Tensor`
        Shape `(2 * batch, tokens, dim)`.
    """
    encoded = zero_padding(encoded, mask)
    # Hypotheses above premises. Shapes: (2 * batch, tokens, dim), (2 * batch, tokens)
    others, others_mask = (tensor.roll(len(tensor) // 2, dims=0) for tensor in (encoded, mask))
    # Shape: (2 * batch, tokens, the other's tokens)
    similarity = encoded @ others.transpose(1, 2)
    return attend(similarity, others, others_mask)


def enhance(encoded: Tensor, aligned: Tensor) -> Tensor:
    """
    The tokens, what they are aligned with, their difference and their product (section 3.2).

    Both of shape `(2 * batch, tokens, dim)`, the result of shape `(2 * batch, tokens, 4 * dim)`.
    """
    return torch.cat([encoded, aligned, encoded - aligned, encoded * aligned], dim=-1)
