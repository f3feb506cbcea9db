"""Whatever stands in the padding of a module's input, its output and its gradients are the same."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from allennlp.common import Lazy, Params
from allennlp.modules import Seq2SeqEncoder
from torch import Tensor, nn

from elmo_tasks.bilm.boundaries import without_boundaries
from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.bilm.scalar_mix import ScalarMix
from elmo_tasks.modules.padded_rnn import PaddedRnn
from elmo_tasks.modules.pooling import mean_and_max
from elmo_tasks.tasks.ner.crf import Crf
from elmo_tasks.tasks.snli.attention import align
from elmo_tasks.tasks.squad.attention import BidirectionalAttention, SelfAttention
from elmo_tasks.tasks.squad.layers import BidafLayers, SelfAttentionLayers

DIM = 6
MASK = torch.arange(5) < torch.tensor([5, 1, 3, 4])[:, None]
TAGS = torch.randint(0, DIM, MASK.shape, generator=torch.Generator().manual_seed(0))


class Of(nn.Module):
    """A function, or a module called in another way, as a module that takes vectors and their mask."""

    def __init__(self, call: Callable[..., Any], *parts: nn.Module) -> None:
        super().__init__()
        self.call, self.parts = call, nn.ModuleList(parts)

    def forward(self, vectors: Tensor, mask: Tensor) -> Any:
        return self.call(*self.parts, vectors, mask)


def encoder(dim: int) -> Lazy[Seq2SeqEncoder]:
    return Lazy(Seq2SeqEncoder, Params({"type": "elmo_padded_gru", "hidden_size": dim}))


def self_attention_layers() -> nn.Module:
    return SelfAttentionLayers(DIM, 3, encoder(3), encoder(3), encoder(2), nn.Dropout(0.0))


def mix(layer_norm: str, **arguments: Any) -> nn.Module:
    module = ScalarMix(2, layer_norm=layer_norm, **arguments)
    return Of(lambda mix, vectors, mask: mix(torch.stack([vectors, vectors.flip(-1)], dim=1), mask), module)


MODULES: dict[str, Callable[[], nn.Module]] = {
    "zero_padding": lambda: Of(zero_padding),
    "lstm": lambda: PaddedRnn.lstm(DIM, 3, num_layers=2, bidirectional=True),
    "gru": lambda: PaddedRnn.gru(DIM, 3, num_layers=1),
    "pooling": lambda: Of(mean_and_max),
    "boundaries": lambda: Of(without_boundaries),
    "mix, norm of tokens": lambda: mix("token"),
    "mix, norm of one layer's tokens": lambda: mix("token", layers="last"),
    "mix, stock's norm": lambda: mix("stock"),
    "crf": lambda: Of(lambda crf, logits, mask: crf(logits, TAGS, mask), Crf(DIM)),
    "crf's decoding": lambda: Of(
        lambda crf, logits, mask: logits.new_tensor([tag for tags in crf.decode(logits, mask) for tag in tags]),
        Crf(DIM),
    ),
    "alignment": lambda: Of(align),
    "bidirectional attention": lambda: Of(
        lambda attention, vectors, mask: attention(vectors, mask, vectors.flip(0), mask.flip(0)),
        BidirectionalAttention(DIM),
    ),
    "self-attention": lambda: SelfAttention(DIM),
    "BiDAF's layers": lambda: BidafLayers(DIM, encoder(3), encoder(2), nn.Dropout(0.0)),
    "layers of self-attention": self_attention_layers,
}


def run(module: nn.Module, vectors: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """What the module gives where there is a token, and the gradients of its parameters and of the vectors."""
    module.zero_grad()
    vectors = vectors.clone().requires_grad_()
    given = module(vectors, MASK)
    outputs = [
        output.masked_fill(~MASK.view(*MASK.shape, *[1] * (output.dim() - 2)), 0)
        if output.shape[:2] == MASK.shape
        else output
        for output in (given if isinstance(given, tuple) else [given])
    ]
    if outputs[0].requires_grad:
        sum((output * output.detach().cos()).sum() for output in outputs).backward()
    leaves = [vectors, *module.parameters()]
    return outputs, [leaf.grad.clone() for leaf in leaves if leaf.grad is not None]


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf, torch.finfo(torch.float).min], ids=str)
@pytest.mark.parametrize("name", MODULES)
def test_what_stands_in_the_padding_does_not_matter(name: str, poison: float) -> None:
    module = MODULES[name]()
    vectors = torch.randn(*MASK.shape, DIM)
    expected, expected_gradients = run(module, vectors * MASK[:, :, None])
    outputs, gradients = run(module, torch.where(MASK[:, :, None], vectors, poison))
    assert len(gradients) == len(expected_gradients) > (0 if name != "crf's decoding" else -1)
    for one, other in zip(outputs + gradients, expected + expected_gradients, strict=True):
        assert torch.isfinite(other).all()
        torch.testing.assert_close(one, other)
