import copy
import pickle
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMOptions, CharacterIdsError, batch_to_ids

TOLERANCE = {"rtol": 0, "atol": 1e-5}

STRANGE_WORDS = [
    "👩🏽‍🚀",
    "\u200b",
    "\u200d\ufeff",
    "\u202e\u05e2\u05d1\u05e8\u05d9\u05ea",
    "مرحبا",
    "İıŞğ",
    "語言模型",
    "x" * 500,
    "é" * 25,
    "\ud800",
    "a\udc80",
    "\x00",
    " ",
    "<S>",
    "</S>",
]
sentences = st.lists(st.sampled_from(STRANGE_WORDS) | st.text(min_size=1, max_size=8), max_size=7)


def assert_same(ours: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(ours, expected, **TOLERANCE)


@pytest.fixture
def bilm(make_bilm: Callable[..., BiLM]) -> BiLM:
    return make_bilm()


@settings(max_examples=25)
@given(st.lists(sentences, max_size=5))
def test_a_sentence_is_the_same_alone_and_in_any_batch(bilm: BiLM, batch: list[list[str]]) -> None:
    with torch.no_grad():
        output = bilm(batch_to_ids(batch))
        for row, sentence in enumerate(batch):
            alone = bilm(batch_to_ids([sentence]))
            assert output.mask[row].tolist() == [True] * len(sentence) + [False] * (
                output.mask.shape[1] - len(sentence)
            )
            assert_same(output.layers[row, :, : len(sentence)], alone.layers[0])
            assert not output.layers[row, :, len(sentence) :].any()


@settings(max_examples=15)
@given(st.lists(sentences, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_padding_and_calls_before_do_not_matter(bilm: BiLM, batch: list[list[str]], chance) -> None:
    ids = batch_to_ids(batch)
    order = chance.sample(range(len(batch)), len(batch))
    # More padding, and in front of and between the tokens too.
    tokens = ids.shape[1] + 3
    columns = torch.tensor(sorted(chance.sample(range(tokens), ids.shape[1])), dtype=torch.long)
    scattered = torch.zeros(len(batch), tokens, 50, dtype=torch.long)
    scattered[:, columns] = ids[order]
    with torch.no_grad():
        expected = bilm(ids)
        output = bilm(scattered)
        again = bilm(ids)
    assert_same(output.layers[:, :, columns], expected.layers[order])
    assert torch.equal(output.mask[:, columns], expected.mask[order])
    assert not output.layers.transpose(1, 2)[~output.mask].any()
    assert torch.equal(again.layers, expected.layers)


@pytest.mark.parametrize("stateful", [False, True])
@pytest.mark.parametrize("batch", [[], [[]], [[], [], []]])
def test_nothing_to_read(stateful: bool, batch: list[list[str]], make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm(stateful)
    for tokens in (0, 4):
        ids = torch.zeros(len(batch), tokens, 50, dtype=torch.long)
        output = bilm(ids)
        assert output.layers.shape == (len(batch), bilm.num_layers, tokens, bilm.output_dim)
        assert output.mask.shape == (len(batch), tokens)
        assert not output.layers.any()
        assert not output.mask.any()


def test_token_layer_is_twice_the_token_vector(bilm: BiLM) -> None:
    ids = batch_to_ids([["a", "word"], ["word"]])
    layers, _ = bilm(ids)
    vectors = bilm.char_cnn(ids[0])
    assert_same(layers[0, 0], torch.cat([vectors, vectors], dim=1))


def test_shape_of_things(bilm: BiLM, tiny: BiLMOptions) -> None:
    assert bilm.num_layers == 3
    assert bilm.output_dim == 2 * tiny.projection_dim
    assert bilm.device == torch.device("cpu")
    assert bilm(batch_to_ids([["a"]])).layers.dtype == torch.float32


def test_what_is_not_a_weight_is_not_in_the_state_dict(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm(stateful=True)
    bilm(batch_to_ids([["a"]]))
    assert set(bilm.state_dict()) == {name for name, _ in bilm.named_parameters()}


def test_states_are_carried_only_if_stateful(make_bilm: Callable[..., BiLM]) -> None:
    ids = batch_to_ids([["a", "b"], []])
    stateful = make_bilm(stateful=True)
    stateless = BiLM(stateful.options)
    stateless.load_state_dict(stateful.state_dict())
    first = stateless(ids).layers
    assert torch.equal(stateless(ids).layers, first)
    assert_same(stateful(ids).layers, first)
    assert (stateful(ids).layers - first)[0, 1:].abs().max() > 1e-3
    stateful.reset_states()
    assert_same(stateful(ids).layers, first)


def test_states_live_through_copies_pickles_and_other_precisions(make_bilm: Callable[..., BiLM]) -> None:
    ids = batch_to_ids([["a", "b"], ["c"]])
    bilm = make_bilm(stateful=True)
    with torch.inference_mode():
        bilm(ids)
    twins = [copy.deepcopy(bilm), pickle.loads(pickle.dumps(bilm)), copy.deepcopy(bilm).double()]
    expected = bilm(ids).layers
    for twin in twins:
        assert_same(twin(ids).layers.to(expected), expected)


@pytest.mark.parametrize("stateful", [False, True])
def test_gradients_are_those_of_finite_differences(stateful: bool, make_bilm: Callable[..., BiLM]) -> None:
    """Of the sum of all layers with random weights, along random directions."""
    bilm = make_bilm(stateful, activation="tanh").double()
    batches = [batch_to_ids([["the", "cat"], [], ["cat", "sat", "the", "mat"]]), batch_to_ids([["a"], ["the"]])]
    bilm(batches[0])
    ids = batches[1] if stateful else batches[0]
    states = bilm._states
    weights = torch.randn_like(bilm(ids).layers)

    def loss() -> Tensor:
        bilm._states = states
        return (bilm(ids).layers * weights).sum()

    gradients = torch.autograd.grad(loss(), list(bilm.parameters()))
    step = 1e-6
    for parameter, gradient in zip(bilm.parameters(), gradients, strict=True):
        direction = torch.randn_like(parameter)
        with torch.no_grad():
            parameter += step * direction
            above = loss()
            parameter -= 2 * step * direction
            below = loss()
            parameter += step * direction
        torch.testing.assert_close((above - below) / (2 * step), (gradient * direction).sum(), rtol=1e-5, atol=1e-6)


def test_frozen_biLM_makes_no_graph(bilm: BiLM) -> None:
    ids = batch_to_ids([["a"]])
    assert bilm(ids).layers.requires_grad
    assert not bilm.requires_grad_(False)(ids).layers.requires_grad


@pytest.fixture
def counted(bilm: BiLM, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BiLM, list[int]]]:
    """A biLM and the number of words that go through its character CNN at each call."""
    numbers: list[int] = []
    handle = bilm.char_cnn.register_forward_pre_hook(lambda _, inputs: numbers.append(len(inputs[0])))
    yield bilm, numbers
    handle.remove()


def test_each_distinct_word_is_convolved_once(counted: tuple[BiLM, list[int]]) -> None:
    bilm, numbers = counted
    bilm(batch_to_ids([["the", "cat", "the"], ["The", "cat"]]))
    # <S> and </S> come on top.
    assert numbers == [3 + 2]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (torch.zeros(3, 50), r"shape \(3, 50\); \(batch, tokens, 50\) is needed"),
        (torch.zeros(2, 3, 40), r"shape \(2, 3, 40\)"),
        (torch.full((1, 1, 50), 262), r"from 262 to 262; they must lie in 0\.\.261"),
        (torch.full((1, 1, 50), -1), r"from -1 to -1"),
        (torch.ones(2, 3, 50), r"are torch\.float32; whole numbers"),
        (torch.ones(2, 3, 50, dtype=torch.uint8), r"are torch\.uint8"),
    ],
)
def test_wrong_ids_get_an_error(ids: Tensor, message: str, bilm: BiLM) -> None:
    with pytest.raises(CharacterIdsError, match=message):
        bilm(ids)


def test_from_files_leaves_random_numbers_alone(make_bilm: Callable[..., BiLM], tmp_path) -> None:
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    make_bilm().save(*files)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    frozen = BiLM.from_files(*files)
    assert torch.equal(torch.rand(1), expected)
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    assert all(parameter.requires_grad for parameter in BiLM.from_files(*files, requires_grad=True).parameters())


def test_whether_weights_are_ones_own(bilm: BiLM) -> None:
    weights = {name: weight.clone() for name, weight in bilm.state_dict().items()}
    assert bilm.has_weights({**weights, "lstm.layers.9.bias": torch.ones(1)})
    # What reading and writing AllenNLP's forget bias rounds.
    weights["lstm.layers.0.bias"] = weights["lstm.layers.0.bias"] + 1 - 1
    assert bilm.has_weights(weights)
    name = "char_cnn.projection.bias"
    for wrong in (weights[name] + 1e-3, weights[name][:-1], weights[name] * torch.nan):
        assert not bilm.has_weights({**weights, name: wrong})
    del weights[name]
    assert not bilm.has_weights(weights)


def test_an_untrained_one_has_the_shape_and_nothing_else(bilm: BiLM) -> None:
    state = torch.random.get_rng_state()
    untrained, again, other = (bilm.untrained(seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert untrained.options == bilm.options
    ids = batch_to_ids([["the", "cat"]])
    layers = [one(ids).layers for one in (bilm, untrained, again, other)]
    assert [one.shape for one in layers] == [layers[0].shape] * 4
    assert torch.equal(layers[1], layers[2])
    assert all((layers[1] - one).abs().amax() > 0.1 for one in (layers[0], layers[3]))
    assert not any(weight.requires_grad for weight in untrained.parameters())
