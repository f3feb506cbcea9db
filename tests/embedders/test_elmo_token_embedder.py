import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer
from allennlp.modules import TextFieldEmbedder, TokenEmbedder
from allennlp.modules.token_embedders import ElmoTokenEmbedder as StockEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.regularizers import L2Regularizer, RegularizerApplicator
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMFiles, CharacterIdsError, batch_to_ids
from elmo_tasks.bilm.boundaries import BoundaryBiLM
from elmo_tasks.embedders import ElmoTokenEmbedder

WORDS = ["The", "cat", "dogs", "elsewhere"]
STOCK_ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"do_layer_norm": True},
    {"requires_grad": True},
    {"do_layer_norm": True, "requires_grad": True},
    {"projection_dim": 5},
    {"vocab_to_cache": WORDS},
    {"scalar_mix_parameters": [0.5, -1.0, 2.0]},
    {"scalar_mix_parameters": [-9e10, 1, -9e10], "do_layer_norm": True, "projection_dim": 3},
]


def strings(files: BiLMFiles) -> dict[str, str]:
    return {"options_file": str(files.options_file), "weight_file": str(files.weight_file)}


def both(files: BiLMFiles, stateful: bool = False, **arguments: Any) -> tuple[StockEmbedder, ElmoTokenEmbedder]:
    """Stock's embedder, and ours with the same weights."""
    stock = StockEmbedder(**strings(files), **arguments)
    ours = ElmoTokenEmbedder(**strings(files), **arguments, stateful=stateful)
    with torch.no_grad():
        for parameter in stock._elmo.scalar_mix_0.parameters():
            if parameter.requires_grad:
                parameter.normal_()
    ours.scalar_mix.load_state_dict(stock._elmo.scalar_mix_0.state_dict())
    if stock._projection is not None:
        ours._projection.load_state_dict(stock._projection.state_dict())
    return stock, ours


@pytest.mark.parametrize("arguments", STOCK_ARGUMENTS)
def test_is_stock_allennlps(bilm_files: BiLMFiles, character_ids: Tensor, arguments: dict[str, Any]) -> None:
    stock, ours = both(bilm_files, **arguments)
    assert ours.get_output_dim() == stock.get_output_dim()
    # A longer batch would meet the states that stock carries on.
    torch.testing.assert_close(ours.eval()(character_ids), stock.eval()(character_ids), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("arguments", STOCK_ARGUMENTS)
def test_stateful_is_stock_allennlps_over_several_batches(
    bilm_files: BiLMFiles, character_ids: Tensor, arguments: dict[str, Any]
) -> None:
    stock, ours = (embedder.eval() for embedder in both(bilm_files, stateful=True, **arguments))
    # Stock forgets its states if a batch is larger than all before, so the largest comes first.
    for batch in (character_ids, character_ids[:2], character_ids, character_ids.flip(0), character_ids[1:2, :2]):
        torch.testing.assert_close(ours(batch), stock(batch), rtol=1e-5, atol=1e-5)


def test_dropout_is_stock_allennlps(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    for arguments in ({}, {"dropout": 0.2}):
        stock, ours = both(bilm_files, **arguments)
        torch.manual_seed(0)
        expected = stock.train()(character_ids)
        torch.manual_seed(0)
        torch.testing.assert_close(ours.train()(character_ids), expected, rtol=1e-5, atol=1e-5)


def test_gradients_are_stock_allennlps(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    stock, ours = both(bilm_files, requires_grad=True, dropout=0.0)
    weights = torch.randn(*character_ids.shape[:2], ours.get_output_dim())
    for embedder in (stock, ours):
        (embedder(character_ids) * weights).sum().backward()
    pairs = [
        (ours.bilm.char_cnn.character_embedding, stock._elmo._elmo_lstm._token_embedder._char_embedding_weights),
        (ours.scalar_mix.gamma, stock._elmo.scalar_mix_0.gamma),
        *zip(ours.scalar_mix.scalar_parameters, stock._elmo.scalar_mix_0.scalar_parameters, strict=True),
    ]
    for actual, expected in pairs:
        torch.testing.assert_close(actual.grad, expected.grad, rtol=1e-4, atol=1e-5)


def test_more_dimensions(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    stock, ours = (embedder.eval() for embedder in both(bilm_files))
    four = torch.stack([character_ids, character_ids.flip(0)])
    torch.testing.assert_close(ours(four), stock(four), rtol=1e-5, atol=1e-5)
    five = four.unsqueeze(0).expand(2, -1, -1, -1, -1)
    torch.testing.assert_close(ours(five)[1, 1], ours(character_ids.flip(0)))


@pytest.mark.parametrize("arguments", [{}, {"layer_norm": "token"}, {"do_layer_norm": True}, {"projection_dim": 3}])
@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (0, 3), (2, 3)])
def test_nothing_to_embed(bilm_files: BiLMFiles, arguments: dict[str, Any], shape: tuple[int, int]) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), **arguments)
    vectors = embedder(torch.zeros(*shape, 50, dtype=torch.long))
    assert vectors.shape == (*shape, embedder.get_output_dim())
    assert vectors.isfinite().all()


def test_not_character_ids(bilm_files: BiLMFiles) -> None:
    with pytest.raises(CharacterIdsError, match=r"\(2, 3\)"):
        ElmoTokenEmbedder(**strings(bilm_files))(torch.ones(2, 3, dtype=torch.long))


@pytest.mark.parametrize("layer_norm", ["none", "token"])
def test_a_sentence_is_embedded_alike_in_any_batch(
    bilm_files: BiLMFiles, character_ids: Tensor, layer_norm: str
) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), layer_norm=layer_norm).eval()
    together = embedder(character_ids)
    for number, length in enumerate((5, 2, 3)):
        alone = embedder(character_ids[number : number + 1, :length])
        torch.testing.assert_close(together[number : number + 1, :length], alone, rtol=1e-5, atol=1e-5)
        assert not together[number, length:].any()


def test_stock_layer_norm_depends_on_batch_mates(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), layer_norm="stock").eval()
    assert (embedder(character_ids)[:1] - embedder(character_ids[:1])).abs().max() > 1e-3


def test_boundaries_do_not_change_the_tokens(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    expected = BiLM.from_files(*bilm_files)(character_ids)
    actual = BoundaryBiLM.from_files(*bilm_files)(character_ids)
    torch.testing.assert_close(actual.layers[:, :, 1:-1] * expected.mask[:, None, :, None], expected.layers)
    assert actual.mask.sum(1).tolist() == (expected.mask.sum(1) + 2).tolist()


@pytest.mark.parametrize(("layers", "number"), [("last", 2), (0, 0), (1, 1)])
def test_one_layer(bilm_files: BiLMFiles, character_ids: Tensor, layers: str | int, number: int) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), layers=layers, dropout=0.0)
    expected = BiLM.from_files(*bilm_files)(character_ids).layers[:, number]
    torch.testing.assert_close(embedder(character_ids), expected)


def test_only_the_mix_is_trained_by_default(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), initial_scalar_mix_parameters=[0.1, 0.2, 0.3])
    names = {
        "_scalar_mix.gamma",
        "_scalar_mix.scalar_parameters.0",
        "_scalar_mix.scalar_parameters.1",
        "_scalar_mix.scalar_parameters.2",
    }
    assert {name for name, _ in embedder.named_parameters()} == names
    assert set(embedder.state_dict()) == names
    embedder(character_ids).sum().backward()
    assert all(parameter.grad is not None for parameter in embedder.parameters())
    assert all(parameter.grad is None for parameter in embedder.bilm.parameters())
    assert [parameter.item() for parameter in embedder.scalar_mix.scalar_parameters] == pytest.approx([0.1, 0.2, 0.3])


def test_requires_grad_trains_the_bilm(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), requires_grad=True)
    for _ in range(2):
        # The same ids again: the layers of trained weights are not kept.
        embedder(character_ids).square().sum().backward()
    assert all(parameter.grad is not None for parameter in embedder.parameters())
    assert set(embedder.bilm.state_dict()) == {
        name.removeprefix("_bilm.") for name in embedder.state_dict() if name.startswith("_bilm.")
    }


def test_scalar_mix_parameters_are_frozen(bilm_files: BiLMFiles) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), scalar_mix_parameters=[0, 1, 2])
    assert not any(parameter.requires_grad for parameter in embedder.parameters())


def test_regularizer_finds_the_mix(bilm_files: BiLMFiles) -> None:
    regularizer = RegularizerApplicator([("scalar_parameters", L2Regularizer(alpha=0.1))])
    embedder = ElmoTokenEmbedder(**strings(bilm_files), initial_scalar_mix_parameters=[1.0, 2.0, 3.0])
    assert regularizer(embedder).item() == pytest.approx(1.4)


def test_gamma_starts_where_the_parameter_says(bilm_files: BiLMFiles) -> None:
    ids = batch_to_ids([["The", "cat"], ["No"]])
    one, other = (ElmoTokenEmbedder(**strings(bilm_files), dropout=0.0, gamma=gamma) for gamma in (1.0, 0.25))
    torch.testing.assert_close(other(ids), one(ids) / 4)
    assert other.scalar_mix.gamma.requires_grad
    with pytest.raises(ConfigurationError, match="gamma is nan; it must be a number"):
        ElmoTokenEmbedder(**strings(bilm_files), gamma=float("nan"))


def test_gamma_starts_at_1_and_where_an_initializer_says(bilm_files: BiLMFiles) -> None:
    """By the line that the page of configs has; of no module but ELMo's."""
    params = {
        "elmo": {"type": "elmo", "bilm": strings(bilm_files)},
        "tokens": {"type": "embedding", "embedding_dim": 2},
    }
    embedder = TextFieldEmbedder.from_params(Params({"token_embedders": params}), vocab=Vocabulary())
    before = {name: parameter.clone() for name, parameter in embedder.named_parameters()}
    (gamma,) = (name for name in before if "gamma" in name)
    assert before[gamma].item() == 1
    line = {"regexes": [["elmo.*gamma", {"type": "constant", "val": 0.3}]]}
    InitializerApplicator.from_params(Params(line))(embedder)
    for name, parameter in embedder.named_parameters():
        torch.testing.assert_close(parameter, torch.tensor([0.3]) if name == gamma else before[name], check_dtype=False)


def test_vocab_to_cache(bilm_files: BiLMFiles, character_ids: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ElmoTokenEmbedder(**strings(bilm_files)).eval()(character_ids)
    # A biLM of their own, that nobody else shares.
    embedder = ElmoTokenEmbedder(bilm=BiLM.from_files(*bilm_files), vocab_to_cache=WORDS).eval()
    more = ElmoTokenEmbedder(bilm=embedder.bilm, vocab_to_cache=["sat", *WORDS]).eval()
    computed: list[Tensor] = []
    convolve = type(embedder.bilm.char_cnn)._convolve
    monkeypatch.setattr(
        type(embedder.bilm.char_cnn),
        "_convolve",
        lambda self, ids, *more: computed.extend(ids) or convolve(self, ids, *more),
    )
    torch.testing.assert_close(embedder(character_ids), plain)
    # "<S>", "</S>", "there", ".", "Naïve", "No", "!"; neither "The", twice, nor "cat", "sat" and "dogs".
    assert len(computed) == 7
    torch.testing.assert_close(more(character_ids.clone()), plain)
    assert embedder.bilm is more.bilm


def test_cached_bilm_can_be_saved(bilm_files: BiLMFiles, tmp_path: Path) -> None:
    embedder = ElmoTokenEmbedder(bilm=BiLM.from_files(*bilm_files), vocab_to_cache=WORDS)
    embedder.bilm.save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    for name, weight in BiLM.from_files(tmp_path / "options.json", tmp_path / "weights.hdf5").state_dict().items():
        torch.testing.assert_close(weight, BiLM.from_files(*bilm_files).state_dict()[name])


def test_word_inputs_are_not_needed(bilm_files: BiLMFiles) -> None:
    words = ["@@PADDING@@", "The", "cat"]
    stock, ours = (embedder.eval() for embedder in both(bilm_files, vocab_to_cache=words))
    ids = batch_to_ids([["The", "cat"], ["cat", "cat"]])
    word_ids = torch.tensor([[1, 2], [2, 2]])
    torch.testing.assert_close(ours(ids, word_ids), stock(ids, word_ids), rtol=1e-5, atol=1e-5)


def test_from_params_with_the_stock_indexer(bilm_files: BiLMFiles) -> None:
    params = {"token_embedders": {"elmo": {"type": "elmo", "bilm": strings(bilm_files), "layer_norm": "token"}}}
    embedder = TextFieldEmbedder.from_params(Params(params)).eval()
    instances = [
        Instance({"text": TextField([Token(word) for word in text.split()], {"elmo": ELMoTokenCharactersIndexer()})})
        for text in ("The cat sat .", "Naïve dogs")
    ]
    batch = Batch(instances)
    batch.index_instances(Vocabulary())
    vectors = embedder(batch.as_tensor_dict()["text"])
    expected = ElmoTokenEmbedder(**strings(bilm_files), layer_norm="token").eval()
    torch.testing.assert_close(vectors, expected(batch_to_ids([["The", "cat", "sat", "."], ["Naïve", "dogs"]])))
    assert embedder.get_output_dim() == 16


@pytest.mark.parametrize("given", ["mapping", "folder", "files", "object"])
def test_ways_to_give_a_bilm(bilm_files: BiLMFiles, character_ids: Tensor, given: str) -> None:
    arguments: dict[str, Any] = {
        "mapping": {"bilm": strings(bilm_files)},
        "folder": {"bilm": str(bilm_files.weight_file.parent)},
        "files": strings(bilm_files),
        "object": {"bilm": BiLM.from_files(*bilm_files)},
    }[given]
    expected = BiLM.from_files(*bilm_files)(character_ids).layers.mean(1)
    torch.testing.assert_close(ElmoTokenEmbedder(**arguments).eval()(character_ids), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, 'give "bilm" .a name such as "mini".'),
        ({"options_file": "options.json"}, 'both "options_file" and "weight_file"'),
        ({"weight_file": "weights.hdf5"}, 'both "options_file" and "weight_file"'),
        ({"bilm": "mini", "weight_file": "weights.hdf5"}, "not both"),
        ({"bilm": {"weights": "weights.hdf5"}}, r"the keys \['weights'\]"),
        ({"bilm": "miny"}, "miny"),
        ({"options_file": "/nowhere/options.json", "weight_file": "/nowhere/w.hdf5"}, "/nowhere/options.json"),
        ({"do_layer_norm": True, "layer_norm": "token"}, 'layer_norm is "token"'),
        ({"layer_norm": "batch"}, "none, token, stock"),
        ({"layers": 3}, r"a layer in 0\.\.2"),
        ({"dtype": "half"}, "float32, bfloat16, float16, int8"),
        ({"dtype": "bfloat16", "requires_grad": True}, 'dtype "bfloat16" is for a frozen biLM'),
        ({"dtype": "int8", "requires_grad": True}, 'dtype "int8" is for a frozen biLM'),
        ({"kept_words": -1}, "kept_words is -1"),
        ({"dropout": 50}, "dropout is 50.*; it must be a number, 0 to 1"),
        ({"projection_dim": True}, "projection_dim is True; it must be a whole number"),
        ({"projection_dim": -3}, "projection_dim is -3; it must be a whole number"),
        ({"cache": "folder", "requires_grad": True}, "requires_grad is true"),
        ({"cache": "folder", "stateful": True}, "stateful is true"),
        ({"cache": {"folder": "x"}}, r"the keys \['folder'\]"),
        ({"scalar_mix_parameters": [1, 2, 3], "initial_scalar_mix_parameters": [1, 2, 3]}, "give one of them"),
        ({"scalar_mix_parameters": [1, 2]}, "2 scalar parameters for the biLM's 3 layers"),
    ],
)
def test_bad_configs(bilm_files: BiLMFiles, arguments: dict[str, Any], message: str) -> None:
    if not {"bilm", "options_file", "weight_file"} & set(arguments) and arguments:
        arguments = {**strings(bilm_files), **arguments}
    with pytest.raises(ConfigurationError, match=message):
        TokenEmbedder.from_params(Params({"type": "elmo", **arguments}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kept_words": 1e3}, r"kept_words is 1000\.0; it must be a whole number"),
        ({"requires_grad": "false"}, "requires_grad is 'false'; it must be true or false"),
        ({"stateful": 1}, "stateful is 1; it must be true or false"),
        ({"dropout": "0.5"}, r"dropout is '0\.5'; it must be a number, 0 to 1"),
    ],
)
def test_bad_arguments(bilm_files: BiLMFiles, arguments: dict[str, Any], message: str) -> None:
    """In a config AllenNLP casts these."""
    with pytest.raises(ConfigurationError, match=message):
        ElmoTokenEmbedder(**strings(bilm_files), **arguments)


def test_bad_objects(bilm_files: BiLMFiles) -> None:
    bilm = BiLM.from_files(*bilm_files)
    with pytest.raises(ConfigurationError, match="not both"):
        ElmoTokenEmbedder(**strings(bilm_files), bilm=bilm)
    with pytest.raises(ConfigurationError, match="stateless"):
        ElmoTokenEmbedder(bilm=bilm, stateful=True)
    with pytest.raises(ConfigurationError, match="BoundaryBiLM"):
        ElmoTokenEmbedder(bilm=bilm, do_layer_norm=True)
    with pytest.raises(ConfigurationError, match=r"convert it, `bilm\.to_precision\(torch\.bfloat16\)`"):
        ElmoTokenEmbedder(bilm=bilm, dtype="bfloat16")
    with pytest.raises(ConfigurationError, match="the given BiLM is stateful"):
        ElmoTokenEmbedder(bilm=BiLM.from_files(*bilm_files, stateful=True), cache="folder")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda embedder: pickle.loads(pickle.dumps(embedder))])
@pytest.mark.parametrize("arguments", [{}, {"requires_grad": True}, {"vocab_to_cache": WORDS}, {"cache": "cache"}])
def test_copies(
    bilm_files: BiLMFiles,
    character_ids: Tensor,
    copied: Any,
    arguments: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    embedder = ElmoTokenEmbedder(**strings(bilm_files), **arguments).eval()
    expected = embedder(character_ids)
    torch.testing.assert_close(copied(embedder)(character_ids.clone()), expected)


def test_result_has_the_models_type(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), projection_dim=3).eval()
    expected = embedder(character_ids)
    torch.testing.assert_close(embedder.double()(character_ids).float(), expected, rtol=1e-5, atol=1e-5)
    assert embedder.bilm.lstm.layers[0].weight.dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(embedder.float()(character_ids).float(), expected, rtol=0.05, atol=0.05)


def test_cache(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int], tmp_path: Path) -> None:
    """A config's embedders at two places, in two runs: the biLM runs once on each sentence."""
    params = {"type": "elmo", **strings(bilm_files), "cache": {"path": str(tmp_path), "max_bytes": 10_000_000}}
    expected = ElmoTokenEmbedder(**strings(bilm_files)).eval()(character_ids)
    bilm_runs.clear()
    for _ in range(2):
        places = [TokenEmbedder.from_params(Params(copy.deepcopy(params))).eval() for _ in range(2)]
        for ids in (character_ids, character_ids.flip(0), character_ids[:1, :, :]):
            batch = ids.clone()
            for place in places:
                vectors = place(batch)
        torch.testing.assert_close(vectors, expected[:1], rtol=1e-3, atol=1e-4)
        assert places[0].bilm is places[1].bilm
        del place, places
    assert len(bilm_runs) == 1


@pytest.mark.parametrize("layer_norm", ["none", "token", "stock"])
def test_cache_changes_nothing(bilm_files: BiLMFiles, character_ids: Tensor, tmp_path: Path, layer_norm: str) -> None:
    arguments: dict[str, Any] = {**strings(bilm_files), "layer_norm": layer_norm}
    expected = ElmoTokenEmbedder(**arguments).eval()(character_ids)
    cached = ElmoTokenEmbedder(**arguments, cache={"path": str(tmp_path), "dtype": "float32"}).eval()
    for _ in range(2):
        torch.testing.assert_close(cached(character_ids.clone()), expected, rtol=1e-5, atol=1e-5)


def test_mix_is_trained_on_cached_layers(bilm_files: BiLMFiles, character_ids: Tensor, tmp_path: Path) -> None:
    embedder = ElmoTokenEmbedder(**strings(bilm_files), cache=str(tmp_path))
    gradients = []
    for _ in range(2):
        embedder.zero_grad()
        torch.manual_seed(0)
        embedder(character_ids.clone()).square().sum().backward()
        gradients.append([parameter.grad for parameter in embedder.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int8"])
def test_dtype(bilm_files: BiLMFiles, character_ids: Tensor, dtype: str) -> None:
    expected = ElmoTokenEmbedder(**strings(bilm_files)).eval()(character_ids)
    embedder = TokenEmbedder.from_params(Params({"type": "elmo", **strings(bilm_files), "dtype": dtype})).eval()
    vectors = embedder(character_ids)
    assert embedder.bilm.dtype == getattr(torch, dtype)
    assert vectors.dtype == torch.float32
    assert not torch.equal(vectors, expected)
    torch.testing.assert_close(vectors, expected, rtol=0, atol=0.1)


def test_kept_words(bilm_files: BiLMFiles) -> None:
    bilm = BiLM.from_files(*bilm_files)
    assert ElmoTokenEmbedder(bilm=bilm, kept_words=0).bilm.kept_words == 0
    assert ElmoTokenEmbedder(bilm=bilm, kept_words=10).bilm.kept_words == 10
    assert ElmoTokenEmbedder(bilm=bilm, kept_words=0, vocab_to_cache=WORDS).bilm.kept_words == 10
    assert ElmoTokenEmbedder(bilm=bilm).bilm.kept_words == 50_000
    assert ElmoTokenEmbedder(**strings(bilm_files), requires_grad=True).bilm.kept_words == 0


# The biLM's files


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder as AllenNLP has it when the model is built, and the vocabulary saved."""
    Vocabulary().save_to_files(str(tmp_path / "run" / "vocabulary"))
    return tmp_path / "run"


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("copied", [lambda embedder: embedder, copy.deepcopy, ElmoTokenEmbedder.another_place])
def test_who_writes_the_weights_keeps_the_bilms_files(
    new_bilm_files: BiLMFiles, run: Path, requires_grad: bool, copied: Any
) -> None:
    arguments: dict[str, Any] = {"requires_grad": requires_grad, "serialization_dir": str(run)}
    embedder = copied(ElmoTokenEmbedder(**strings(new_bilm_files), **arguments))
    assert not list(run.rglob("*.hdf5"))
    model = torch.nn.Sequential(embedder)
    model.state_dict()
    (kept,) = run.rglob("*.hdf5")
    written = kept.stat().st_mtime_ns
    model.state_dict()
    assert kept.stat().st_mtime_ns == written, "once a run"
    expected = embedder.bilm.state_dict()
    for file in new_bilm_files:
        file.unlink()
    again = ElmoTokenEmbedder(**strings(new_bilm_files), **arguments)
    assert all(torch.equal(value, expected[name]) for name, value in again.bilm.state_dict().items())


def test_files_can_be_kept_without_a_state_dict(bilm_files: BiLMFiles, run: Path) -> None:
    ElmoTokenEmbedder(**strings(bilm_files), serialization_dir=str(run)).keep_bilm_files()
    assert len(list(run.rglob("*.hdf5"))) == 1
    # There is nothing to keep, or no place for it.
    ElmoTokenEmbedder(**strings(bilm_files)).keep_bilm_files()
    ElmoTokenEmbedder(bilm=BiLM.from_files(*bilm_files), serialization_dir=str(run)).keep_bilm_files()


def test_a_bilm_is_one_attribute(bilm_files: BiLMFiles) -> None:
    frozen = ElmoTokenEmbedder(**strings(bilm_files))
    assert frozen.frozen is not None
    assert frozen.frozen.bilm is frozen.bilm
    assert not any(isinstance(module, BiLM) for module in frozen.modules())
    trained = ElmoTokenEmbedder(**strings(bilm_files), requires_grad=True)
    assert trained.frozen is None
    assert [module for module in trained.modules() if isinstance(module, BiLM)] == [trained.bilm]


# Weights that stock's embedder has saved


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_a_frozen_bilm_may_be_in_stocks_weights_again(bilm_files: BiLMFiles, dtype: str) -> None:
    stock, _ = both(bilm_files)
    ours = ElmoTokenEmbedder(**strings(bilm_files), dtype=dtype)
    assert not any(ours.load_state_dict(stock.state_dict(), strict=False))
    torch.testing.assert_close(ours.scalar_mix.gamma, stock._elmo.scalar_mix_0.gamma)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("how", ["trained", "another"])
def test_a_bilm_in_stocks_weights_is_not_dropped(
    how: str, dtype: str, bilm_files: BiLMFiles, other_bilm_files: BiLMFiles, character_ids: Tensor
) -> None:
    stock = StockEmbedder(**strings(bilm_files if how == "trained" else other_bilm_files), requires_grad=True)
    if how == "trained":
        with torch.no_grad():
            # One layer of one direction is enough.
            stock._elmo._elmo_lstm._elmo_lstm.backward_layer_1.state_projection.weight.mul_(1.02)
    frozen = ElmoTokenEmbedder(**strings(bilm_files), dtype=dtype)
    with pytest.raises(
        RuntimeError, match=r'a biLM that was trained with the model.*"requires_grad": true.*elmo-export'
    ):
        frozen.load_state_dict(stock.state_dict(), strict=False)
    if dtype == "float32":
        # The way out that it names.
        trained = ElmoTokenEmbedder(**strings(bilm_files), requires_grad=True)
        trained.load_state_dict(stock.state_dict())
        torch.testing.assert_close(trained.eval()(character_ids), stock.eval()(character_ids), rtol=1e-5, atol=1e-5)


def test_a_bilm_in_stocks_weights_that_is_not_whole(bilm_files: BiLMFiles) -> None:
    stock, ours = both(bilm_files)
    state = stock.state_dict()
    del state["_elmo._elmo_lstm._elmo_lstm.forward_layer_1.state_linearity.weight"]
    with pytest.raises(RuntimeError, match=r"forward_layer_1\.state_linearity\.weight is missing"):
        ours.load_state_dict(state)
