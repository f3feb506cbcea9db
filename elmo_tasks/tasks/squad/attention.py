"""
Attention between a passage and a question, and of a passage to itself.

Both compare two tokens by the trilinear similarity of Seo et al. 2017 (section 2.4, equation 1),
`w1 . x + w2 . y + w3 . (x * y)`, which is computed as `x . (w1 + w3 * y) + w2 . y`: one product of matrices, where the
vectors `[x; y; x * y]` of all pairs would be a tensor of shape `(batch, tokens, tokens, 3 * dim)`.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.padding import zero_padding

_NEVER = -30000.0
"""A score whose exponential is 0 beside any other score's, and which half precision can hold."""


class TrilinearSimilarity(nn.Module):
    """
    `w1 . x + w2 . y + w3 . (x * y)` of each `x` and each `y`. There is no bias, which no softmax would notice.

    # Parameters

    dim : `int`
        Length of a token's vector.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        # As for one linear layer from the three parts, side by side, to a number (Glorot and Bengio 2010).
        bound = math.sqrt(6 / (3 * dim + 1))
        self.weights = nn.Parameter(torch.empty(3, dim).uniform_(-bound, bound))

    def parts(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """
        # Parameters

        y : `Tensor`
            Shape `(batch, tokens, dim)`.

        # Returns

        `tuple[Tensor, Tensor]`
            What is to be multiplied with `x`, shape `(batch, tokens, dim)`, and what is to be added, shape
            `(batch, tokens)`.
        """
        x_weight, y_weight, product_weight = self.weights
        return x_weight + product_weight * y, y @ y_weight

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Shapes `(batch, x_tokens, dim)` and `(batch, y_tokens, dim)` to `(batch, x_tokens, y_tokens)`."""
        factor, summand = self.parts(y)
        return torch.baddbmm(summand[:, None, :], x, factor.transpose(1, 2))


class BidirectionalAttention(nn.Module):
    """
    What each of a passage's tokens sees of the question, and what all of them see of the passage (Seo et al. 2017,
    section 2.4).

    # Parameters

    dim : `int`
        Length of a token's vector.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.similarity = TrilinearSimilarity(dim)
        self.output_dim = 4 * dim

    def forward(self, passage: Tensor, passage_mask: Tensor, question: Tensor, question_mask: Tensor) -> Tensor:
        """
        # Parameters

        passage, question : `Tensor`
            Shapes `(batch, passage_tokens, dim)` and `(batch, question_tokens, dim)`.
        passage_mask, question_mask : `Tensor`
            Where there is a token; each row has one at least. Shapes `(batch, passage_tokens)` and
            `(batch, question_tokens)`, bool.

        # Returns

        `Tensor`
            `[h; u; h * u; h * g]`: the token, the question as it sees it, and the passage as the question sees it. Of
            shape `(batch, passage_tokens, 4 * dim)`.
        """
        passage, question = zero_padding(passage, passage_mask), zero_padding(question, question_mask)
        # Shape: (batch, passage_tokens, question_tokens)
        scores = self.similarity(passage, question)
        lowest = torch.finfo(scores.dtype).min
        scores = scores.masked_fill(~question_mask[:, None, :], lowest)
        # Shape: (batch, passage_tokens, dim)
        seen_question = scores.softmax(dim=-1) @ question
        # Shape: (batch, passage_tokens)
        relevance = scores.amax(dim=-1).masked_fill(~passage_mask, lowest)
        # Shape: (batch, 1, dim)
        seen_passage = relevance.softmax(dim=-1)[:, None, :] @ passage
        return torch.cat([passage, seen_question, passage * seen_question, passage * seen_passage], dim=-1)


class SelfAttention(nn.Module):
    """
    What each token sees of the others, itself left out (Clark and Gardner 2018, section 3.1, as their published code
    has it: a token may also look at nothing, with a learned score).

    The scores of all pairs of tokens go through PyTorch's fused attention, which keeps no matrix of them for the
    backward pass: to fold the similarity into a product of queries and keys, each token's vector gets one more
    dimension, and looking at nothing is one more key, whose value is zero. What is kept grows with the tokens, not
    with their square, but for a mask of pairs that all texts share: for 32 passages of 700 tokens and dim 180 some
    70 MB, where one matrix of scores is 63 MB and the vectors of all pairs would be 34 GB.

    # Parameters

    dim : `int`
        Length of a token's vector.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.similarity = TrilinearSimilarity(dim)
        self.nothing_score = nn.Parameter(torch.tensor(-1.0))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """
        # Parameters

        tokens : `Tensor`
            Shape `(batch, tokens, dim)`.
        mask : `Tensor`
            Where there is a token. Shape `(batch, tokens)`, bool.

        # Returns

        `Tensor`
            Shape `(batch, tokens, dim)`; zeros for a token that is alone.
        """
        number, dim = tokens.shape[1:]
        tokens = zero_padding(tokens, mask)
        factor, summand = self.similarity.parts(tokens)
        summand = summand.masked_fill(~mask, _NEVER)
        # Behind the vectors the added dimension, and zeros up to a multiple of 8, which suits the fused kernels.
        zeros = -(dim + 1) % 8
        # Shape: (batch, tokens, dim + 1 + zeros)
        queries = F.pad(F.pad(tokens, (0, 1), value=1.0), (0, zeros))
        keys = F.pad(torch.cat([factor, summand[:, :, None]], dim=-1), (0, zeros))
        # Shape: (dim + 1 + zeros,)
        nothing = F.pad(self.nothing_score[None].to(keys), (dim, zeros))
        # Shape: (batch, tokens + 1, dim + 1 + zeros)
        keys = torch.cat([keys, nothing.expand(len(keys), 1, -1)], dim=1)
        values = F.pad(tokens, (0, 1 + zeros, 0, 1))
        # Shape: (tokens, tokens + 1)
        others = ~torch.eye(number, number + 1, dtype=torch.bool, device=tokens.device)
        # Shape: (batch, 1, tokens, dim + 1 + zeros)
        seen = F.scaled_dot_product_attention(
            queries[:, None], keys[:, None], values[:, None], attn_mask=others, scale=1.0
        )
        return seen[:, 0, :, :dim]
