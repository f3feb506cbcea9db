from typing import Any

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.modules import Seq2SeqEncoder
from allennlp.modules.seq2seq_encoders import PytorchSeq2SeqWrapper
from allennlp.modules.stacked_alternating_lstm import StackedAlternatingLstm
from torch import Tensor

from elmo_tasks.modules.alternating_lstm import AlternatingLstm

LENGTHS = [3, 9, 1, 5, 9, 8]
SIZES = {"input_size": 7, "hidden_size": 5, "num_layers": 4}


def texts(lengths: list[int] = LENGTHS, dim: int = 7) -> tuple[Tensor, Tensor]:
    """Random texts and their mask."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return torch.randn(*mask.shape, dim, dtype=torch.double, requires_grad=True), mask


def ours(**options: Any) -> AlternatingLstm:
    encoder = AlternatingLstm(**{**SIZES, **options}).double()
    for layer in encoder.layers:
        torch.nn.init.normal_(layer.bias)
    return encoder


def stocks(encoder: AlternatingLstm, dropout: float = 0.0) -> PytorchSeq2SeqWrapper:
    """AllenNLP's, with the same weights; its gates are input, forget, candidate, output, highway."""
    dims = (encoder.get_input_dim(), encoder.get_output_dim())
    module = StackedAlternatingLstm(*dims, len(encoder.layers), dropout, use_input_projection_bias=False).double()
    order = [1, 2, 0, 3, 4]
    for layer, stock in zip(encoder.layers, module.lstm_layers, strict=True):
        *gates, carried = layer.weight.detach().split(dims[1])
        stock.cell.input_linearity.weight.data = torch.cat([*(gates[part] for part in order), carried])
        for parameter, theirs in ((layer.recurrent_weight, "weight"), (layer.bias, "bias")):
            parts = parameter.detach().split(dims[1])
            getattr(stock.cell.state_linearity, theirs).data = torch.cat([parts[part] for part in order])
    return PytorchSeq2SeqWrapper(module)


def sigmoid(numbers: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-numbers))


def by_hand(encoder: AlternatingLstm, text: np.ndarray, masks: list[np.ndarray] | None = None) -> np.ndarray:
    """One text step by step, from the equations of He et al. 2017, section 2; `masks`, one a layer, are their z."""
    for number, layer in enumerate(encoder.layers):
        kept = 1.0 if masks is None else masks[number]
        weight, recurrent, bias = (p.detach().numpy() for p in (layer.weight, layer.recurrent_weight, layer.bias))
        dim = recurrent.shape[1]
        hidden, cell, outputs = np.zeros(dim), np.zeros(dim), {}
        steps = range(len(text)) if number % 2 == 0 else reversed(range(len(text)))
        for step in steps:
            *of_input, carried = np.split(weight @ text[step], 6)
            of_state = np.split(recurrent @ hidden + bias, 5)
            candidate, keep, forget, give, highway = (x + h for x, h in zip(of_input, of_state, strict=True))
            cell = sigmoid(keep) * np.tanh(candidate) + sigmoid(forget) * cell
            hidden = kept * (sigmoid(highway) * sigmoid(give) * np.tanh(cell) + (1 - sigmoid(highway)) * carried)
            outputs[step] = hidden
        text = np.stack([outputs[step] for step in range(len(text))])
    return text


def test_gives_what_the_equations_say() -> None:
    encoder = ours()
    inputs, mask = texts()
    outputs = encoder(inputs, mask).detach().numpy()
    for text, output, length in zip(inputs.detach().numpy(), outputs, LENGTHS, strict=True):
        np.testing.assert_allclose(output[:length], by_hand(encoder, text[:length]), atol=1e-12)
        assert not output[length:].any()


def test_is_allennlps_with_its_gradients() -> None:
    encoder = ours()
    stock = stocks(encoder)
    inputs, mask = texts()
    expected, actual = stock(inputs, mask), encoder(inputs, mask)
    torch.testing.assert_close(actual, expected)
    wanted = torch.randn_like(actual)
    (expected_gradient,) = torch.autograd.grad((expected * wanted).sum(), inputs, retain_graph=True)
    (gradient,) = torch.autograd.grad((actual * wanted).sum(), inputs, retain_graph=True)
    torch.testing.assert_close(gradient, expected_gradient)
    (actual * wanted).sum().backward()
    (expected * wanted).sum().backward()
    for layer, theirs in zip(encoder.layers, stock._module.lstm_layers, strict=True):
        for ours_, stocks_ in (
            (layer.weight, theirs.cell.input_linearity.weight),
            (layer.recurrent_weight, theirs.cell.state_linearity.weight),
            (layer.bias, theirs.cell.state_linearity.bias),
        ):
            torch.testing.assert_close(ours_.grad.square().sum(), stocks_.grad.square().sum())


def test_drops_what_allennlp_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same texts, each layer with its own mask; AllenNLP sorts texts by length before it draws one."""
    encoder = ours(recurrent_dropout_probability=0.5)
    inputs, mask = texts(sorted(LENGTHS, reverse=True))
    masks = [torch.nn.functional.dropout(torch.ones(len(mask), 5, dtype=torch.double), 0.5) for _ in encoder.layers]
    for_stock, for_ours = iter(masks), iter(masks)
    monkeypatch.setattr("allennlp.modules.augmented_lstm.get_dropout_mask", lambda *_: next(for_stock))
    monkeypatch.setattr(encoder.dropout, "forward", lambda _: next(for_ours))
    expected, actual = stocks(encoder, 0.5)(inputs, mask), encoder(inputs, mask)
    torch.testing.assert_close(actual, expected)
    wanted = torch.randn_like(actual)
    (one,), (other,) = (torch.autograd.grad((given * wanted).sum(), inputs) for given in (expected, actual))
    torch.testing.assert_close(one, other)


def test_what_a_layer_gives_is_dropped_as_in_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """He et al. 2017, section 2.2: a layer gives z * h, which recurs and is what the next layer reads."""
    encoder = ours(recurrent_dropout_probability=0.5, drop_outputs=True)
    inputs, mask = texts([3, 2])
    masks = [torch.nn.functional.dropout(torch.ones(2, 5, dtype=torch.double), 0.5) for _ in encoder.layers]
    for_ours = iter(masks)
    monkeypatch.setattr(encoder.dropout, "forward", lambda _: next(for_ours))
    outputs = encoder(inputs, mask).detach().numpy()
    for number, length in enumerate([3, 2]):
        text = inputs[number, :length].detach().numpy()
        expected = by_hand(encoder, text, [one[number].numpy() for one in masks])
        np.testing.assert_allclose(outputs[number, :length], expected, atol=1e-12)


@pytest.mark.parametrize("drop_outputs", [False, True])
def test_the_gradient_is_the_numeric_one(drop_outputs: bool) -> None:
    encoder = ours(hidden_size=3, num_layers=2, recurrent_dropout_probability=0.3, drop_outputs=drop_outputs)
    inputs, mask = texts([2, 4, 1])

    def run(inputs: Tensor, *_: Tensor) -> Tensor:
        torch.manual_seed(5)
        return encoder(inputs, mask)

    assert torch.autograd.gradcheck(run, (inputs, *encoder.parameters()))


def test_drops_only_in_training() -> None:
    encoder = ours(recurrent_dropout_probability=0.5)
    inputs, mask = texts()
    assert not torch.equal(encoder(inputs, mask), encoder(inputs, mask))
    encoder.eval()
    torch.testing.assert_close(encoder(inputs, mask), ours_without_dropout(encoder)(inputs, mask))


def ours_without_dropout(encoder: AlternatingLstm) -> AlternatingLstm:
    other = ours()
    other.load_state_dict(encoder.state_dict())
    return other


def test_batch_mates_and_padding_change_nothing() -> None:
    encoder = ours()
    inputs, mask = texts()
    together = encoder(inputs, mask)
    for text, output, length in zip(inputs, together, LENGTHS, strict=True):
        alone = encoder(text[None, :length], mask.new_ones(1, length))
        torch.testing.assert_close(output[:length], alone[0])
    spoiled = inputs.detach().masked_fill(~mask.unsqueeze(-1), float("nan")).requires_grad_()
    torch.testing.assert_close(encoder(spoiled, mask), together)
    encoder.zero_grad()
    encoder(spoiled, mask).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in [spoiled, *encoder.parameters()])


@pytest.mark.parametrize("lengths", [[4, 0], [0, 0, 2]])
def test_a_text_may_be_empty(lengths: list[int]) -> None:
    encoder = ours()
    inputs, mask = texts(lengths)
    outputs = encoder(inputs, mask)
    outputs.sum().backward()
    assert not outputs[lengths.index(0)].any()
    torch.testing.assert_close(outputs[mask.any(dim=1)], encoder(inputs[mask.any(dim=1)], mask[mask.any(dim=1)]))


def test_a_batch_may_have_no_text() -> None:
    assert ours()(torch.zeros(0, 4, 7), torch.ones(0, 4, dtype=torch.bool)).shape == (0, 4, 5)


def test_autocast_changes_nothing() -> None:
    encoder = AlternatingLstm(**SIZES)
    inputs, mask = texts()
    expected = encoder(inputs.float(), mask)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(encoder(inputs.float(), mask), expected)


def test_begins_as_he_et_al_say() -> None:
    layer = AlternatingLstm(input_size=8, hidden_size=4, num_layers=1).layers[0]
    for part in [*layer.weight.split(4), *layer.recurrent_weight.split(4)]:
        torch.testing.assert_close(part @ part.t(), torch.eye(4))
    assert layer.bias.view(5, 4).tolist() == [[0.0] * 4, [0.0] * 4, [1.0] * 4, [0.0] * 4, [0.0] * 4]


def test_is_an_encoder_for_configs() -> None:
    encoder = Seq2SeqEncoder.from_params(Params({"type": "elmo_alternating_lstm", **SIZES}))
    assert (encoder.get_input_dim(), encoder.get_output_dim(), encoder.is_bidirectional()) == (7, 5, False)


@pytest.mark.parametrize("wrong", [{"num_layers": 0}, {"hidden_size": 1.5}, {"recurrent_dropout_probability": 1.5}])
def test_parameters_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        AlternatingLstm(**{**SIZES, **wrong})


def test_takes_no_first_state() -> None:
    inputs, mask = texts()
    with pytest.raises(ValueError, match="takes no other"):
        ours()(inputs, mask, hidden_state=(inputs, inputs))
