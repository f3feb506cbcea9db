"""From a document's token vectors to vectors of spans, and to scores of pairs of spans."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from elmo_tasks.tasks.coreference.spans import Antecedents, Spans

AT_ONCE = 2**24
"""So many numbers in the product of pairs' vectors are there at once: 64 MB."""


class SpanVectors(nn.Module):
    """
    A span's vector: those of its first and of its last token as the encoder gives them, its head as a mean of the
    encoder's input, weighted by attention within the span, and a vector of its width (Lee et al. 2017, section 4).

    # Parameters

    encoded_dim, input_dim : `int`
        Length of a token's vector as the encoder gives it, and at the encoder's input.
    max_width : `int`
        In tokens.
    width_dim : `int`
        Length of the vector of a width.
    dropout : `nn.Module`
        Of that vector.
    """

    def __init__(self, encoded_dim: int, input_dim: int, max_width: int, width_dim: int, dropout: nn.Module) -> None:
        super().__init__()
        self.head_scores = nn.Linear(encoded_dim, 1)
        self.widths = nn.Embedding(max_width, width_dim)
        self.dropout = dropout
        self._dims = [encoded_dim, encoded_dim, input_dim, width_dim]

    def get_output_dim(self) -> int:
        """Length of a span's vector."""
        return sum(self._dims)

    def forward(self, encoded: Tensor, inputs: Tensor, spans: Spans) -> Tensor:
        """
        # Parameters

        encoded, inputs : `Tensor`
            A document's tokens, after the encoder and before it. Shapes `(tokens, encoded_dim)`, `(tokens, input_dim)`.
        spans : `Spans`

        # Returns

        `Tensor`
            Shape `(spans, output_dim)`.
        """
        return torch.cat(
            self._parts(encoded, encoded, encoded, inputs, self.dropout(self.widths.weight), spans), dim=-1
        )

    def through(self, layer: nn.Linear, encoded: Tensor, inputs: Tensor, spans: Spans) -> Tensor:
        """
        What a linear layer makes of the vectors of many spans, without these vectors: the layer's parts are applied to
        the tokens, which are far fewer, and then put together as the vectors would be. Parameters as above. Shape
        `(spans, layer's outputs)`.
        """
        first, last, head, width = layer.weight.split(self._dims, dim=1)
        widths = F.linear(self.dropout(self.widths.weight), width, layer.bias)
        starts, ends, heads = F.linear(encoded, first), F.linear(encoded, last), F.linear(inputs, head)
        one, two, three, four = self._parts(encoded, starts, ends, heads, widths, spans)
        return one + two + three + four

    def _parts(
        self, encoded: Tensor, starts: Tensor, ends: Tensor, inputs: Tensor, widths: Tensor, spans: Spans
    ) -> list[Tensor]:
        """Of the spans, what `starts`, `ends` and `inputs` have of their tokens, and `widths` of each width."""
        scores = self.head_scores(encoded).squeeze(-1)  # (tokens,)
        heads = _heads(scores, inputs, spans, len(widths))
        return [starts[spans.starts], ends[spans.ends - 1], heads, widths[spans.widths - 1]]


def _heads(scores: Tensor, inputs: Tensor, spans: Spans, max_width: int) -> Tensor:
    """
    Each span's mean of its tokens' inputs, weighted by the softmax of their scores. Shape `(spans, dim)`.

    All spans that begin at a token are made at once from the `max_width` tokens from there on, so that nothing is as
    large as spans times width times dim.
    """
    # Shape: (tokens, max_width)
    windows = F.pad(scores, (0, max_width - 1)).unfold(0, max_width, 1)
    outside = torch.ones(max_width, max_width, dtype=torch.bool, device=scores.device).triu(diagonal=1)
    # Shape: (tokens, max_width, max_width): of a first token and a width, each token's weight
    weights = windows[:, None].masked_fill(outside, float("-inf")).softmax(dim=-1)
    # Shape: (tokens, max_width, dim)
    following = F.pad(inputs, (0, 0, 0, max_width - 1)).unfold(0, max_width, 1).transpose(1, 2)
    heads = weights.to(inputs.dtype) @ following
    return heads[spans.starts, spans.widths - 1]


def after_first_layer(hidden_dim: int, hidden_layers: int, dropout: nn.Module) -> nn.Sequential:
    """
    The rest of a feed-forward network to one number whose first hidden layer is computed elsewhere. After each hidden
    layer there are ReLU and dropout.
    """
    more: list[nn.Module] = []
    for _ in range(hidden_layers - 1):
        more += [nn.Linear(hidden_dim, hidden_dim), nn.ReLU(), dropout]
    return nn.Sequential(nn.ReLU(), dropout, *more, nn.Linear(hidden_dim, 1))


class PairScores(nn.Module):
    """
    How well each span fits earlier ones: a feed-forward network of the vectors of both, their product and the pair's
    features (Lee et al. 2017, section 4).

    The first layer is computed of the spans and not of the pairs where it can be, and the products are made for some
    spans at a time, and in training again for the gradients. So memory is `AT_ONCE` and a few numbers a pair, whatever
    the length of a span's vector.

    # Parameters

    span_dim, feature_dim : `int`
        Length of a span's vector, and of a pair's features.
    hidden_dim, hidden_layers : `int`
    dropout : `nn.Module`
        After each hidden layer.
    """

    def __init__(
        self, span_dim: int, feature_dim: int, hidden_dim: int, hidden_layers: int, dropout: nn.Module
    ) -> None:
        super().__init__()
        self.first = nn.Linear(3 * span_dim + feature_dim, hidden_dim)
        self.rest = after_first_layer(hidden_dim, hidden_layers, dropout)
        self._dims = [span_dim, span_dim, span_dim, feature_dim]

    def forward(self, spans: Tensor, antecedents: Antecedents, features: Tensor) -> Tensor:
        """
        # Parameters

        spans : `Tensor`
            Shape `(kept, span_dim)`.
        antecedents : `Antecedents`
        features : `Tensor`
            Shape `(kept, most, feature_dim)`.

        # Returns

        `Tensor`
            Shape `(kept, most)`.
        """
        later, earlier, product, feature = self.first.weight.split(self._dims, dim=1)
        # Shapes: (kept, hidden_dim)
        ours, theirs = F.linear(spans, later, self.first.bias), F.linear(spans, earlier)

        def of_some(rows: slice) -> Tensor:
            places = antecedents.places[rows]
            # Shape, of each: (rows, most, hidden_dim)
            products = F.linear(spans[rows, None] * spans[places], product)
            hidden = ours[rows, None] + theirs[places] + products + F.linear(features[rows], feature)
            return self.rest(hidden).squeeze(-1)

        shares = list(self._shares(*antecedents.places.shape))
        if len(shares) == 1:
            return of_some(shares[0])
        return torch.cat([checkpoint(of_some, rows, use_reentrant=False) for rows in shares])

    def _shares(self, kept: int, most: int) -> Iterator[slice]:
        step = max(AT_ONCE // max(most * self._dims[0], 1), 1)
        return (slice(start, start + step) for start in range(0, kept, step))
