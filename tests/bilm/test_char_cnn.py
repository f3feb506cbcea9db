import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm import BiLMOptions, batch_to_ids
from elmo_tasks.bilm.char_cnn import CharCnn, Highway, _product
from elmo_tasks.bilm.characters import PAD


def brute_force(cnn: CharCnn, character_ids: Tensor) -> Tensor:
    """Every filter at every one of the 50 positions."""
    embedded = cnn.character_embedding[character_ids].transpose(1, 2)
    vectors = torch.cat([cnn.activation(convolution(embedded)).amax(dim=2) for convolution in cnn.convolutions], dim=1)
    if not cnn.projection_after_highway:
        vectors = cnn.projection(vectors)
    for highway in cnn.highways:
        gate = torch.sigmoid(F.linear(vectors, highway.carry.weight, highway.carry.bias))
        transformed = F.relu(F.linear(vectors, highway.transform.weight, highway.transform.bias))
        vectors = gate * transformed + (1 - gate) * vectors
    return cnn.projection(vectors) if cnn.projection_after_highway else vectors


def words() -> Tensor:
    """Of every length there is, and rows of random ids, some with padding inside."""
    noise = torch.randint(1, PAD + 1, (20, 50))
    noise[10:].masked_fill_(torch.rand(10, 50) < 0.7, PAD)
    texts = batch_to_ids([["".join(map(chr, range(97, 97 + n % 26))) + "x" * n for n in range(1, 60)]])[0]
    return torch.cat([texts, noise])[torch.randperm(len(texts) + len(noise))]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("num_highway", [0, 1, 2])
@pytest.mark.parametrize("projection_after_highway", [True, False])
def test_values_and_gradients_are_those_of_all_positions(
    activation: str, num_highway: int, projection_after_highway: bool, tiny: BiLMOptions
) -> None:
    options = tiny.replace(
        filters=((1, 3), (3, 4), (7, 5), (50, 2)),
        activation=activation,
        num_highway=num_highway,
        projection_after_highway=projection_after_highway,
    )
    cnn = CharCnn(options).double()
    ids = words()
    ours, expected = cnn(ids), brute_force(cnn, ids)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    weights = torch.randn_like(ours)
    gradients = (torch.autograd.grad(result, list(cnn.parameters()), weights) for result in (ours, expected))
    for ours_gradient, expected_gradient in zip(*gradients, strict=True):
        torch.testing.assert_close(ours_gradient, expected_gradient, rtol=0, atol=1e-11)


def test_gradients_are_those_of_finite_differences(tiny: BiLMOptions) -> None:
    cnn = CharCnn(tiny.replace(character_dim=2, filters=((1, 2), (3, 2)), projection_dim=2)).double()
    ids = batch_to_ids([["ab", "c", "abcdefg"]])[0]
    names = [name for name, _ in cnn.named_parameters() if name != "character_embedding"]
    parameters = dict(cnn.named_parameters())

    def run(*values: Tensor) -> Tensor:
        return torch.func.functional_call(cnn, dict(zip(names, values, strict=True)), (ids,))

    assert torch.autograd.gradcheck(run, [parameters[name] for name in names])


def test_a_word_has_one_vector_in_any_company(tiny: BiLMOptions) -> None:
    cnn = CharCnn(tiny)
    ids = words()
    together = cnn(ids)
    for number in (0, 17, 42):
        torch.testing.assert_close(cnn(ids[number : number + 1])[0], together[number], rtol=0, atol=1e-6)


def test_no_words(tiny: BiLMOptions) -> None:
    assert CharCnn(tiny)(torch.zeros(0, 50, dtype=torch.long)).shape == (0, tiny.projection_dim)


def test_highway_carries_its_input_at_first() -> None:
    inputs = torch.randn(50, 30)
    assert (Highway(30)(inputs) - inputs).abs().mean() < 0.3


@pytest.mark.parametrize("words", [1, 7, 8, 26, 128, 129])
def test_a_product_is_the_same_for_few_words_and_many(words: int) -> None:
    linear = torch.nn.Linear(64, 96, dtype=torch.float64)
    inputs = torch.randn(words, 64, dtype=torch.float64, requires_grad=True)
    actual, expected = _product(linear, inputs), linear(inputs)
    torch.testing.assert_close(actual, expected)
    assert actual.is_contiguous()
    gradients = [
        torch.autograd.grad(result.square().sum(), (inputs, *linear.parameters())) for result in (actual, expected)
    ]
    torch.testing.assert_close(*gradients)


# Near zero the rectifiers may decide otherwise, and of maxima that are almost equal another one may be taken (not by a
# filter that has one position only).
@pytest.mark.parametrize(("filters", "bound"), [(((50, 30),), 0.1), (((1, 30), (3, 40)), 0.25)])
def test_products_in_bfloat16_are_close_to_those_in_float32(
    filters: tuple[tuple[int, int], ...], bound: float, tiny: BiLMOptions
) -> None:
    torch.manual_seed(3)
    cnn = CharCnn(tiny.replace(filters=filters, character_dim=16, projection_dim=32))
    ids = words()
    results = []
    for dtype in (None, torch.bfloat16):
        vectors = cnn(ids, dtype)
        torch.manual_seed(7)
        results.append([vectors, *torch.autograd.grad((vectors * torch.randn_like(vectors)).sum(), cnn.parameters())])
    for exact, half in zip(*results, strict=True):
        assert half.dtype == torch.float32
        assert 0 < (half - exact).norm() / exact.norm() < bound
    assert 0 < (results[1][0] - results[0][0]).norm() / results[0][0].norm() < 0.01
