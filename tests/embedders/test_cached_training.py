"""Stock AllenNLP's trainer with the activations cache."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params

import elmo_tasks.embedders  # noqa: F401
from elmo_tasks.bilm import BiLMFiles

SENTENCES = """The###D cat###N sat###V
A###D dog###N saw###V the###D cat###N
Dogs###N sat###V there###A
"""


@pytest.fixture
def config(bilm_files: BiLMFiles, tmp_path: Path) -> dict[str, Any]:
    """A stock tagger with ELMo and a cache."""
    data = tmp_path / "data.txt"
    data.write_text(SENTENCES)
    elmo = {
        "type": "elmo",
        "options_file": str(bilm_files.options_file),
        "weight_file": str(bilm_files.weight_file),
        "cache": str(tmp_path / "cache"),
    }
    return {
        "dataset_reader": {"type": "sequence_tagging", "token_indexers": {"elmo": {"type": "elmo_characters"}}},
        "train_data_path": str(data),
        "validation_data_path": str(data),
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {"token_embedders": {"elmo": elmo}},
            "encoder": {"type": "lstm", "input_size": 16, "hidden_size": 8},
        },
        "data_loader": {"batch_size": 2},
        "trainer": {"optimizer": {"type": "adam", "lr": 0.1}, "num_epochs": 2, "cuda_device": -1},
    }


def train(config: dict[str, Any], run: Path) -> list[float]:
    train_model(Params(copy.deepcopy(config)), str(run))
    metrics = json.loads((run / "metrics.json").read_text())
    return [metrics["training_loss"], metrics["validation_loss"]]


def test_the_bilm_runs_in_the_first_epoch_of_the_first_run(
    config: dict[str, Any], tmp_path: Path, bilm_calls: list[torch.Size]
) -> None:
    first = train(config, tmp_path / "first")
    # Two batches; validation reads the same sentences.
    assert len(bilm_calls) == 2
    second = train(config, tmp_path / "second")
    assert len(bilm_calls) == 2
    assert second == pytest.approx(first, rel=1e-4)


def test_a_cache_that_cannot_be_used_costs_time_only(
    config: dict[str, Any], tmp_path: Path, bilm_calls: list[torch.Size]
) -> None:
    expected = train(config, tmp_path / "first")
    bilm_calls.clear()
    elmo = config["model"]["text_field_embedder"]["token_embedders"]["elmo"]
    elmo["cache"] = {"path": "/proc/no/folder"}
    assert train(config, tmp_path / "second") == pytest.approx(expected, rel=1e-4)
    assert len(bilm_calls) == 2 * (2 + 2)
