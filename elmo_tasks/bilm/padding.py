"""What stands where a batch has no token, which must not matter."""

from collections.abc import Sequence

from torch import Tensor


def zero_padding(vectors: Tensor, mask: Tensor) -> Tensor:
    """
    The vectors with zeros for padding, whatever stood there: infinity and NaN survive a multiplication by zero, in the
    result as in the gradients of the weights, and half precision puts them there sooner or later.

    # Parameters

    vectors : `Tensor`
        Shape `(batch, ..., tokens, dim)`.
    mask : `Tensor`
        Where there is a token. Shape `(batch, ..., tokens)`, bool.

    # Returns

    `Tensor`
        Shape `(batch, ..., tokens, dim)`.
    """
    return vectors.masked_fill(~mask.unsqueeze(-1), 0)


def pad_ids(sentences: Sequence[Tensor]) -> Tensor:
    """
    Sentences' ids as one batch, with zeros behind the shorter ones.

    # Parameters

    sentences : `Sequence[Tensor]`
        At least one; each of shape `(its tokens, its ids of a token)`.

    # Returns

    `Tensor`
        Shape `(batch, most tokens, most ids of a token)`.
    """
    tokens, width = (max(sizes) for sizes in zip(*(ids.shape for ids in sentences), strict=True))
    padded = sentences[0].new_zeros(len(sentences), tokens, width)
    for row, ids in zip(padded, sentences, strict=True):
        row[: ids.shape[0], : ids.shape[1]] = ids
    return padded
