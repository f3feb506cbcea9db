"""Archives and run folders of which one file is damaged: the trained weights, or an error that names the file."""

import copy
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive
from fuzzing import Chance, damaged, fuzz, strange_json, write

import elmo_tasks.embedders  # noqa: F401 (registers)
from elmo_tasks.archives import open_archive
from elmo_tasks.bilm import BiLM, OptionsError, WeightsError
from elmo_tasks.mixes import read_mixes
from elmo_tasks.pretraining.train import prepare
from elmo_tasks.resuming import drop_torn_checkpoints
from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Run, read_failure, read_record
from tiny_bilms import TINY

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Those of the run of a tagger with ELMo, which began from an archive."""
    folder = tmp_path_factory.mktemp("tagger")
    (folder / "data.txt").write_text("The O\ncat O\n\nAda B-PER\nLovelace I-PER\nleft O\n")
    torch.manual_seed(1)
    BiLM(TINY).save(folder / "options.json", folder / "weights.hdf5")
    indexers = {"tokens": {"type": "single_id"}, "elmo": {"type": "elmo_character_ids"}}
    reader = {"type": "elmo_conll2003", "token_indexers": indexers}
    model = {
        "type": "elmo_crf_tagger",
        "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 2}}},
        "encoder": {"type": "elmo_padded_lstm", "hidden_size": 2, "bidirectional": True},
        "elmo": {"bilm": {name: str(folder / file) for name, file in BILM.items()}},
    }
    began = {"type": "from_archive", "archive_file": str(folder / "first" / "model.tar.gz")}
    for name, part in (("first", model), ("run", began)):
        config = {"dataset_reader": reader, "train_data_path": str(folder / "data.txt"), "model": part}
        training = {"optimizer": "adam", "num_epochs": 1, "cuda_device": -1}
        config |= {"data_loader": {"batch_size": 2}, "trainer": training}
        train_model(Params(copy.deepcopy(config)), str(folder / name))
    run = folder / "run"
    found = {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name != "model.tar.gz" and ".log" not in name}


BILM = {"options_file": "options.json", "weight_file": "weights.hdf5"}


def damage_one(files: Files, chance: Chance) -> Files:
    name = chance.choice([name for name in files if not name.startswith("metrics")])
    content = files[name]
    if name.endswith(".json") and chance.random() < 0.8:
        return files | {name: strange_json(json.loads(content), chance).encode(errors="replace")}
    if chance.random() < 0.1:
        return {other: content for other, content in files.items() if other != name}
    return files | {name: damaged(content, chance)}


def write_folder(folder: Path, files: Files, chance: Chance) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, content, chance)


def write_archive(path: Path, files: Files) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo("weights.th" if name == "best.th" else name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_models(files: Files, tmp_path: Path) -> None:
    archive, folder = tmp_path / "model.tar.gz", tmp_path / "model"
    trained = torch.load(io.BytesIO(files["best.th"]))

    def check(chance: Chance) -> None:
        given = damage_one(files, chance)
        is_archive = chance.random() < 0.5
        if is_archive:
            write_archive(archive, given)
            if chance.random() < 0.3:
                write(archive, damaged(archive.read_bytes(), chance), chance)
        else:
            write_folder(folder, given, Chance(0))
        load = chance.choice([open_archive, load_archive])
        found = load(archive if is_archive else folder).model.state_dict()
        assert all(torch.equal(found[name], weight) for name, weight in trained.items())

    fuzz(check, ConfigurationError, OptionsError, WeightsError, where=str(tmp_path / "model"))


def test_mixes(files: Files, tmp_path: Path) -> None:
    archive, folder = tmp_path / "model.tar.gz", tmp_path / "model"
    write_folder(folder, files, Chance(0))
    expected = [mix._replace(place="", trained=True) for mix in read_mixes(folder)]
    needed = {name: files[name] for name in ("config.json", "best.th", "vocabulary/.elmo/from_archive/model.json")}

    def check(chance: Chance) -> None:
        given = damage_one(needed, chance)
        write_archive(archive, given)
        if chance.random() < 0.3:
            write(archive, damaged(archive.read_bytes(), chance), chance)
        write_folder(folder, given, chance)
        for model in (archive, folder):
            found = read_mixes(model)
            assert [mix._replace(place="", trained=True) for mix in found] == expected

    fuzz(check, ConfigurationError, where=str(tmp_path / "model"))


def test_checkpoints(files: Files, tmp_path: Path) -> None:
    """What is left is whole."""
    states = {name: content for name, content in files.items() if "_state_" in name}
    assert len(states) == 2

    def check(chance: Chance) -> None:
        write_folder(tmp_path / "run", damage_one(states, chance), chance)
        drop_torn_checkpoints(tmp_path / "run")
        left = {path.name: path.read_bytes() for path in (tmp_path / "run").glob("model_*")}
        assert all(torch.load(io.BytesIO(content)).keys() for content in left.values())
        for name, content in left.items():
            expected, found = torch.load(io.BytesIO(states[name])), torch.load(io.BytesIO(content))
            assert all(torch.equal(found[key], weight) for key, weight in expected.items())
            assert torch.load(tmp_path / "run" / name.replace("model", "training"))

    fuzz(check)


def test_elmo_trains_folder(tmp_path: Path) -> None:
    """What it was begun with."""
    text, run = tmp_path / "text.txt", tmp_path / "run"
    text.write_text("the cat ran\n" * 20)
    said = prepare(str(text), str(text), run, "tiny")
    begun = run / "elmo_train.json"
    whole = begun.read_bytes()

    def check(chance: Chance) -> None:
        content = strange_json(json.loads(whole), chance).encode(errors="replace")
        write(begun, content if chance.random() < 0.6 else damaged(whole, chance), chance)
        assert prepare(str(text), str(text), run, "tiny") == said or begun.read_bytes() != whole

    fuzz(check, ConfigurationError, where=str(run))


def test_records(tmp_path: Path) -> None:
    """Of trainings that a runner has done."""
    config: dict[str, Any] = {"trainer": {"num_epochs": 2, "validation_metric": "+accuracy"}}
    run = Run("task", tmp_path / "run", config, {"config": config})
    record = {
        "run": "task",
        "digest": run.digest,
        "seconds": 10.0,
        "cpu_seconds": 9.0,
        "peak_memory_mb": 700,
        "recovered": False,
        "variables": {"OMP_NUM_THREADS": "1"},
        "environment": {"torch": "2.6"},
        "metrics": {"best_validation_accuracy": 0.5},
        "epochs": [0.4, 0.5],
        "mixes": [
            {"place": "input", "module": "m", "weights": [0.5, 0.5], "gamma": 1.0, "layer": None, "trained": True}
        ],
        "identity": run.identity,
    }
    run.folder.mkdir()

    def check(chance: Chance) -> None:
        for name, value in (("record.json", record), ("failure.json", {"code": 1, "message": "no"})):
            content = strange_json(value, chance).encode(errors="replace")
            write(run.folder / name, damaged(content, chance) if chance.random() < 0.3 else content, chance)
        if (failure := read_failure(run.folder)) is not None:
            assert isinstance(failure, str)
        if run.is_done:
            found = read_record(run.folder)
            assert all(type(found[name]) is dict for name in ("metrics", "identity", "variables", "environment"))
            run.differences()

    fuzz(check, RunError, where=str(run.folder))
