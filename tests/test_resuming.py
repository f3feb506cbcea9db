"""A training that breaks off and goes on, against one that does not."""

import copy
import errno
import json
import os
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader
from allennlp.models import Model
from allennlp.training import Checkpointer, GradientDescentTrainer, TrainerCallback
from allennlp.training import util as training_util
from small_disks import fill
from small_disks import small_disk as small_disk
from torch import distributed

import elmo_tasks  # noqa: F401 (registers)
from elmo_tasks import resuming
from elmo_tasks.files import DiskFullError, whole
from elmo_tasks.resuming import drop_torn_checkpoints, random_states, set_random_states

EPOCHS, BATCHES = 4, 4
"""Batches an epoch."""


class Killed(RuntimeError):
    """Nothing in AllenNLP handles it."""


@TrainerCallback.register("kill_for_test")
class Kill(TrainerCallback):
    """Raises behind a batch of training, counted from the training's beginning, or behind an epoch's checkpoint."""

    def __init__(self, serialization_dir: str, batch: int) -> None:
        super().__init__(serialization_dir)
        self.batch = batch

    def on_batch(self, trainer: GradientDescentTrainer, *args: Any, is_training: bool = True, **kwargs: Any) -> None:
        # Before the checkpoint of this batch.
        if is_training and trainer._total_batches_completed == self.batch:
            raise Killed


@pytest.fixture
def tagger(tmp_path: Path) -> dict[str, Any]:
    """A stock tagger whose dropout and shuffling draw random numbers."""
    data = tmp_path / "data.txt"
    sentences = ["The###D cat###N sat###V", "A###D dog###N saw###V the###D cat###N", "Dogs###N sat###V there###A"]
    data.write_text("\n".join(f"{sentence}\nSo###A {sentence}" for sentence in sentences) + "\nIt###N sat###V\n" * 2)
    return {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": str(data),
        "validation_data_path": str(data),
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 6}}},
            "encoder": {"type": "lstm", "input_size": 6, "hidden_size": 8, "num_layers": 2, "dropout": 0.5},
        },
        "data_loader": {"batch_size": 2, "shuffle": True},
        "validation_data_loader": {"batch_size": 8},
        "trainer": {"optimizer": {"type": "adam", "lr": 0.05}, "num_epochs": EPOCHS, "cuda_device": -1},
    }


@pytest.fixture
def bucketed(tagger: dict[str, Any]) -> dict[str, Any]:
    """The same with the sampler that draws noise from Python's random numbers, and gradients added up."""
    tagger["data_loader"] = {"batch_sampler": {"type": "bucket", "batch_size": 2, "padding_noise": 0.5}}
    tagger["trainer"]["num_gradient_accumulation_steps"] = 2
    return tagger


@pytest.fixture
def language_model(tmp_path: Path) -> dict[str, Any]:
    """A language model over an endless stream of text, in epochs that end anywhere in it."""
    corpus = tmp_path / "corpus.txt"
    lines = ["the cat saw the dog", "a dog ran", "the cat ran off and the dog saw it", "it ran"]
    corpus.write_text("\n".join(f"{line} {number % 5}" for number, line in enumerate(lines * 6)) + "\n")
    options = {
        "char_cnn": {"activation": "relu", "embedding": {"dim": 4}, "filters": [[1, 4], [2, 4]], "n_highway": 1},
        "lstm": {"cell_clip": 3, "dim": 8, "n_layers": 2, "proj_clip": 3, "projection_dim": 4},
    }
    options["char_cnn"] |= {"max_characters_per_token": 50, "n_characters": 262}
    options["lstm"] |= {"use_skip_connections": True}
    windows = {"type": "elmo_lm_windows", "batch_size": 2, "window": 5}
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": str(corpus),
        "validation_data_path": str(corpus),
        "vocabulary": {"type": "elmo_corpus", "paths": str(corpus)},
        "model": {"type": "elmo_language_model", "options": options, "num_samples": 6, "dropout": 0.3},
        "data_loader": windows | {"shuffle_buffer": 10, "batches_per_epoch": BATCHES},
        "validation_data_loader": windows,
        "trainer": {
            "optimizer": {"type": "elmo_adam", "lr": 0.05},
            "num_epochs": EPOCHS,
            "validation_metric": "-perplexity",
            "cuda_device": -1,
        },
    }


def train(config: dict[str, Any], run: Path, recover: bool = False) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The metrics that do not measure the machine, and the weights."""
    weights = train_model(Params(copy.deepcopy(config)), str(run), recover=recover, force=not recover).state_dict()
    return metrics_of(run), {name: weight.clone() for name, weight in weights.items()}


def metrics_of(run: Path) -> dict[str, Any]:
    metrics = json.loads((run / "metrics.json").read_text())
    of_machine = ("duration", "memory", "tokens_per_second", "training_start_epoch", "training_epochs")
    return {name: value for name, value in metrics.items() if not any(part in name for part in of_machine)}


def kill(config: dict[str, Any], run: Path, batch: int) -> None:
    """Trains as far as the batch."""
    killed = copy.deepcopy(config)
    killed["trainer"]["callbacks"] = [{"type": "kill_for_test", "batch": batch}]
    with pytest.raises(Killed):
        train(killed, run)
    # AllenNLP wants the config that the run began with.
    (run / "config.json").write_text(json.dumps(config))


def train_with_kill(config: dict[str, Any], run: Path, batch: int) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    kill(config, run, batch)
    return train(config, run, recover=True)


def assert_same(
    one: tuple[dict[str, Any], dict[str, torch.Tensor]], other: tuple[dict[str, Any], dict[str, torch.Tensor]]
) -> None:
    assert one[0] == other[0]
    assert all(torch.equal(weight, other[1][name]) for name, weight in one[1].items())


@pytest.mark.parametrize("name", ["tagger", "bucketed", "language_model"])
@pytest.mark.parametrize("batch", [3, 6, 11, 15])
def test_the_same_result_as_without_a_break(
    name: str, batch: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    config = request.getfixturevalue(name)
    if name == "bucketed":
        batch = -(-batch // 2)
    expected = train(config, tmp_path / "whole")
    # A metric that does not hang on the random numbers would show nothing.
    other = train(config | {"pytorch_seed": 1, "random_seed": 2, "numpy_seed": 3}, tmp_path / "other")
    assert other[0]["training_loss"] != expected[0]["training_loss"]
    assert_same(train_with_kill(config, tmp_path / "run", batch), expected)


@pytest.mark.parametrize("name", ["tagger", "language_model"])
def test_a_checkpoint_within_an_epoch(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    config = request.getfixturevalue(name)
    config["trainer"]["checkpointer"] = {"save_every_num_batches": 3}
    expected, weights = train(config, tmp_path / "whole")
    metrics, resumed = train_with_kill(config, tmp_path / "run", 2 * BATCHES + 4)
    assert all(torch.equal(weight, resumed[key]) for key, weight in weights.items())
    assert {key: value for key, value in metrics.items() if "validation" in key} == {
        key: value for key, value in expected.items() if "validation" in key
    }


def test_two_breaks(tagger: dict[str, Any], tmp_path: Path) -> None:
    expected = train(tagger, tmp_path / "whole")
    killed = copy.deepcopy(tagger)
    killed["trainer"]["callbacks"] = [{"type": "kill_for_test", "batch": 6}]
    with pytest.raises(Killed):
        train(killed, tmp_path / "run")
    killed["trainer"]["callbacks"][0]["batch"] = 13
    (tmp_path / "run" / "config.json").write_text(json.dumps(killed))
    with pytest.raises(Killed):
        train(killed, tmp_path / "run", recover=True)
    (tmp_path / "run" / "config.json").write_text(json.dumps(tagger))
    assert_same(train(tagger, tmp_path / "run", recover=True), expected)


@pytest.mark.parametrize("patience", [None, 1])
def test_a_break_behind_the_last_epoch(
    patience: int | None, tagger: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is tested, in an order that is drawn by random numbers; in one case patience has run out."""
    tagger |= {"test_data_path": tagger["train_data_path"], "evaluate_on_test": True}
    tagger["validation_data_loader"] = {"batch_sampler": {"type": "bucket", "batch_size": 2, "padding_noise": 0.9}}
    if patience:
        # Nothing is learned, so that the second epoch is no better than the first.
        tagger["trainer"] |= {"patience": patience, "num_epochs": 9, "optimizer": {"type": "sgd", "lr": 0.0}}
    expected = train(tagger, tmp_path / "whole")
    assert expected[0]["epoch"] == (1 if patience else EPOCHS - 1)
    orders: list[list[str]] = []

    def evaluate(model: Model, data_loader: DataLoader, *arguments: Any, **others: Any) -> dict[str, Any]:
        orders.append([str(batch["metadata"][0]["words"]) for batch in data_loader])
        if len(orders) == 2:
            raise Killed
        return {}

    monkeypatch.setattr(training_util, "evaluate", evaluate)
    whole = train(tagger, tmp_path / "tested")
    with pytest.raises(Killed):
        train(tagger, tmp_path / "run")
    assert_same(train(tagger, tmp_path / "run", recover=True), whole)
    assert orders[0] == orders[1] == orders[2]
    assert {name: value for name, value in expected[0].items() if not name.startswith("test_")} == whole[0]


@pytest.mark.parametrize("size", [0, 100])
@pytest.mark.parametrize("kind", ["model", "training"])
def test_a_torn_newest_checkpoint(size: int, kind: str, tagger: dict[str, Any], tmp_path: Path) -> None:
    tagger["trainer"]["checkpointer"] = {"keep_most_recent_by_count": 3}
    expected = train(tagger, tmp_path / "whole")
    run = tmp_path / "run"
    train(tagger, run)
    torn = run / f"{kind}_state_e{EPOCHS}_b0.th"
    torn.write_bytes(torn.read_bytes()[:size])
    assert_same(train(tagger, run, recover=True), expected)
    assert zipfile.is_zipfile(torn)


def test_a_break_between_the_best_epochs_checkpoint_and_its_copy(tagger: dict[str, Any], tmp_path: Path) -> None:
    expected = train(tagger, tmp_path / "whole")
    assert expected[0]["best_epoch"] == EPOCHS - 1, "the last epoch should be the best one"
    run = tmp_path / "run"
    train(tagger, run)
    (run / "best.th").write_bytes((run / "best.th").read_bytes()[:1000])
    assert_same(train(tagger, run, recover=True), expected)


def test_a_run_that_was_renamed_ends_with_its_own_best_weights(tagger: dict[str, Any], tmp_path: Path) -> None:
    tagger["trainer"]["validation_metric"] = "+loss"
    expected = train(tagger, tmp_path / "whole")
    assert expected[0]["best_epoch"] == 0, "the first epoch should be the best one"
    kill(tagger, tmp_path / "before", 2 * BATCHES + 1)
    (tmp_path / "before").rename(tmp_path / "run")
    assert_same(train(tagger, tmp_path / "run", recover=True), expected)


def test_checkpoints_of_earlier_versions_go_on_as_they_did(tagger: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tagger, run)
    for path in run.glob("training_state_*.th"):
        state = torch.load(path)
        del state["elmo_tasks.random"]
        torch.save(state, path)
    train(tagger, run, recover=True)


def test_only_whole_pairs_are_kept(tmp_path: Path) -> None:
    for name in ("model_state_e1_b0.th", "training_state_e1_b0.th", "model_state_e2_b0.th", "model_state_e3_b0.th"):
        zipfile.ZipFile(tmp_path / name, "w").close()
    (tmp_path / "training_state_e2_b0.th").write_bytes(b"PK half")
    drop_torn_checkpoints(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model_state_e1_b0.th", "training_state_e1_b0.th"]


def test_a_pair_with_a_flipped_bit_is_dropped(tmp_path: Path) -> None:
    weights = torch.rand(100)
    for name in ("model_state_e1_b0.th", "training_state_e1_b0.th", "model_state_e2_b0.th", "training_state_e2_b0.th"):
        torch.save({"weights": weights}, tmp_path / name)
    flipped = tmp_path / "training_state_e2_b0.th"
    content = bytearray(flipped.read_bytes())
    content[content.index(weights.numpy().tobytes()) + 2] ^= 1
    flipped.write_bytes(content)
    assert not torch.equal(torch.load(flipped)["weights"], weights), "torch notices nothing"
    drop_torn_checkpoints(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model_state_e1_b0.th", "training_state_e1_b0.th"]


def test_a_pair_with_something_in_front_is_dropped(tmp_path: Path) -> None:
    """The module zipfile reads it, torch does not."""
    for name in ("model_state_e1_b0.th", "training_state_e1_b0.th"):
        torch.save({"weights": torch.rand(3)}, tmp_path / name)
    changed = tmp_path / "training_state_e1_b0.th"
    changed.write_bytes(b"\xef\xbb\xbf" + changed.read_bytes())
    drop_torn_checkpoints(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_random_states_survive_a_file(tmp_path: Path) -> None:
    import random

    import numpy as np

    torch.save(random_states(), tmp_path / "states.th")
    expected = random.random(), np.random.normal(), torch.rand(3).tolist()
    set_random_states(torch.load(tmp_path / "states.th"))
    assert (random.random(), np.random.normal(), torch.rand(3).tolist()) == expected


def test_a_full_disk(tagger: dict[str, Any], tmp_path: Path, small_disk: Path) -> None:
    """Is told with the run's folder; and the training goes on when there is room."""
    expected = train(tagger, tmp_path / "whole")
    used = sum(path.stat().st_size for path in (tmp_path / "whole").glob("*_state_e4_b0.th"))
    # For the config, the vocabulary and a checkpoint, but not for all that follows.
    ballast = fill(small_disk, left=2 * used)
    with pytest.raises(DiskFullError, match=f"No space left on device: '{small_disk / 'run'}"):
        train(tagger, small_disk / "run")
    ballast.unlink()
    assert_same(train(tagger, small_disk / "run", recover=True), expected)


def test_a_full_disk_while_the_best_weights_are_written(
    tagger: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc:603] . unexpected pos 64 vs 0")

    monkeypatch.setattr(whole, "_is_full", lambda path: True)
    monkeypatch.setattr(GradientDescentTrainer, "_finalize_best_model_state", fail)
    with pytest.raises(DiskFullError, match=f"No space left on device: '{tmp_path / 'run'}'"):
        train(tagger, tmp_path / "run")


def test_a_full_disk_while_the_archive_is_written(
    tagger: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **others: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole, "_is_full", lambda path: True)
    monkeypatch.setattr("tarfile.TarFile.add", fail)
    with pytest.raises(DiskFullError, match=r"No space left on device: '.*/run/model\.tar\.gz'"):
        train(tagger, tmp_path / "run")


def test_a_break_while_the_archive_is_written(
    tagger: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves none, rather than half of one."""
    add = tarfile.TarFile.add

    def breaks(tar: tarfile.TarFile, name: str, *arguments: Any, **others: Any) -> None:
        if str(name).endswith("vocabulary"):
            raise Killed
        add(tar, name, *arguments, **others)

    monkeypatch.setattr(tarfile.TarFile, "add", breaks)
    with pytest.raises(Killed):
        train(tagger, tmp_path / "run")
    assert (tmp_path / "run" / "metrics.json").exists()
    assert not list((tmp_path / "run").glob("*model.tar.gz*"))


def save_checkpoints(folder: Path, *epochs: int) -> None:
    folder.mkdir(exist_ok=True)
    for epoch in epochs:
        for kind in ("model", "training"):
            torch.save({"epoch": epoch}, folder / f"{kind}_state_e{epoch}_b0.th")


def tear(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])


def load_in_worker(rank: int, meeting_point: str, folders: list[Path], expected: int | None) -> None:
    """As one of two processes, each of which is a machine of its own where there are two folders."""
    distributed.init_process_group("gloo", init_method=f"file://{meeting_point}", world_size=2, rank=rank)
    os.environ["ALLENNLP_PROCS_PER_NODE"] = str(2 // len(folders))
    drop = resuming.drop_torn_checkpoints
    # The other process is sooner, unless it waits.
    resuming.drop_torn_checkpoints = lambda folder: time.sleep(0.5) or drop(folder)  # type: ignore[func-returns-value]
    checkpointer = Checkpointer(folders[rank % len(folders)])
    if expected is None:
        with pytest.raises(ConfigurationError, match="have no checkpoint in common: copy the run's folder from one of"):
            checkpointer.load_checkpoint()
        return
    checkpoint = checkpointer.load_checkpoint()
    assert checkpoint is not None
    assert checkpoint.model_state == checkpoint.trainer_state == {"epoch": expected}


def load_by_two_processes(meeting_point: Path, folders: list[Path], expected: int | None) -> None:
    arguments = (str(meeting_point), folders, expected)
    torch.multiprocessing.start_processes(load_in_worker, arguments, nprocs=2, start_method="fork")


def test_two_processes_pass_over_a_torn_checkpoint(tmp_path: Path) -> None:
    save_checkpoints(tmp_path / "run", 1, 2)
    tear(tmp_path / "run" / "training_state_e2_b0.th")
    load_by_two_processes(tmp_path / "meeting", [tmp_path / "run"], expected=1)


def test_two_machines_go_on_from_the_newest_checkpoint_of_both(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    save_checkpoints(first, 2, 3)
    save_checkpoints(second, 1, 2, 3)
    tear(second / "model_state_e3_b0.th")
    load_by_two_processes(tmp_path / "meeting", [first, second], expected=2)
    # Or the training would not write its own of that epoch.
    assert {path.name for path in first.iterdir()} == {"model_state_e2_b0.th", "training_state_e2_b0.th"}


def test_two_machines_without_a_checkpoint_in_common_lose_none(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    save_checkpoints(first, 3)
    second.mkdir()
    load_by_two_processes(tmp_path / "meeting", [first, second], expected=None)
    assert len(list(first.iterdir())) == 2
