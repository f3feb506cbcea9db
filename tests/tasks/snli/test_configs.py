"""Every shipped config builds, trains, saves, loads and predicts; the pairs written for this project are as said."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.models import Model
from allennlp.predictors import Predictor

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "training_configs" / "snli"
FIXTURES = ROOT / "fixtures" / "snli"
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.jsonnet"))


def test_configs_are_where_they_should_be() -> None:
    assert {"snli_baseline", "snli_elmo", "small_baseline", "small_elmo", "open_glove_elmo_both"} <= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_config(name: str, corpus: str, make_bilm: Callable[[int], dict[str, str]], tmp_path: Path) -> None:
    path = FOLDER / f"{name}.jsonnet"
    shipped = Params.from_file(str(path)).as_dict()
    overrides: dict[str, Any] = {"trainer.num_epochs": 1, "train_data_path": corpus, "validation_data_path": corpus}
    # The paper's sizes would take most of the time to pack.
    overrides |= {"model.encoder.hidden_size": 10, "model.inference_encoder.hidden_size": 10}
    overrides |= {"model.projection_dim": 10, "model.hidden_dim": 10}
    if "test_data_path" in shipped:
        overrides["test_data_path"] = corpus
    tokens = shipped["model"]["text_field_embedder"]["token_embedders"]["tokens"]
    if "pretrained_files" in shipped["vocabulary"]:
        vectors = tmp_path / "vectors.txt"
        numbers = " ".join(["0.1"] * tokens["embedding_dim"])
        vectors.write_text("".join(f"{word} {numbers}\n" for word in ("dog", "cat", "rained")))
        assert tokens["pretrained_file"] == shipped["vocabulary"]["pretrained_files"]["tokens"]
        overrides["vocabulary.pretrained_files.tokens"] = str(vectors)
        overrides["model.text_field_embedder.token_embedders.tokens.pretrained_file"] = str(vectors)
    if "elmo" in shipped["model"]:
        # A small biLM in place of the one that is named. Its layers are as long as that one's.
        dims = {"mini": 256, "original": 1024}
        overrides["model.elmo.bilm"] = make_bilm(dims[shipped["model"]["elmo"]["bilm"]])
    assert ("elmo" in shipped["model"]) == ("elmo" in name)
    assert ("pretrained_file" in tokens) == ("glove" in name or name.startswith("snli"))

    run = tmp_path / "run"
    model = train_model(Params.from_file(str(path), overrides), str(run))
    assert_is_regularised_as_said(model, shipped["model"])
    # Hardly moved by the few updates.
    gammas = [parameter.item() for parameter_name, parameter in model.named_parameters() if "gamma" in parameter_name]
    assert gammas == pytest.approx([0.2 if "glove_elmo" in name else 1.0] * len(gammas), abs=0.05)
    assert bool(gammas) == ("elmo" in name)
    answer = Predictor.from_path(str(run / "model.tar.gz")).predict_json({"premise": "A dog.", "hypothesis": "A cat!"})
    assert answer["label"] in ("entailment", "neutral", "contradiction")
    assert answer["hypothesis_tokens"] == ["A", "cat", "!"]


def assert_is_regularised_as_said(model: Model, shipped: dict[str, Any]) -> None:
    """That the patterns of the config's regularizer match all weight matrices of the task, and nothing else."""
    expected = 0.0
    if "regularizer" in shipped:
        parts = ("encoder", "inference_encoder", "projection", "classifier")
        names = [name for name, parameter in model.named_parameters() if parameter.dim() == 2]
        assert {name.split(".")[0] for name in names} == {*parts, "text_field_embedder"}
        expected += sum(
            0.0001 * parameter.square().sum().item()
            for name, parameter in model.named_parameters()
            if parameter.dim() == 2 and name.split(".")[0] in parts
        )
    if "elmo" in shipped:
        expected += model.elmo.penalty().item()
    penalty = model.get_regularization_penalty()
    assert (0.0 if penalty is None else penalty.item()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    pairs = [json.loads(line) for line in (FIXTURES / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(list(pair) == ["gold_label", "sentence1", "sentence2"] for pair in pairs)
    labels = Counter(pair["gold_label"] for pair in pairs)
    counts = [labels[label] for label in ("entailment", "neutral", "contradiction", "-")]
    readme = (FIXTURES / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {part}\.jsonl \|(.*)\|$", readme, re.MULTILINE)
    assert row is not None
    assert [int(cell) for cell in row[1].split("|")] == [len({pair["sentence1"] for pair in pairs}), *counts]
    assert len({pair["sentence2"] for pair in pairs}) == len(pairs)
