from typing import Any

import numpy as np
import pytest
import torch
from allennlp.common import Lazy, Params
from allennlp.modules import Seq2SeqEncoder
from torch import Tensor, nn

from elmo_tasks.tasks.squad.layers import BidafLayers, SelfAttentionLayers

ATTENDED, DIM = 8, 5
LENGTHS = [6, 1, 4]


def encoder(hidden: int) -> Lazy[Seq2SeqEncoder]:
    """A bidirectional one."""
    return Lazy(Seq2SeqEncoder, Params({"type": "elmo_padded_gru", "hidden_size": hidden, "bidirectional": True}))


def bidaf(dropout: float = 0.0) -> BidafLayers:
    return BidafLayers(ATTENDED, encoder(3), encoder(2), nn.Dropout(dropout))


def clark_gardner(dropout: float = 0.0) -> SelfAttentionLayers:
    return SelfAttentionLayers(ATTENDED, DIM, encoder(3), encoder(2), encoder(4), nn.Dropout(dropout))


def encoded(part: nn.Module, vectors: np.ndarray) -> np.ndarray:
    """What an encoder makes of a text without padding."""
    output: Tensor = part(torch.from_numpy(vectors)[None], torch.ones(1, len(vectors), dtype=torch.bool))
    return output[0].numpy()


def linear(layer: nn.Module, vectors: np.ndarray) -> np.ndarray:
    bias = 0.0 if layer.bias is None else layer.bias.numpy()
    return vectors @ layer.weight.numpy().T + bias


def bidaf_by_hand(layers: Any, attended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M and M2 are encoders' of G and of M; starts are scored by w . [G; M], ends by w . [G; M2] (equations 3, 4)."""
    modeled = encoded(layers.modeling_layer, attended)
    ends = encoded(layers.span_end_encoder, modeled)
    scores = [
        [weights.numpy()[0] @ np.concatenate(pair) for pair in zip(attended, vectors, strict=True)]
        for weights, vectors in ((layers.start_scores.weight, modeled), (layers.end_scores.weight, ends))
    ]
    return np.array(scores[0]), np.array(scores[1])


def seen_by_hand(attention: Any, tokens: np.ndarray) -> np.ndarray:
    """For each token the mean of the others, weighted by the softmax of w . [x; y; x * y] and of a score of nothing."""
    weights, nothing = attention.similarity.weights.numpy().flatten(), attention.nothing_score.item()
    seen = np.zeros_like(tokens)
    for place, x in enumerate(tokens):
        others = [y for other, y in enumerate(tokens) if other != place]
        exponentials = [np.exp(weights @ np.concatenate([x, y, x * y])) for y in others]
        for exponential, y in zip(exponentials, others, strict=True):
            seen[place] += exponential * y / (sum(exponentials) + np.exp(nothing))
    return seen


def clark_gardner_by_hand(layers: Any, attended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sections 3.1 and 3.2 of the paper, "Self-Attention" and "Prediction"."""
    tokens = np.maximum(linear(layers.projection, attended), 0)
    modeled = encoded(layers.modeling_layer, tokens)
    seen = seen_by_hand(layers.self_attention, modeled)
    residual = linear(layers.residual, np.concatenate([modeled, seen, modeled * seen], axis=1))
    summed = tokens + np.maximum(residual, 0)
    starts = encoded(layers.span_start_encoder, summed)
    ends = encoded(layers.span_end_encoder, np.concatenate([summed, starts], axis=1))
    return linear(layers.start_scores, starts)[:, 0], linear(layers.end_scores, ends)[:, 0]


@torch.no_grad()
@pytest.mark.parametrize(("make", "by_hand"), [(bidaf, bidaf_by_hand), (clark_gardner, clark_gardner_by_hand)])
def test_are_the_papers(make: Any, by_hand: Any) -> None:
    layers = make().double()
    attended, mask = torch.randn(3, 6, ATTENDED).double(), torch.arange(6) < torch.tensor(LENGTHS)[:, None]
    scores = layers(attended, mask)
    assert [one.shape for one in scores] == [(3, 6), (3, 6)]
    for number, length in enumerate(LENGTHS):
        for one, expected in zip(scores, by_hand(layers, attended[number, :length].numpy()), strict=True):
            np.testing.assert_allclose(one[number, :length], expected, rtol=1e-7, atol=1e-9)


@torch.no_grad()
@pytest.mark.parametrize("make", [bidaf, clark_gardner])
def test_dropout_is_of_the_input_of_each_encoder_and_linear_layer(make: Any) -> None:
    # All is dropped, and so each of them sees nothing but zeros.
    layers = make(dropout=1.0)
    seen: list[Tensor] = []
    parts = [part for part in layers.children() if isinstance(part, nn.Linear | Seq2SeqEncoder)]
    for part in parts:
        part.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    layers(torch.randn(3, 6, ATTENDED), torch.ones(3, 6, dtype=torch.bool))
    assert len(seen) == len(parts) == (4 if make is bidaf else 7)
    assert not any(vectors.any() for vectors in seen)
