"""The embedder, the tasks' ELMo, the cache and archives with a transformer in a biLM's place."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.models import load_archive
from allennlp.modules import TokenEmbedder
from tiny_transformers import PLAIN, write_bert

from elmo_tasks.bilm import BiLMFiles, batch_to_ids
from elmo_tasks.embedders import ElmoTokenEmbedder, TaskElmo
from elmo_tasks.embedders.bilms import bilms_of
from elmo_tasks.transformer import Transformer, read_transformer

SENTENCES = [PLAIN, ["the", "cats"], []]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of sentences at each run of a transformer."""
    counted: list[int] = []
    forward: Callable[..., Any] = Transformer.forward

    def run(self: Transformer, ids: torch.Tensor) -> Any:
        counted.append(len(ids))
        return forward(self, ids)

    monkeypatch.setattr(Transformer, "forward", run)
    return counted


def test_vectors_are_the_mixed_layers(bert: Path) -> None:
    transformer = read_transformer(bert)
    embedder = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0, initial_scalar_mix_parameters=[0.0, 1.0, -1.0])
    torch.nn.init.constant_(embedder.scalar_mix.gamma, 2.0)
    ids = transformer.ids(SENTENCES)
    weights = torch.tensor([0.0, 1.0, -1.0]).softmax(dim=0)
    expected = 2 * torch.einsum("l,blnd->bnd", weights, transformer(ids).layers)
    torch.testing.assert_close(embedder.train()(ids), expected)
    torch.testing.assert_close(embedder(**{transformer.ids_name: ids}), expected)
    assert embedder.get_output_dim() == 16
    assert embedder(ids.view(3, 1, *ids.shape[1:])).shape == (3, 1, len(PLAIN), 16)
    for layer in (0, 1, 2):
        fixed = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0, layers=layer)
        torch.testing.assert_close(fixed(ids), transformer(ids).layers[:, layer])
    assert ElmoTokenEmbedder(transformer=str(bert), projection_dim=5)(ids).shape == (3, len(PLAIN), 5)


def test_a_frozen_one_has_no_dropout_and_a_trained_one_has(bert: Path) -> None:
    ids = read_transformer(bert).ids(SENTENCES)
    frozen = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0).train()
    assert torch.equal(frozen(ids), frozen(ids))
    assert {name for name, _ in frozen.named_parameters()} == {
        "_scalar_mix.gamma", *(f"_scalar_mix.scalar_parameters.{number}" for number in range(3))
    }  # fmt: skip
    trained = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0, requires_grad=True).train()
    assert (trained(ids) - trained(ids)).abs().max() > 1e-3
    trained(ids).sum().backward()
    assert all(weight.grad is not None for weight in trained.parameters())
    torch.testing.assert_close(trained.eval()(ids), frozen(ids))


def test_all_share_one_that_is_frozen(bert: Path, tmp_path: Path, runs: list[int]) -> None:
    shutil.copytree(bert, tmp_path / "copy")
    one, same, copied = (ElmoTokenEmbedder(transformer=str(at)) for at in (bert, bert, tmp_path / "copy"))
    first = ElmoTokenEmbedder(transformer={"name": str(bert), "pooling": "first"})
    assert one.frozen is same.frozen is copied.frozen is not first.frozen
    ids = one.bilm.ids(SENTENCES)
    for embedder in (one, same, copied, one.another_place()):
        embedder(ids)
    assert runs == [3]


def test_a_tasks_elmo_runs_it_once(bert: Path, runs: list[int]) -> None:
    elmo = TaskElmo.from_params(Params({"transformer": str(bert), "place": "both", "dropout": 0.0}))
    transformer = read_transformer(bert)
    name = transformer.ids_name
    # Of different widths, as of different batches of words.
    premises, hypotheses = transformer.ids([PLAIN, ["the"]]), transformer.ids([["the", "cat"]])
    assert premises.shape[2] != hypotheses.shape[2]
    found = elmo({"elmo": {name: premises}}, {"elmo": {name: hypotheses}})
    assert len(runs) == 1
    for ids, vectors in zip((premises, hypotheses), found, strict=True):
        expected = transformer(ids).layers.mean(dim=1)
        torch.testing.assert_close(vectors.input, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(vectors.output, expected, rtol=1e-4, atol=1e-5)


def test_autocast_does_not_reach_a_frozen_one(bert: Path) -> None:
    embedder = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0)
    ids = embedder.bilm.ids(SENTENCES)
    expected = embedder.layers(ids).layers
    with torch.autocast("cpu"):
        assert torch.equal(embedder.layers(ids.clone()).layers, expected)
    half = ElmoTokenEmbedder(transformer=str(bert), dropout=0.0, dtype="bfloat16").layers(ids).layers
    assert 0 < (half - expected).norm() / expected.norm() < 0.05


def test_is_stock_allennlps(bert: Path) -> None:
    """Stock's embedder, which mixes all hidden states but the embedding layer, and whose padding is not zeros."""
    name = {"type": "pretrained_transformer_mismatched", "model_name": str(bert)}
    indexer = TokenIndexer.from_params(Params(dict(name)))
    transformer = read_transformer(bert)
    for pooling, sub_token_mode in (("mean", "avg"), ("first", "first")):
        stock = TokenEmbedder.from_params(
            Params({**name, "last_layer_only": False, "sub_token_mode": sub_token_mode, "train_parameters": False})
        )
        told = {"name": str(bert), "pooling": pooling, "hidden_states": [1, 2]}
        ours = ElmoTokenEmbedder(transformer=told, dropout=0.0)
        text = TextField([Token(word) for word in PLAIN], {"text": indexer})
        batch = Batch([Instance({"text": text})])
        batch.index_instances(Vocabulary())
        expected = stock.eval()(**batch.as_tensor_dict()["text"]["text"])
        torch.testing.assert_close(ours(transformer.ids([PLAIN])), expected)


# What is wrong


def test_ids_of_another_kind(bert: Path, roberta: Path, bilm_files: BiLMFiles) -> None:
    characters = {"elmo_tokens": batch_to_ids([["the", "cat"]])}
    transformer, other = read_transformer(bert), read_transformer(roberta)
    pieces, others = ({each.ids_name: each.ids([["the", "cat"]])} for each in (transformer, other))
    files = {"options_file": str(bilm_files.options_file), "weight_file": str(bilm_files.weight_file)}
    of_transformer, of_bilm = {"transformer": str(bert)}, {"bilm": files}
    for parameters, given, message in [
        (of_transformer, characters, r'given character ids \(elmo_tokens\), and this transformer reads the ids of .*'
                                     '"elmo_transformer_ids"'),
        (of_transformer, others, "given the ids of another transformer"),
        (of_bilm, pieces, 'and a biLM reads the character ids of the token indexer "elmo_character_ids"'),
    ]:  # fmt: skip
        with pytest.raises(ConfigurationError, match=message):
            ElmoTokenEmbedder(**parameters)(**given)
        with pytest.raises(ConfigurationError, match=message):
            TaskElmo.from_params(Params(copy.deepcopy(parameters)))({"elmo": given})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bilm": "mini"}, 'Give a biLM, or "transformer", but not both'),
        ({"stateful": True}, "stateful is true, but the given Transformer is stateless"),
        ({"do_layer_norm": True}, 'layer_norm "stock" needs a BoundaryBiLM'),
        ({"cache": "here", "requires_grad": True}, "requires_grad is true"),
        ({"layers": 3}, r"a layer in 0\.\.2"),
        ({"scalar_mix_parameters": [1.0]}, "There are 1 scalar parameters for the biLM's 3 layers"),
    ],
)
def test_parameters_that_contradict(bert: Path, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ElmoTokenEmbedder(transformer=str(bert), **parameters)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "/no/such"}, "There is no folder"),
        ({"pooling": "max"}, "pooling is"),
        ({"hidden_states": [7]}, "must be some of 0 to 2"),
        ({"max_pieces": 1000}, "48 at most"),
        ({"layers": [1]}, 'has the key "layers"'),
        ({"keep": "yes"}, "keep"),
    ],
)
def test_what_is_said_of_the_transformer_is_wrong(bert: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ElmoTokenEmbedder(transformer={"name": str(bert), **changes})


# Trainings


@pytest.fixture
def tagger(config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The stock tagger with a transformer of the test's own, which may be deleted."""
    folder = str(write_bert(tmp_path / "bert"))
    changed = copy.deepcopy(config)
    changed["dataset_reader"]["token_indexers"] = {"elmo": {"type": "elmo_transformer_ids", "transformer": folder}}
    embedder = {"type": "elmo", "transformer": {"name": folder, "keep": True}, "dropout": 0.0}
    changed["model"]["text_field_embedder"]["token_embedders"]["elmo"] = embedder
    return changed


def embedder_of(config: dict[str, Any]) -> dict[str, Any]:
    return config["model"]["text_field_embedder"]["token_embedders"]["elmo"]


@pytest.mark.parametrize("requires_grad", [False, True])
def test_an_archive_that_is_complete(tagger: dict[str, Any], tmp_path: Path, requires_grad: bool) -> None:
    embedder_of(tagger)["requires_grad"] = requires_grad
    train_model(Params(copy.deepcopy(tagger)), str(tmp_path / "run"))
    results = []
    for gone in (False, True):
        if gone:
            shutil.rmtree(tmp_path / "bert")
        archive = load_archive(tmp_path / "run/model.tar.gz")
        instance = archive.dataset_reader.text_to_instance([Token(word) for word in ("The", "cat", "unmatable")])
        archive.dataset_reader.apply_token_indexers(instance)
        results.append(archive.model.forward_on_instance(instance)["logits"])
    np.testing.assert_allclose(*results, rtol=1e-5)
    assert any("model." in name for name in archive.model.state_dict()) == requires_grad
    assert bilms_of(archive.model) == {}


def test_an_archive_that_is_not_says_what_it_needs(tagger: dict[str, Any], tmp_path: Path) -> None:
    del embedder_of(tagger)["transformer"]["keep"]
    train_model(Params(copy.deepcopy(tagger)), str(tmp_path / "run"))
    log = (tmp_path / "run/out.log").read_text()
    assert log.count(f'The model needs the transformer "{tmp_path / "bert"}" wherever it is loaded') == 1
    assert not (tmp_path / "run/vocabulary/.elmo").exists()
    shutil.rmtree(tmp_path / "bert")
    with pytest.raises(ConfigurationError, match=r'There is no folder ".*bert"\..*trained with "keep": true'):
        load_archive(tmp_path / "run/model.tar.gz")


def test_the_cache_of_a_training(
    tagger: dict[str, Any], losses: Callable[[dict[str, Any], Path], list[float]], tmp_path: Path, runs: list[int]
) -> None:
    plain = losses(tagger, tmp_path / "plain")
    assert len(runs) == 2 * (2 + 2)
    runs.clear()
    embedder_of(tagger)["cache"] = str(tmp_path / "cache")
    tagger["trainer"]["callbacks"] = ["elmo_fill_cache"]
    cached = losses(tagger, tmp_path / "cached")
    # All three sentences at once before the first epoch; validation reads the same ones.
    assert runs == [3]
    assert cached == pytest.approx(plain, rel=1e-3)
    assert losses(tagger, tmp_path / "again") == cached
    assert runs == [3]


def test_a_biLM_beside_a_transformer(
    tagger: dict[str, Any], bilm_files: BiLMFiles, tmp_path: Path, runs: list[int], bilm_runs: list[int]
) -> None:
    embedders = tagger["model"]["text_field_embedder"]["token_embedders"]
    embedders["bilm"] = {"type": "elmo", **{name: str(file) for name, file in bilm_files._asdict().items()}}
    for embedder in embedders.values():
        embedder["cache"] = str(tmp_path / "cache")
    tagger["dataset_reader"]["token_indexers"]["bilm"] = {"type": "elmo_character_ids"}
    tagger["model"]["encoder"]["input_size"] = 32
    tagger["trainer"]["callbacks"] = ["elmo_fill_cache"]
    train_model(Params(tagger), str(tmp_path / "run"))
    # Each was filled with the ids of its own indexer.
    assert (runs, bilm_runs) == ([3], [3])
    assert json.loads((tmp_path / "run/metrics.json").read_text())["epoch"] == 1
