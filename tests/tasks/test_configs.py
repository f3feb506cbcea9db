"""Every shipped config of a task builds, trains, saves, loads and predicts, at any sizes of biLM and layers."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.predictors import Predictor
from shipped_configs import CONFIGS, FOLDER, made_small, shipped


def test_each_task_has_its_fixtures_without_and_with_elmo() -> None:
    tasks = {name.split("/")[0] for name in CONFIGS}
    assert tasks >= {"ner", "snli", "squad"}
    assert {f"{task}/fixture_{kind}" for task in tasks for kind in ("baseline", "elmo")} <= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_names_say_what_is_in_them(name: str) -> None:
    config = shipped(name)
    match = re.fullmatch(r"\w+/\w+?(_glove)?_(baseline|elmo(_input|_output)?|bidaf)", name)
    assert match is not None
    has_elmo = match[2].startswith("elmo")
    assert ("elmo" in config["model"]) == has_elmo
    assert ("elmo" in config["dataset_reader"]["token_indexers"]) == has_elmo
    if match[3]:
        assert config["model"]["elmo"]["place"] == match[3][1:]
    words = config["model"]["text_field_embedder"]["token_embedders"]["tokens"]
    if match[1]:
        assert "pretrained_file" in words
    # The words of the vocabulary are those that have vectors.
    assert words.get("pretrained_file") == config["vocabulary"].get("pretrained_files", {}).get("tokens")
    header = (FOLDER / f"{name}.jsonnet").read_text(encoding="utf-8").partition("\nlocal ")[0]
    assert f"elmo-tasks train training_configs/{name}.jsonnet -s runs/" in header


@pytest.mark.parametrize("name", CONFIGS)
def test_no_config_states_the_size_of_an_input(name: str) -> None:
    model = shipped(name)["model"]
    assert not {"input_size", "input_dim"} & set(keys(model))


def keys(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys(inner)
    if isinstance(value, dict):
        yield from value


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_config(
    name: str,
    make_bilm: Callable[[int], dict[str, str]],
    check_same: Callable[[Any, Any], None],
    tmp_path: Path,
) -> None:
    model = train_model(made_small(name, make_bilm(6), tmp_path), str(tmp_path / "run"))
    assert model is not None
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert f"best_validation_{shipped(name)['trainer']['validation_metric'][1:]}" in metrics

    loaded = Predictor.from_path(str(tmp_path / "run" / "model.tar.gz"))
    trained = type(loaded)(model, loaded._dataset_reader)
    instances = list(loaded._dataset_reader.read(made_small(name, {}, tmp_path)["validation_data_path"]))
    assert instances
    answers = loaded.predict_batch_instance(instances)
    check_same(answers, trained.predict_batch_instance(instances))
    assert len(json.loads(json.dumps(answers))) == len(instances)
