"""Small biLMs with random weights, and sentences for them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from torch import Tensor

import elmo_tasks.embedders  # noqa: F401
from elmo_tasks.bilm import BiLM, BiLMFiles, BiLMOptions, batch_to_ids

OPTIONS = BiLMOptions(
    character_dim=4, filters=((1, 4), (2, 8), (3, 8)), num_highway=1, cell_dim=16, projection_dim=8, num_layers=2
)


def write_bilm(folder: Path, seed: int) -> BiLMFiles:
    """Writes a biLM with random weights, large enough for its layers to differ from one another."""
    files = BiLMFiles(folder / "options.json", folder / "weights.hdf5")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        bilm = BiLM(OPTIONS)
        for parameter in bilm.lstm.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    bilm.save(*files)
    return files


@pytest.fixture(scope="session")
def bilm_files(tmp_path_factory: pytest.TempPathFactory) -> BiLMFiles:
    return write_bilm(tmp_path_factory.mktemp("bilm"), seed=1)


@pytest.fixture(scope="session")
def other_bilm_files(tmp_path_factory: pytest.TempPathFactory) -> BiLMFiles:
    return write_bilm(tmp_path_factory.mktemp("other_bilm"), seed=2)


@pytest.fixture
def new_bilm_files(tmp_path: Path) -> BiLMFiles:
    """The test's own, with the weights of `bilm_files`, at a path that may be deleted."""
    folder = tmp_path / "bilm"
    folder.mkdir()
    return write_bilm(folder, seed=1)


@pytest.fixture
def character_ids() -> Tensor:
    """Three sentences. Shape `(3, 5, 50)`."""
    return batch_to_ids([["The", "cat", "sat", "there", "."], ["Naïve", "dogs"], ["No", "!", "The"]])


TAGGED = """The###D cat###N sat###V
A###D dog###N saw###V the###D cat###N
Dogs###N sat###V there###A
"""


@pytest.fixture
def config(new_bilm_files: BiLMFiles, tmp_path: Path) -> dict[str, Any]:
    """A stock tagger on a few sentences, with ELMo."""
    data = tmp_path / "data.txt"
    data.write_text(TAGGED)
    return {
        "dataset_reader": {"type": "sequence_tagging", "token_indexers": {"elmo": {"type": "elmo_characters"}}},
        "train_data_path": str(data),
        "validation_data_path": str(data),
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {
                "token_embedders": {
                    "elmo": {
                        "type": "elmo",
                        "options_file": str(new_bilm_files.options_file),
                        "weight_file": str(new_bilm_files.weight_file),
                    }
                }
            },
            "encoder": {"type": "lstm", "input_size": 16, "hidden_size": 8},
        },
        "data_loader": {"batch_size": 2},
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.1},
            "num_epochs": 2,
            "checkpointer": {"keep_most_recent_by_count": 2},
            "cuda_device": -1,
        },
    }


@pytest.fixture
def cached_training(config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The same with a cache."""
    cached = copy.deepcopy(config)
    cached["model"]["text_field_embedder"]["token_embedders"]["elmo"]["cache"] = str(tmp_path / "cache")
    return cached


@pytest.fixture
def losses() -> Callable[[dict[str, Any], Path], list[float]]:
    """Trains by a config into a folder; gives the last losses of training and validation."""

    def train(config: dict[str, Any], run: Path) -> list[float]:
        train_model(Params(copy.deepcopy(config)), str(run))
        metrics = json.loads((run / "metrics.json").read_text())
        return [metrics["training_loss"], metrics["validation_loss"]]

    return train
