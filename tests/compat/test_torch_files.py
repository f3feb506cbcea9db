import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.file_utils import TensorCache
from allennlp.models import Model, SimpleTagger
from allennlp.training.callbacks import TrainerCallback


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True)])
def test_torch_loads_numpy_numbers(number: Any, tmp_path: Path) -> None:
    torch.save({"number": number}, tmp_path / "state.th")
    loaded = torch.load(tmp_path / "state.th")["number"]
    assert loaded == number
    assert type(loaded) is type(number)


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code from a file was run",))


def test_torch_still_refuses_to_run_code_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"harmful": Harmful()}, tmp_path / "state.th")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        torch.load(tmp_path / "state.th")
    assert capsys.readouterr().out == ""


def test_a_tensor_cache_reads_what_it_has_written(tmp_path: Path) -> None:
    cache = TensorCache(tmp_path / "cache")
    whole = torch.arange(1000.0)
    cache["slice"] = whole[10:13]
    cache["flags"] = torch.tensor([True, False])
    cache.cache_cache.clear()
    assert cache["slice"].tolist() == [10, 11, 12]
    assert cache["flags"].tolist() == [True, False]
    # Not the whole tensor that it is a slice of.
    assert cache["slice"].untyped_storage().nbytes() == 12


@Model.register("tests_numpy_tagger")
class NumpyTagger(SimpleTagger):
    """A tagger whose metrics are NumPy numbers, as AllenNLP's "spearman_correlation" gives them."""

    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        return {name: np.float64(value) for name, value in super().get_metrics(reset).items()}


class Killed(Exception):
    pass


@TrainerCallback.register("tests_kill")
class Kill(TrainerCallback):
    """Stops the training in the middle of its second epoch, once."""

    armed = True

    def on_batch(
        self,
        trainer: Any,
        batch_inputs: Any,
        batch_outputs: Any,
        batch_metrics: Any,
        epoch: int,
        batch_number: int,
        is_training: bool,
        is_primary: bool = True,
        batch_grad_norm: float | None = None,
        **kwargs: Any,
    ) -> None:
        if Kill.armed and is_training and (epoch, batch_number) == (1, 2):
            Kill.armed = False
            raise Killed


@pytest.mark.parametrize(
    "scheduler", [{"type": "reduce_on_plateau", "mode": "max"}, {"type": "cosine", "t_initial": 2}]
)
def test_a_killed_training_is_recovered(scheduler: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("the###D cat###N sees###V Anna###P\nAnna###P sees###V\n" * 4)
    config = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": str(tmp_path / "train.tsv"),
        "validation_data_path": str(tmp_path / "train.tsv"),
        "model": {
            "type": "tests_numpy_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 4}}},
            "encoder": {"type": "lstm", "input_size": 4, "hidden_size": 4},
        },
        "data_loader": {"batch_size": 2},
        "trainer": {
            "num_epochs": 3,
            "optimizer": "adam",
            "learning_rate_scheduler": scheduler,
            "validation_metric": "+accuracy",
            "cuda_device": -1,
            "callbacks": ["tests_kill"],
        },
    }
    Kill.armed = True
    out = tmp_path / "run"
    with pytest.raises(Killed):
        train_model(Params(json.loads(json.dumps(config))), str(out))
    train_model(Params(json.loads(json.dumps(config))), str(out), recover=True)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["epoch"] == 2
    assert (out / "metrics_epoch_2.json").exists()
    # The first epoch was not trained again: its figures are those of before the kill.
    assert json.loads((out / "metrics_epoch_0.json").read_text())["epoch"] == 0
