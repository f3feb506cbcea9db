"""Tables 5 and 6 from their cards to their metrics."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.pretrained import find_bilm
from elmo_tasks.reproduce.compose import compose, shipped
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.planning import Request, plan
from elmo_tasks.reproduce.probes import senses, tags
from elmo_tasks.reproduce.probes.card import CARD
from elmo_tasks.reproduce.probes.run import main, source_of
from elmo_tasks.reproduce.profiles import PROFILES, Profile
from elmo_tasks.reproduce.tables import BASELINE, LAYERS, MIX, RANDOM, TABLES
from elmo_tasks.runner.configs import data_files
from elmo_tasks.tasks.base.card import Experiment
from tiny_bilms import make_bilm as make_bilm

ROOT = Path(__file__).parents[3]
EVERY_EXPERIMENT = [
    (PROFILES[name], experiment) for name, experiments in CARD.experiments.items() for experiment in experiments
]


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def bilm(tmp_path: Path, make_bilm: Callable[..., BiLM]) -> str:
    """A tiny biLM's folder."""
    (tmp_path / "bilm").mkdir()
    make_bilm().save(tmp_path / "bilm" / "options.json", tmp_path / "bilm" / "weights.hdf5")
    return str(tmp_path / "bilm")


@pytest.mark.parametrize(("profile", "experiment"), EVERY_EXPERIMENT, ids=lambda one: one.name)
def test_each_experiment_is_whole(profile: Profile, experiment: Experiment) -> None:
    known = {name for corpus in profile.corpora for name in corpus.files}
    _, baseline = compose(profile, experiment, BASELINE, profile.bilm)
    name, elmo = compose(profile, experiment, LAYERS[0], profile.bilm)
    assert name == "elmo"
    assert elmo["elmo"] == {"bilm": profile.bilm, "weights": "trained"}
    assert elmo["split"] == ("test" if profile.is_papers else "development")
    assert "elmo" not in baseline
    assert baseline.items() <= elmo.items()
    assert set(data_files(baseline, profile.data)) <= set(data_files(elmo, profile.data)) <= known
    (table,) = (table for table in TABLES.values() if experiment.row in table.rows)
    assert experiment in profile.chosen(table)


def test_all_layers_are_of_one_run(tmp_path: Path) -> None:
    runs = plan(Request("table6", "smoke", tmp_path / "out"))
    # Three seeds are asked for, and make no difference.
    assert [run.name.removeprefix("pos-probe/") for run in runs] == [
        "baseline/seed1",
        "elmo/seed1",
        "elmo-weights-random/seed1",
    ]
    assert [run.module for run in runs] == ["elmo_tasks.reproduce.probes.tags"] * 3
    assert "cache" not in runs[1].config["elmo"]
    assert runs[1].identity["config"]["elmo"]["bilm"].startswith("sha256:")
    assert {variant.metric for variant in (*LAYERS, MIX, *RANDOM)} == {"layer_0", "layer_1", "layer_2", "mix"}
    assert [run.name for run in plan(Request("table5", "smoke", tmp_path / "out"))] == [
        "senses/baseline/seed1",
        "senses/elmo/seed1",
    ]


def test_the_fixtures_hold_what_the_card_says() -> None:
    for corpus in CARD.corpora["smoke"]:
        for file, counts in corpus.files.items():
            assert dict(corpus.count(ROOT / "fixtures" / file)) == counts


def run(measure: Callable[..., Any], config: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its metrics."""
    path = folder / "config.json"
    path.write_text(json.dumps(config | {"random_seed": 1}))
    monkeypatch.setattr(sys, "argv", ["run", str(path), "-s", str(folder / "run")])
    main(measure)
    assert [file.name for file in (folder / "run").iterdir()] == ["metrics.json"]
    return json.loads((folder / "run" / "metrics.json").read_text())


def test_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bilm: str) -> None:
    train, dev = (tmp_path / name for name in ("train.txt", "dev.txt"))
    train.write_text("the D\ncat N\n\na D\ndog N\nran V\n")
    dev.write_text("the D\ndog N\nslept V\n")
    files = {"train": str(train), "evaluation": str(dev), "column": "-1", "split": "test"}
    # By hand: "slept" is not in the training sentences and gets D, as frequent as N and before it.
    expected = {"test_accuracy": 2 / 3, "test_accuracy_unseen": 0.0}
    assert run(tags.measure, files, tmp_path, monkeypatch) == expected
    elmo = {"bilm": bilm, "weights": "trained"}
    metrics = run(tags.measure, files | {"elmo": elmo}, tmp_path, monkeypatch)
    names = ("accuracy", "layer_0", "layer_1", "layer_2", "mix")
    assert metrics.keys() == {f"test_{name}{end}" for name in names for end in ("", "_unseen")}
    assert metrics["test_accuracy"] == metrics["test_mix"]
    assert metrics["test_layer_0"] >= 2 / 3


def test_senses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bilm: str) -> None:
    config = shipped("probes/senses_fixture_baseline")
    # By hand: right are bank (in 1 of 2), money, play, close, door, light (2 of 2) and cat; of 12 instances.
    assert run(senses.measure, config, tmp_path, monkeypatch) == {"best_validation_f1": pytest.approx(8 / 12)}
    config = shipped("probes/senses_fixture_elmo")
    config["elmo"]["bilm"] = bilm
    metrics = run(senses.measure, config, tmp_path, monkeypatch)
    assert metrics.keys() == {f"best_validation_{name}" for name in ("f1", "layer_0", "layer_1", "layer_2")}
    assert metrics["best_validation_f1"] == metrics["best_validation_layer_2"]
    # Of five entries there is one sense in the corpus at most.
    assert all(value >= 5 / 12 for value in metrics.values())


def test_the_source_of_layers(bilm: str, make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    trained = source_of({"elmo": {"bilm": bilm, "weights": "trained"}})
    random = source_of({"elmo": {"bilm": bilm, "weights": "random"}, "random_seed": 1})
    assert trained.num_layers == random.num_layers
    assert isinstance(trained, BiLM)
    assert not trained.has_weights(random.state_dict())
    assert trained.has_weights(BiLM.from_files(*find_bilm(bilm)).state_dict())
    make_bilm(num_layers=1).save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    with pytest.raises(ReproductionError, match="tables are of 3 layers, and this has 2"):
        source_of({"elmo": {"bilm": str(tmp_path), "weights": "trained"}})
