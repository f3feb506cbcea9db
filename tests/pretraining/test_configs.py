"""Every config in training_configs/bilm, built and trained for two small batches."""

import json
from pathlib import Path

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params

from elmo_tasks.bilm import BiLM, BiLMOptions, find_bilm
from elmo_tasks.pretraining import LanguageModel
from elmo_tasks.pretraining.recipes import RECIPES

CONFIGS = Path(__file__).parents[2] / "training_configs" / "bilm"


def overrides(corpus: str, **more) -> str:
    small = {
        "train_data_path": corpus,
        "validation_data_path": corpus,
        "vocabulary.paths": corpus,
        "vocabulary.min_count": 1,
        "model.options.char_cnn.filters": [[1, 4], [2, 4]],
        "model.options.lstm.dim": 16,
        "model.options.lstm.projection_dim": 8,
        "model.num_samples": 4,
        "data_loader.batch_size": 2,
        "data_loader.batches_per_epoch": 2,
        "validation_data_loader.batch_size": 2,
        "trainer.num_epochs": 1,
    }
    return json.dumps(small | more)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("the cat saw the dog\na dog ran\n" * 20)
    return str(path)


def test_every_config_is_tested():
    assert {path.stem for path in CONFIGS.glob("*.jsonnet")} == {"mini", "small", "original"}


@pytest.mark.parametrize("name", ["mini", "small", "original"])
def test_config_trains(name, corpus, tmp_path):
    params = Params.from_file(str(CONFIGS / f"{name}.jsonnet"), overrides(corpus))
    assert isinstance(train_model(params, str(tmp_path / "run")), LanguageModel)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["validation_perplexity"] > 1


@pytest.mark.parametrize("name", ["mini", "small", "original"])
def test_the_shape_is_that_of_elmo_train(name):
    """Written twice: a config names no Python, and the command reads no config."""
    options = BiLMOptions.from_dict(Params.from_file(str(CONFIGS / f"{name}.jsonnet"))["model"]["options"].as_dict())
    assert options == RECIPES[name].options


def test_the_bundled_bilm_has_the_shape_of_its_size():
    assert BiLMOptions.from_file(find_bilm("mini").options_file) == RECIPES["mini"].options


@pytest.mark.parametrize(("name", "parameters"), [("small", 13_593_312), ("original", 93_600_864)])
def test_the_published_shapes_have_the_published_sizes(name, parameters):
    params = Params.from_file(str(CONFIGS / f"{name}.jsonnet"))
    with torch.device("meta"):
        bilm = BiLM(BiLMOptions.from_dict(params["model"]["options"].as_dict()))
    # Row 0 of the character embedding, "no token", stands in no weight file and is counted by AllenNLP.
    assert sum(parameter.numel() for parameter in bilm.parameters()) == parameters
