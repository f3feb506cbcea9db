"""What stands where a batch has no token, which must not matter."""

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
