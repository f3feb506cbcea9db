import pytest
import torch
from allennlp.modules.scalar_mix import ScalarMix as StockScalarMix
from allennlp.nn.regularizers import L2Regularizer, RegularizerApplicator
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm.scalar_mix import ScalarMix, ScalarMixError

WEIGHTS = [0.3, -1.0, 2.0]
LAYER_NORMS = ["none", "token", "stock"]


def some_layers(batch: int = 2, num_layers: int = 3, tokens: int = 4, dim: int = 6) -> tuple[Tensor, Tensor]:
    """Layers with zeros behind the sentences' ends, and the mask."""
    lengths = torch.randint(1, tokens + 1, (batch,))
    lengths[0] = tokens
    mask = torch.arange(tokens) < lengths.unsqueeze(1)
    return torch.randn(batch, num_layers, tokens, dim) * mask[:, None, :, None], mask


def with_random_weights(mix: torch.nn.Module) -> None:
    with torch.no_grad():
        for parameter in mix.parameters():
            parameter.normal_()


@given(
    batch=st.integers(1, 4),
    num_layers=st.integers(1, 4),
    tokens=st.integers(1, 5),
    dim=st.integers(1, 6),
    do_layer_norm=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50)
def test_is_that_of_stock_allennlp(
    batch: int, num_layers: int, tokens: int, dim: int, do_layer_norm: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    layers, mask = some_layers(batch, num_layers, tokens, dim)
    stock = StockScalarMix(num_layers, do_layer_norm=do_layer_norm)
    with_random_weights(stock)
    ours = ScalarMix(num_layers, layer_norm="stock" if do_layer_norm else "none")
    ours.load_state_dict(stock.state_dict())
    # Stock leaves it to others to put zeros where there is no token.
    expected = stock(list(layers.unbind(1)), mask) * mask.unsqueeze(2)
    actual = ours(layers, mask)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4 if do_layer_norm else 1e-6)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (actual * weights).sum().backward()
    for (name, parameter), (stock_name, stock_parameter) in zip(
        ours.named_parameters(), stock.named_parameters(), strict=True
    ):
        assert name == stock_name
        torch.testing.assert_close(parameter.grad, stock_parameter.grad, rtol=1e-3, atol=1e-4)


def test_initial_weights_are_trained() -> None:
    mix = ScalarMix(3, initial_scalar_parameters=WEIGHTS)
    assert [parameter.item() for parameter in mix.scalar_parameters] == pytest.approx(WEIGHTS)
    torch.testing.assert_close(mix.normalized_weights(), torch.tensor(WEIGHTS).softmax(0))
    layers, mask = some_layers()
    mix(layers, mask).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs() > 0 for parameter in mix.parameters())


def test_can_be_frozen() -> None:
    mix = ScalarMix(3, initial_scalar_parameters=WEIGHTS, trainable=False)
    assert not any(parameter.requires_grad for parameter in mix.parameters())


@pytest.mark.parametrize(("layers", "number"), [("last", 2), (0, 0), (1, 1), (2, 2)])
def test_fixed_layer(layers: str | int, number: int) -> None:
    mix = ScalarMix(3, layers=layers)
    assert [name for name, _ in mix.named_parameters()] == ["gamma"]
    tensor, mask = some_layers()
    torch.nn.init.constant_(mix.gamma, 1.5)
    torch.testing.assert_close(mix(tensor, mask), 1.5 * tensor[:, number])
    assert mix.normalized_weights().tolist() == [float(layer == number) for layer in range(3)]
    mix(tensor, mask).sum().backward()
    assert mix.gamma.grad is not None


@pytest.mark.parametrize("layer_norm", LAYER_NORMS)
def test_fixed_layer_is_the_limit_of_a_mix(layer_norm: str) -> None:
    tensor, mask = some_layers()
    fixed = ScalarMix(3, layers=1, layer_norm=layer_norm)
    # What stock's documentation advises.
    mixed = ScalarMix(3, layer_norm=layer_norm, initial_scalar_parameters=[-9e10, 1, -9e10])
    torch.testing.assert_close(fixed(tensor, mask), mixed(tensor, mask))


def test_token_norm_against_its_definition() -> None:
    tensor, mask = some_layers()
    mix = ScalarMix(3, layer_norm="token", initial_scalar_parameters=WEIGHTS)
    weights = torch.tensor(WEIGHTS).softmax(0)
    vectors = mix(tensor, mask)
    for sentence, token in mask.nonzero().tolist():
        expected = torch.zeros(tensor.shape[-1])
        for layer in range(3):
            vector = tensor[sentence, layer, token]
            expected += weights[layer] * (vector - vector.mean()) / (vector.var(unbiased=False) + 1e-5).sqrt()
        torch.testing.assert_close(vectors[sentence, token], expected)


@pytest.mark.parametrize(("layer_norm", "same"), [("none", True), ("token", True), ("stock", False)])
def test_batch_mates(layer_norm: str, same: bool) -> None:
    tensor, mask = some_layers(batch=3)
    mix = ScalarMix(3, layer_norm=layer_norm)
    alone, together = mix(tensor[:1], mask[:1]), mix(tensor, mask)[:1]
    assert torch.allclose(alone, together, atol=1e-5) == same


@pytest.mark.parametrize("layer_norm", LAYER_NORMS)
@pytest.mark.parametrize("layers", ["all", 0])
def test_no_token_gives_zeros(layer_norm: str, layers: str | int) -> None:
    tensor, mask = some_layers(batch=5)
    assert not ScalarMix(3, layers, layer_norm)(tensor, mask)[~mask].any()


@pytest.mark.parametrize("layer_norm", LAYER_NORMS)
@pytest.mark.parametrize("shape", [(0, 3, 4, 6), (2, 3, 0, 6), (2, 3, 4, 6)])
def test_nothing_to_mix(layer_norm: str, shape: tuple[int, ...]) -> None:
    vectors = ScalarMix(3, layer_norm=layer_norm)(torch.zeros(shape), torch.zeros(shape[0], shape[2], dtype=torch.bool))
    assert vectors.shape == (shape[0], shape[2], 6)
    assert not vectors.any()


def test_result_has_the_parameters_type() -> None:
    tensor, mask = some_layers()
    assert ScalarMix(3).double()(tensor, mask).dtype == torch.float64
    assert ScalarMix(3, layers="last").bfloat16()(tensor, mask).dtype == torch.bfloat16


def test_regularizer_finds_the_weights_and_not_gamma() -> None:
    regularizer = RegularizerApplicator([("scalar_parameters", L2Regularizer(alpha=0.1))])
    module = torch.nn.ModuleDict({"elmo": ScalarMix(3, initial_scalar_parameters=WEIGHTS)})
    assert regularizer(module).item() == pytest.approx(0.1 * sum(weight**2 for weight in WEIGHTS))
    assert regularizer(torch.nn.ModuleDict({"elmo": ScalarMix(3, layers="last")})) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer_norm": "batch"}, '"batch"; it must be one of none, token, stock'),
        ({"layers": "first"}, 'layers is "first"; it must be "all", "last" or a layer in 0..2'),
        ({"layers": 3}, 'layers is "3"'),
        ({"layers": -1}, 'layers is "-1"'),
        ({"layers": True}, 'layers is "True"'),
        ({"initial_scalar_parameters": [0.0, 1.0]}, "2 scalar parameters for the biLM's 3 layers"),
        ({"initial_scalar_parameters": 1}, "The scalar parameters are 1; they must be a list of numbers"),
        ({"initial_scalar_parameters": "111"}, "The scalar parameters are '111'"),
        ({"initial_scalar_parameters": [0.0, "1", 0.0]}, "scalar parameter 1 is '1'; it must be a number"),
        ({"initial_scalar_parameters": [0.0, 0.0, float("nan")]}, "scalar parameter 2 is nan"),
        ({"layers": "last", "initial_scalar_parameters": WEIGHTS}, "no scalar parameters to set"),
        ({"gamma": float("nan")}, "gamma is nan; it must be a number"),
        ({"gamma": "1"}, "gamma is '1'; it must be a number"),
    ],
)
def test_bad_arguments(arguments: dict, message: str) -> None:
    with pytest.raises(ScalarMixError, match=message):
        ScalarMix(3, **arguments)


def test_bad_input() -> None:
    tensor, _ = some_layers()
    with pytest.raises(ScalarMixError, match="3 layers for a mix of 2"):
        ScalarMix(2)(tensor)
    with pytest.raises(ScalarMixError, match="needs the mask"):
        ScalarMix(3, layer_norm="token")(tensor)
