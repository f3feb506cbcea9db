"""Several texts of a batch as one tensor, so that what reads them runs once."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def stack(texts: Sequence[Tensor]) -> Tensor:
    """
    Puts texts above one another, such as premises above hypotheses; the shorter ones are padded with zeros.

    # Parameters

    texts : `Sequence[Tensor]`
        Ids, vectors or masks, each of shape `(its batch, its tokens, ...)`. A single one comes back as it is.

    # Returns

    `Tensor`
        Shape `(sum of the batches, most tokens, ...)`.
    """
    if len(texts) == 1:
        return texts[0]
    longest = max(text.shape[1] for text in texts)
    return torch.cat([F.pad(text, (0, 0) * (text.dim() - 2) + (0, longest - text.shape[1])) for text in texts])
