import pytest
import torch
from torch import nn

from elmo_tasks.tasks.coreference import layers
from elmo_tasks.tasks.coreference.layers import PairScores, SpanVectors
from elmo_tasks.tasks.coreference.spans import Antecedents, all_spans, nearest


def vectors(dropout: float = 0.0) -> SpanVectors:
    module = SpanVectors(encoded_dim=4, input_dim=3, max_width=3, width_dim=2, dropout=nn.Dropout(dropout))
    assert module.get_output_dim() == 4 + 4 + 3 + 2
    return module


@torch.no_grad()
def test_a_spans_vector_by_hand() -> None:
    module, encoded, inputs = vectors(), torch.randn(5, 4), torch.randn(5, 3)
    spans = all_spans(torch.tensor([2, 3]), 3)
    scores = module.head_scores(encoded).squeeze(-1)
    for (start, end), vector in zip(spans.pairs(), module(encoded, inputs, spans), strict=True):
        head = scores[start:end].softmax(dim=0) @ inputs[start:end]
        expected = torch.cat([encoded[start], encoded[end - 1], head, module.widths.weight[end - start - 1]])
        torch.testing.assert_close(vector, expected)


def test_through_a_layer_without_the_vectors() -> None:
    module, layer = vectors(), nn.Linear(13, 6)
    encoded, inputs = torch.randn(7, 4, requires_grad=True), torch.randn(7, 3, requires_grad=True)
    spans = all_spans(torch.tensor([4, 3]), 3)
    parameters = [encoded, inputs, *module.parameters(), *layer.parameters()]
    expected = layer(module(encoded, inputs, spans))
    actual = module.through(layer, encoded, inputs, spans)
    torch.testing.assert_close(actual, expected)
    weights = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad((actual * weights).sum(), parameters),
        torch.autograd.grad((expected * weights).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def pair_scores_by_hand(
    module: PairScores, spans: torch.Tensor, antecedents: Antecedents, features: torch.Tensor
) -> torch.Tensor:
    """With the vectors of all pairs."""
    theirs = spans[antecedents.places]
    ours = spans[:, None].expand_as(theirs)
    return module.rest(module.first(torch.cat([ours, theirs, ours * theirs, features], dim=-1))).squeeze(-1)


@pytest.mark.parametrize("at_once", [1, 30, 10**6])
@pytest.mark.parametrize("hidden_layers", [1, 2, 3])
def test_pairs_in_shares_are_pairs_at_once(at_once: int, hidden_layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "AT_ONCE", at_once)
    module = PairScores(5, 2, 4, hidden_layers, nn.Dropout(0.0))
    spans, antecedents = torch.randn(6, 5, requires_grad=True), nearest(6, 3, torch.device("cpu"))
    features = torch.randn(6, 3, 2, requires_grad=True)
    actual = module(spans, antecedents, features)
    expected = pair_scores_by_hand(module, spans, antecedents, features)
    torch.testing.assert_close(actual, expected)
    parameters = [spans, features, *module.parameters()]
    weights = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad((actual * weights).sum(), parameters),
        torch.autograd.grad((expected * weights).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_a_span_without_any_before_it() -> None:
    module = PairScores(5, 2, 4, 2, nn.Dropout(0.0))
    antecedents = nearest(1, 3, torch.device("cpu"))
    assert module(torch.randn(1, 5), antecedents, torch.randn(1, 0, 2)).shape == (1, 0)
