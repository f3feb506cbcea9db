import importlib
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import check_for_gpu
from allennlp.models import Model, SimpleTagger, archival
from allennlp.training import Trainer
from allennlp.training.callbacks import TrainerCallback
from allennlp.training.learning_rate_schedulers import LearningRateScheduler, ReduceOnPlateauLearningRateScheduler

from elmo_tasks import compat
from elmo_tasks.device import DeviceError


def plateau(**params: Any) -> tuple[Any, torch.optim.Optimizer]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return LearningRateScheduler.from_params(
        Params({"type": "reduce_on_plateau", **params}), optimizer=optimizer
    ), optimizer


def test_reduce_on_plateau_halves_the_rate_when_the_metric_stands_still() -> None:
    scheduler, optimizer = plateau(mode="max", factor=0.5, patience=1, verbose=True)
    rates = []
    for metric in (0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9):
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    # One bad epoch is borne; the second one halves the rate.
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_reduce_on_plateau_hands_on_every_parameter() -> None:
    params = {"mode": "max", "factor": 0.2, "patience": 3, "threshold_mode": "abs", "threshold": 0.5}
    params |= {"cooldown": 2, "min_lr": 0.01, "eps": 1e-5}
    scheduler, optimizer = plateau(**params)
    expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **params)  # type: ignore[arg-type]
    assert scheduler.state_dict() == expected.state_dict()


def test_reduce_on_plateau_is_still_the_stock_class() -> None:
    scheduler, _ = plateau()
    assert isinstance(scheduler, ReduceOnPlateauLearningRateScheduler)
    assert type(scheduler).__module__ == "elmo_tasks.compat"


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


def test_applying_again_changes_nothing() -> None:
    before = warnings.filters[:]  # type: ignore[index]
    allowed = set(torch.serialization.get_safe_globals())
    importlib.reload(compat)
    assert set(torch.serialization.get_safe_globals()) == allowed
    assert len(warnings.filters) <= len(before) + 1
    plateau()


def test_the_autocast_warning_is_silenced_for_allennlps_trainer_only() -> None:
    text = "`torch.cuda.amp.autocast(args...)` is deprecated."
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        compat.silence_autocast_warning()
        for module in ("allennlp.training.gradient_descent_trainer", "users.own.module"):
            warnings.warn_explicit(text, FutureWarning, "file.py", 1, module=module)
    assert len(seen) == 1


@pytest.mark.parametrize("devices", [99, [-1, 99]])
def test_a_gpu_that_is_not_there(devices: int | list[int]) -> None:
    """AllenNLP's trainers, evaluators and commands ask so."""
    check_for_gpu(-1)
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        check_for_gpu(devices)


def test_a_training_on_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_device 99"):
        Trainer(serialization_dir=tmp_path, cuda_device=99)


def test_an_archive_for_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archival, "get_weights_path", lambda folder: "")
    (tmp_path / "config.json").write_text('{"dataset_reader": {"type": "sequence_tagging"}, "model": {"type": "x"}}')
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        archival.load_archive(tmp_path, cuda_device=99)


# A stock experiment, stopped and taken up again


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
