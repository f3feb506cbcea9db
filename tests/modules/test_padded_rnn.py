"""Recurrent encoders over padded batches against PyTorch's packed ones."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.modules import Seq2SeqEncoder
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

LENGTHS = [5, 1, 7, 0, 3]


def build(kind: str, **sizes: Any) -> Seq2SeqEncoder:
    torch.manual_seed(0)
    return Seq2SeqEncoder.from_params(Params({"type": kind, "input_size": 4, "hidden_size": 3, **sizes}))


def weights(stock: Seq2SeqEncoder, ours: Seq2SeqEncoder) -> Iterator[tuple[Tensor, Tensor]]:
    """Each of stock's parameters and our own."""
    for layers, suffix in ((ours.forward_layers, ""), (ours.backward_layers, "_reverse")):
        for number, rnn in enumerate(layers):
            for name, parameter in rnn.named_parameters():
                yield getattr(stock._module, name.replace("l0", f"l{number}") + suffix), parameter


def pair(kind: str, **sizes: Any) -> tuple[Seq2SeqEncoder, Seq2SeqEncoder]:
    """Stock's encoder, and ours with its weights."""
    stock, ours = build(kind, **sizes), build(f"elmo_padded_{kind}", **sizes)
    for theirs, own in weights(stock, ours):
        own.data.copy_(theirs)
    return stock, ours


def batch(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Vectors, of which padding is as large as any, and mask."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(len(lengths), max(lengths), 4, generator=generator)
    return inputs, torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_equals_the_packed_one(kind: str, bidirectional: bool, num_layers: int) -> None:
    stock, ours = pair(kind, bidirectional=bidirectional, num_layers=num_layers)
    inputs, mask = batch(LENGTHS)
    torch.testing.assert_close(ours(inputs, mask), stock(inputs, mask))
    assert (ours.get_input_dim(), ours.get_output_dim()) == (stock.get_input_dim(), stock.get_output_dim())
    assert ours.is_bidirectional() == stock.is_bidirectional()


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gradients_equal_the_packed_ones(kind: str) -> None:
    stock, ours = pair(kind, bidirectional=True, num_layers=2)
    gradients = []
    for encoder in (stock, ours):
        inputs, mask = batch(LENGTHS)
        encoder(inputs.requires_grad_(), mask).square().sum().backward()
        gradients.append(inputs.grad)
    torch.testing.assert_close(gradients[1], gradients[0])
    for theirs, own in weights(stock, ours):
        torch.testing.assert_close(own.grad, theirs.grad)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any))
def test_any_lengths_equal_the_packed_ones(lengths: list[int]) -> None:
    stock, ours = pair("lstm", bidirectional=True)
    inputs, mask = batch(lengths)
    torch.testing.assert_close(ours(inputs, mask), stock(inputs, mask))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_begins_with_the_weights_of_the_packed_one(kind: str) -> None:
    """The same seed gives the same model."""
    sizes = {"bidirectional": True, "num_layers": 2}
    pairs = list(weights(build(kind, **sizes), build(f"elmo_padded_{kind}", **sizes)))
    assert len(pairs) == 16
    for theirs, own in pairs:
        assert torch.equal(own, theirs)


def test_dropout_is_between_layers_and_only_in_training() -> None:
    encoder = build("elmo_padded_gru", num_layers=2, dropout=1.0)
    inputs, mask = batch([3, 2])
    trained = encoder(inputs, mask)
    assert not torch.equal(trained, encoder.eval()(inputs, mask))
    # What the second layer gives without any input.
    nothing = encoder.forward_layers[1](torch.zeros(2, 3, 3))[0] * mask.unsqueeze(-1)
    torch.testing.assert_close(trained, nothing)


def test_dropout_leaves_a_single_layer_alone() -> None:
    encoder = build("elmo_padded_lstm", dropout=1.0)
    inputs, mask = batch([3, 2])
    assert torch.equal(encoder(inputs, mask), encoder.eval()(inputs, mask))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_under_autocast(kind: str, dtype: torch.dtype) -> None:
    """Also where oneDNN has no LSTM for it, and behind a layer whose outputs are in half precision."""
    first = torch.nn.Linear(5, 5)
    encoder = Seq2SeqEncoder.from_params(Params({"type": f"elmo_padded_{kind}", "input_size": 5, "hidden_size": 3}))
    inputs, mask = torch.randn(2, 4, 5, requires_grad=True), torch.tensor([[True] * 4, [True] * 2 + [False] * 2])
    expected = encoder(first(inputs), mask)
    with torch.autocast("cpu", dtype):
        outputs = encoder(first(inputs), mask)
    torch.testing.assert_close(outputs.float(), expected, rtol=0, atol=0.02)
    outputs.float().sum().backward()
    assert inputs.grad is not None
    assert bool(inputs.grad.isfinite().all())


def test_refuses_a_state() -> None:
    inputs, mask = batch([2])
    with pytest.raises(ValueError, match="takes no other"):
        build("elmo_padded_lstm")(inputs, mask, torch.zeros(1))
