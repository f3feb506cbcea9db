"""`Elmo` against AllenNLP's class of that name, with the same weights; stock's gets fresh states for each call."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.modules.elmo import Elmo as StockElmo
from allennlp.modules.elmo import batch_to_ids as stock_batch_to_ids
from torch import Tensor, nn

from elmo_tasks import Elmo, batch_to_ids
from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.boundaries import BoundaryBiLM
from elmo_tasks.bilm.scalar_mix import ScalarMixError
from elmo_tasks.vectors import ElmoError

Files = tuple[str, str]

SENTENCES = [["The", "old", "mill", "turns", "again", "."], ["Nobody", "knows", "why", "."], []]
TURKISH = [["Değirmen", "yine", "dönüyor", "."], ["Çocuklar", "üşümüş", "değil", "mi", "?"]]
CHINESE = [["水车", "又", "转", "了", "。"], ["谁", "都", "不", "知道", "为什么", "。"]]
WORDS = ["@@PADDING@@", "@@UNKNOWN@@", "The", "mill", "turns", "<S>"]


@pytest.fixture
def files(make_bilm: Callable[..., BiLM], tmp_path: Path) -> Files:
    files = (str(tmp_path / "options.json"), str(tmp_path / "weights.hdf5"))
    make_bilm().save(*files)
    return files


def assert_same(ours: dict, stocks: dict) -> None:
    assert set(ours) == set(stocks) == {"elmo_representations", "mask"}
    assert torch.equal(ours["mask"], stocks["mask"])
    # Where there is no token ours are zeros, stock's what its layer norm makes of them.
    mask = stocks["mask"].unsqueeze(-1)
    for our, stock in zip(ours["elmo_representations"], stocks["elmo_representations"], strict=True):
        assert our.shape == stock.shape
        torch.testing.assert_close(our, stock * mask, rtol=1e-4, atol=1e-5)


def pair(files: Files, **parameters: Any) -> tuple[Elmo, StockElmo]:
    """Ours and stock's, with the same random mixes."""
    stock = StockElmo(*files, **parameters)
    with torch.no_grad():
        for name, parameter in stock.named_parameters():
            if "scalar_mix" in name and parameters.get("scalar_mix_parameters") is None:
                parameter.normal_()
    ours = Elmo(*files, **parameters)
    ours.load_state_dict(stock.state_dict())
    return ours, stock


@pytest.mark.parametrize("sentences", [SENTENCES, TURKISH, CHINESE], ids=["English", "Turkish", "Chinese"])
def test_the_tutorials_line(sentences: list[list[str]], files: Files) -> None:
    options, weights = files
    ids = batch_to_ids(sentences)
    assert torch.equal(ids, stock_batch_to_ids(sentences))
    ours, stock = Elmo(options, weights, num_output_representations=1, requires_grad=False), StockElmo(*files, 1)
    vectors = ours.eval()(ids)["elmo_representations"][0]
    assert vectors.shape == (len(sentences), max(map(len, sentences)), ours.get_output_dim())
    assert_same(ours(ids), stock.eval()(ids))


PARAMETERS = [
    {"num_output_representations": 2, "dropout": 0.0},
    {"num_output_representations": 1, "dropout": 0.0, "do_layer_norm": True},
    {"num_output_representations": 2, "dropout": 0.0, "keep_sentence_boundaries": True},
    {"num_output_representations": 1, "dropout": 0.0, "keep_sentence_boundaries": True, "do_layer_norm": True},
    {"num_output_representations": 1, "dropout": 0.0, "scalar_mix_parameters": [-9e10, 1, -9e10]},
    {"num_output_representations": 3, "dropout": 0.5},
]


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_is_stocks(parameters: dict, files: Files) -> None:
    ours, stock = pair(files, **parameters)
    ids = batch_to_ids(SENTENCES)
    outputs = []
    for elmo in (ours, stock):
        # The zeros of dropout too are the same.
        torch.manual_seed(7)
        outputs.append(elmo(ids))
    assert_same(*outputs)
    assert [name for name, weight in ours.named_parameters() if weight.requires_grad] == [
        name for name, weight in stock.named_parameters() if weight.requires_grad
    ]


def test_sentences_of_documents(files: Files) -> None:
    ours, stock = pair(files, num_output_representations=1, dropout=0.0)
    ids = torch.stack([batch_to_ids(SENTENCES), batch_to_ids(SENTENCES).flip(0)])
    assert_same(ours(ids), stock(ids))
    kept = Elmo(*files, dropout=0.0, keep_sentence_boundaries=True)(ids)
    assert kept["elmo_representations"][0].shape[:3] == kept["mask"].shape == (2, 3, 8)


@pytest.mark.parametrize("numbers", [[[2, 3, 4, 0], [1, 4, 5, 2]], [[[2, 3], [4, 0]], [[5, 1], [0, 0]]]])
def test_cached_words(numbers: list, files: Files) -> None:
    ours, stock = pair(files, num_output_representations=1, dropout=0.0, vocab_to_cache=WORDS)
    word_ids = torch.tensor(numbers)
    # Not looked at, as in stock.
    ids = torch.zeros(*word_ids.shape, 50, dtype=torch.long)
    assert_same(ours(ids, word_ids), stock(ids, word_ids))
    assert ours.bilm.kept_words >= len(WORDS)


def test_a_word_out_of_the_cache_is_read_by_its_characters(files: Files) -> None:
    ours, stock = pair(files, num_output_representations=1, dropout=0.0, vocab_to_cache=WORDS)
    ids, word_ids = batch_to_ids([["The", "windmill"]]), torch.tensor([[2, 99]])
    assert_same(ours(ids, word_ids), stock(ids, word_ids))
    with pytest.raises(ElmoError, match="no vocab_to_cache"):
        Elmo(*files)(ids, word_ids)


def test_a_sentence_is_the_same_at_every_call_unless_stateful(files: Files) -> None:
    ids = batch_to_ids(SENTENCES)
    first, second = (elmo(ids)["elmo_representations"][0] for elmo in [Elmo(*files).eval()] * 2)
    assert torch.equal(first, second)
    alone = Elmo(*files).eval()(ids[1:2, :4])["elmo_representations"][0]
    torch.testing.assert_close(alone, first[1:2, :4])
    ours, stock = Elmo(*files, stateful=True).eval(), StockElmo(*files, 1).eval()
    for _ in range(3):
        assert_same(ours(ids), stock(ids))
    assert not torch.allclose(ours(ids)["elmo_representations"][0], first)


class Tagger(nn.Module):
    """What people build."""

    def __init__(self, elmo: Any) -> None:
        super().__init__()
        self.elmo: Any = elmo
        self.tags = nn.Linear(14, 3)

    def forward(self, ids: Tensor) -> Tensor:
        return self.tags(self.elmo(ids)["elmo_representations"][0])


@pytest.mark.parametrize("trained", [False, True])
def test_checkpoints_go_both_ways(trained: bool, files: Files, make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    others = (str(tmp_path / "o.json"), str(tmp_path / "w.hdf5"))
    make_bilm().save(*others)
    stock = Tagger(StockElmo(*files, 1, requires_grad=trained))
    ours = Tagger(Elmo(*others, 1, requires_grad=trained))
    assert ours.state_dict().keys() == stock.state_dict().keys()
    ids = batch_to_ids(SENTENCES)
    if trained:
        stock(ids).square().sum().backward()
        torch.optim.SGD(stock.parameters(), lr=0.1).step()
        stock.elmo._elmo_lstm._elmo_lstm.reset_states()
    ours.load_state_dict(stock.state_dict())
    torch.testing.assert_close(ours.eval()(ids), stock.eval()(ids))
    back = Tagger(StockElmo(*others, 1))
    back.load_state_dict(ours.state_dict())
    torch.testing.assert_close(back.eval()(ids), ours(ids))
    again = Tagger(Elmo(*others, 1, requires_grad=trained))
    again.load_state_dict(ours.state_dict())
    torch.testing.assert_close(again.eval()(ids), ours(ids))


def test_the_weights_that_are_trained_get_stocks_gradients(files: Files) -> None:
    ours, stock = pair(files, num_output_representations=1, dropout=0.0, requires_grad=True)
    ids = batch_to_ids(SENTENCES)
    for elmo in (ours, stock):
        elmo(ids)["elmo_representations"][0].square().sum().backward()
        torch.optim.SGD(elmo.parameters(), lr=0.1).step()
    for name, weight in ours.state_dict().items():
        torch.testing.assert_close(weight, stock.state_dict()[name], rtol=1e-3, atol=1e-5, msg=name)


def test_a_damaged_checkpoint_is_named(files: Files) -> None:
    elmo = Elmo(*files)
    weights = elmo.state_dict()
    del weights["_elmo_lstm._elmo_lstm.forward_layer_1.state_linearity.bias"]
    with pytest.raises(RuntimeError, match=r"forward_layer_1\.state_linearity\.bias is missing"):
        elmo.load_state_dict(weights)
    del weights["scalar_mix_0.gamma"], weights["_elmo_lstm._token_embedder._projection.bias"]
    with pytest.raises(RuntimeError, match=r"scalar_mix_0\.gamma"):
        elmo.load_state_dict(weights)


def test_a_module_instead_of_the_files(files: Files, make_bilm: Callable[..., BiLM]) -> None:
    stock = StockElmo(*files, 1, dropout=0.0)
    ids = batch_to_ids(SENTENCES)
    expected = stock(ids)
    module: Any = stock.get_submodule("_elmo_lstm")
    module._elmo_lstm.reset_states()
    assert_same(Elmo(module=module, dropout=0.0)(ids), expected)
    assert Elmo(module=module).get_output_dim() == 14
    assert_same(Elmo(module=BiLM.from_files(*files), dropout=0.0)(ids), expected)
    assert_same(Elmo(module=BoundaryBiLM.from_files(*files), dropout=0.0)(ids), expected)
    with pytest.raises(ElmoError, match="BoundaryBiLM"):
        Elmo(module=make_bilm(), keep_sentence_boundaries=True)
    with pytest.raises(ElmoError, match="not both"):
        Elmo(*files, module=module)


def test_the_checkpoint_of_a_biLM_of_8_bit_numbers_has_all_its_weights(make_bilm: Callable[..., BiLM]) -> None:
    """AllenNLP has no names for them."""
    ids = batch_to_ids(SENTENCES)
    bilms = [make_bilm().requires_grad_(False).to_precision(torch.int8) for _ in range(2)]
    elmo, other = (Elmo(module=bilm).eval() for bilm in bilms)
    expected = elmo(ids)["elmo_representations"][0]
    assert not torch.equal(other(ids)["elmo_representations"][0], expected)
    other.load_state_dict(elmo.state_dict())
    assert torch.equal(other(ids)["elmo_representations"][0], expected)


def test_a_name_and_mistakes(files: Files) -> None:
    assert Elmo(bilm="mini").get_output_dim() == 512
    with pytest.raises(ScalarMixError, match="2 scalar parameters for the biLM's 3 layers"):
        Elmo(*files, scalar_mix_parameters=[0.0, 1.0])
    with pytest.raises(ValueError, match="There is no biLM"):
        Elmo()


@pytest.mark.parametrize(
    "value",
    [
        {"num_output_representations": -1},
        {"num_output_representations": True},
        {"num_output_representations": 1.0},
        {"requires_grad": "false"},
        {"do_layer_norm": "no"},
        {"keep_sentence_boundaries": 1},
        {"stateful": None},
        {"dropout": 1.5},
        {"dropout": "0.5"},
    ],
)
def test_values_of_other_types(value: dict[str, Any], files: Files) -> None:
    (name,) = value
    with pytest.raises(ElmoError, match=f"{name} is .*; it must be"):
        Elmo(*files, **value)


def test_pickles_and_moves(files: Files) -> None:
    elmo = Elmo(*files, vocab_to_cache=WORDS).eval()
    ids = batch_to_ids(SENTENCES)
    copy = pickle.loads(pickle.dumps(elmo))
    torch.testing.assert_close(copy(ids)["elmo_representations"][0], elmo(ids)["elmo_representations"][0])
    assert elmo.double()(ids)["elmo_representations"][0].dtype == torch.float64
