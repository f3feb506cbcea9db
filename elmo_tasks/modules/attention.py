"""Soft attention over a text's tokens."""

from torch import Tensor


def attend(scores: Tensor, vectors: Tensor, mask: Tensor) -> Tensor:
    """
    For each query the mean of a text's vectors, weighted by the softmax of their scores.

    # Parameters

    scores : `Tensor`
        Shape `(texts, queries, tokens)`.
    vectors : `Tensor`
        Finite where there is no token. Shape `(texts, tokens, dim)`.
    mask : `Tensor`
        True where there is a token; each text has one at least. Shape `(texts, tokens)`.

    # Returns

    `Tensor`
        Shape `(texts, queries, dim)`.
    """
    # AllenNLP's masked softmax takes no bfloat16. Shape: (texts, queries, tokens)
    weights = scores.masked_fill(~mask[:, None, :], float("-inf")).softmax(dim=-1)
    return weights.to(vectors.dtype) @ vectors
