"""From the passage as it sees the question to scores of an answer's start and end."""

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder
from torch import Tensor, nn

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.tasks.base.model import build
from elmo_tasks.tasks.squad.attention import SelfAttention

# The linear layers to scores have no bias, which no softmax would notice.


class BidafLayers(nn.Module):
    """
    The modeling layer and the output layer of Seo et al. 2017 (sections 2.5 and 2.6).

    # Parameters

    attended_dim : `int`
        Length of what the attention gives a token.
    modeling_layer, span_end_encoder : `Lazy[Seq2SeqEncoder]`
    dropout : `nn.Module`
        Of the input of each encoder and each linear layer.
    """

    def __init__(
        self,
        attended_dim: int,
        modeling_layer: Lazy[Seq2SeqEncoder],
        span_end_encoder: Lazy[Seq2SeqEncoder],
        dropout: nn.Module,
    ) -> None:
        super().__init__()
        self.modeling_layer = build(modeling_layer, attended_dim, "modeling_layer")
        modeled_dim = self.modeling_layer.get_output_dim()
        self.span_end_encoder = build(span_end_encoder, modeled_dim, "span_end_encoder")
        self.start_scores = nn.Linear(attended_dim + modeled_dim, 1, bias=False)
        self.end_scores = nn.Linear(attended_dim + self.span_end_encoder.get_output_dim(), 1, bias=False)
        self.dropout = dropout

    def forward(self, attended: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """
        # Parameters

        attended : `Tensor`
            Shape `(batch, tokens, attended_dim)`.
        mask : `Tensor`
            Where there is a token. Shape `(batch, tokens)`, bool.

        # Returns

        `tuple[Tensor, Tensor]`
            Scores of starts and of ends, each of shape `(batch, tokens)`.
        """
        attended = zero_padding(attended, mask)
        # Shape: (batch, tokens, modeled_dim)
        modeled = self.modeling_layer(self.dropout(attended), mask)
        ends = self.span_end_encoder(self.dropout(modeled), mask)
        # Shape: (batch, tokens, 1)
        start_scores = self.start_scores(self.dropout(torch.cat([attended, modeled], dim=-1)))
        end_scores = self.end_scores(self.dropout(torch.cat([attended, ends], dim=-1)))
        return start_scores.squeeze(-1), end_scores.squeeze(-1)


class SelfAttentionLayers(nn.Module):
    """
    What follows the bidirectional attention in Clark and Gardner 2018 (section 3.1; Peters et al. 2018, appendix A.3):
    a linear layer with ReLU; a residual layer of an encoder, self-attention and another linear layer with ReLU; an
    encoder for starts; and over what that one saw and gave an encoder for ends.

    # Parameters

    attended_dim : `int`
        Length of what the attention gives a token.
    dim : `int`
        Length of what the linear layers give.
    modeling_layer, span_start_encoder, span_end_encoder : `Lazy[Seq2SeqEncoder]`
    dropout : `nn.Module`
        Of the input of each encoder and each linear layer.
    """

    def __init__(
        self,
        attended_dim: int,
        dim: int,
        modeling_layer: Lazy[Seq2SeqEncoder],
        span_start_encoder: Lazy[Seq2SeqEncoder],
        span_end_encoder: Lazy[Seq2SeqEncoder],
        dropout: nn.Module,
    ) -> None:
        super().__init__()
        self.projection = nn.Linear(attended_dim, dim)
        self.modeling_layer = build(modeling_layer, dim, "modeling_layer")
        modeled_dim = self.modeling_layer.get_output_dim()
        self.self_attention = SelfAttention(modeled_dim)
        self.residual = nn.Linear(3 * modeled_dim, dim)
        self.span_start_encoder = build(span_start_encoder, dim, "span_start_encoder")
        starts_dim = self.span_start_encoder.get_output_dim()
        self.span_end_encoder = build(span_end_encoder, dim + starts_dim, "span_end_encoder")
        self.start_scores = nn.Linear(starts_dim, 1, bias=False)
        self.end_scores = nn.Linear(self.span_end_encoder.get_output_dim(), 1, bias=False)
        self.dropout = dropout

    def forward(self, attended: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes as in `BidafLayers`."""
        # Shape: (batch, tokens, dim)
        tokens = self.projection(self.dropout(zero_padding(attended, mask))).relu()
        tokens = self.dropout(tokens + self._residual(tokens, mask))
        starts = self.span_start_encoder(tokens, mask)
        ends = self.span_end_encoder(self.dropout(torch.cat([tokens, starts], dim=-1)), mask)
        # Shape: (batch, tokens, 1)
        start_scores, end_scores = self.start_scores(self.dropout(starts)), self.end_scores(self.dropout(ends))
        return start_scores.squeeze(-1), end_scores.squeeze(-1)

    def _residual(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Shape `(batch, tokens, dim)`, as that of `tokens`."""
        # Shape: (batch, tokens, modeled_dim)
        modeled = self.dropout(self.modeling_layer(self.dropout(tokens), mask))
        seen = self.self_attention(modeled, mask)
        return self.residual(self.dropout(torch.cat([modeled, seen, modeled * seen], dim=-1))).relu()
