"""Several texts of a batch as one, so that what reads them runs once."""

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
        Shape `(sum of the batches, most tokens, ...)`; each further dimension, such as that of a word's characters, is
        as long as the longest too.
    """
    if len(texts) == 1:
        return texts[0]
    # Of all dimensions but the batch's.
    longest = [max(sizes) for sizes in zip(*(text.shape[1:] for text in texts), strict=True)]
    return torch.cat([_padded(text, longest) for text in texts])


def _padded(text: Tensor, sizes: Sequence[int]) -> Tensor:
    """Shape `(batch, *sizes)`."""
    missing = [size - there for size, there in zip(sizes, text.shape[1:], strict=True)]
    # PyTorch takes the last dimension first: what to add before it, and what after it.
    return F.pad(text, [number for after in reversed(missing) for number in (0, after)])
