import json
import shutil
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm.pretrained import find_bilm
from elmo_tasks.runner.compare import check_metric, main, plan, table
from elmo_tasks.runner.runs import Run

METRIC = "f1-measure-overall"


def test_plan_takes_every_config_with_every_seed(tmp_path: Path) -> None:
    data = tmp_path / "train.txt"
    data.write_text("text")
    for name in ("one", "two"):
        config = {"dataset_reader": {"type": "x"}, "train_data_path": str(data), "random_seed": 0}
        (tmp_path / f"{name}.jsonnet").write_text(json.dumps(config))
    paths = [tmp_path / "one.jsonnet", tmp_path / "two.jsonnet"]
    runs = plan(paths, 2, tmp_path / "out")
    assert [run.name for run in runs] == ["one/seed1", "two/seed1", "one/seed2", "two/seed2"]
    assert runs[0].folder == tmp_path / "out" / "one" / "seed1"
    assert [run.config["pytorch_seed"] for run in runs] == [1, 1, 2, 2]
    data.write_text("another text")
    again = plan(paths, 1, tmp_path / "out")
    assert again[0].config == runs[0].config
    assert again[0].digest != runs[0].digest


def write(path: Path, **config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return path


def test_a_change_in_anything_that_a_config_names_is_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        name: tmp_path / name
        for name in ("train.tsv", "mt.en", "mt.de", "sub/dev.tsv", "bert/a/config.json", "lm/weights.hdf5")
    }
    for file in [*files.values(), tmp_path / "lm/options.json"]:
        write(file)
    model = {
        "type": "bert",
        "transformer": "bert",
        "elmo": {"bilm": "lm", "place": "output", "cache": "layers"},
        "separators": [".", "/"],
    }
    data = {"train_data_path": "train.tsv", "validation_data_path": "mt.{en,de}", "test_data_path": "sub/dev.tsv"}
    config = write(tmp_path / "one.jsonnet", model=model, **data)
    first = plan([config], 1, "out")[0]
    assert set(first.identity["files"]) == {"bert", "lm", "train.tsv", "mt.en", "mt.de", "sub/dev.tsv"}
    seen = {first.digest}
    for file in files.values():
        file.write_text("changed")
        seen.add(plan([config], 1, "out")[0].digest)
    assert len(seen) == 1 + len(files)
    before = plan([config], 1, "out")[0].digest
    (tmp_path / "bert/a/config.json").rename(tmp_path / "bert/a/other.json")
    assert plan([config], 1, "out")[0].digest != before
    # What is filled while the training runs is no part of it, nor is what else stands beside a biLM, or happens to be
    # called as a setting is.
    before = plan([config], 1, "out")[0].digest
    write(tmp_path / "layers/1")
    write(tmp_path / "output/1")
    write(tmp_path / "lm/CARD.md")
    assert plan([config], 1, "out")[0].digest == before


def test_a_bundled_bilm_is_known_by_its_content(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in find_bilm("mini"):
        shutil.copy(file, copy)
    configs = [
        write(tmp_path / f"{number}.jsonnet", bilm=bilm) for number, bilm in enumerate(("mini", str(copy), "no such"))
    ]
    files = [run.identity["files"] for run in plan(configs, 1, tmp_path / "out")]
    assert files[0]["mini"] == files[1][str(copy)]
    assert files[2] == {}


def test_a_record_of_fewer_files_stays_valid(make_run: Callable[..., Run], finish: Callable[..., Run]) -> None:
    """Earlier versions digested some of what a config names."""
    run = finish(make_run(), 0.5)
    more = replace(run, identity=run.identity | {"files": {"train.txt": "0123", "mini": "4567"}})
    assert more.differences() == []
    other = replace(run, identity=run.identity | {"files": {"train.txt": "changed", "mini": "4567"}})
    assert other.differences() == ["files.train.txt: '0123', now 'changed'"]


def test_configs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    configs = [write(tmp_path / name / "elmo.jsonnet") for name in ("ner", "snli")]
    runs = plan(configs, 1, tmp_path / "out")
    assert [run.name for run in runs] == ["ner/seed1", "snli/seed1"]
    assert runs[1].folder == tmp_path / "out/snli/seed1"
    assert [run.name for run in plan([configs[0]], 1, "out")] == ["elmo/seed1"]
    with pytest.raises(ConfigurationError, match='Two configs are called "elmo"'):
        plan([configs[0], configs[0]], 1, "out")


def test_configs_of_one_name_have_a_row_each(make_run: Callable[..., Run], finish: Callable[..., Run]) -> None:
    runs = [finish(make_run(name), score) for name, score in (("a/x/seed1", 0.5), ("b/x/seed1", 0.25))]
    assert [line[:15] for line in table(runs, METRIC).splitlines()[2:]] == ["| a/x | 50.00 |", "| b/x | 25.00 |"]


def test_a_metric_that_no_run_has(
    make_run: Callable[..., Run],
    finish: Callable[..., Run],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_metric([make_run("elmo/seed2")], "accuracy")
    finish(make_run("elmo/seed1"), 0.5, 0.25)
    config = write(tmp_path / "elmo.jsonnet")
    monkeypatch.setattr("elmo_tasks.runner.compare.execute", lambda runs, jobs: pytest.fail("nothing is to be trained"))
    monkeypatch.setattr(sys, "argv", ["compare", str(config), "--metric", "accuracy", "-o", str(tmp_path)])
    with pytest.raises(SystemExit, match=f'^No run has the metric "accuracy": give one .*: {METRIC}\\.$'):
        main()


def test_a_config_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match=r"There is no config missing\.jsonnet"):
        plan(["missing.jsonnet"], 1, "out")


def test_table_gives_mean_and_sample_deviation(make_run: Callable[..., Run], finish: Callable[..., Run]) -> None:
    scores = [0.5, 0.6, 0.64]
    runs = [
        finish(make_run(f"elmo/seed{seed}"), score, score, seconds=10.0 * seed) for seed, score in enumerate(scores, 1)
    ]
    runs.append(finish(make_run("baseline/seed1"), 0.25, seconds=None))
    lines = table(runs, METRIC).splitlines()
    expected = f"{100 * statistics.mean(scores):.2f} ± {100 * statistics.stdev(scores):.2f}"
    assert lines[2] == f"| elmo | {expected} | {expected} | 3 | 20 |"
    assert lines[3] == "| baseline | 25.00 | - | 1 | - |"


@pytest.mark.parametrize(
    ("metric", "dev", "cells"),
    [
        ("perplexity", (42.3, 44.3), "43.3000 ± 1.4142 | 0.9000 ± 0.0000"),
        ("loss", (0.25, 0.5), "0.3750 ± 0.1768 | 0.9000 ± 0.0000"),
        ("pearson", (0.25, -0.5), "-0.1250 ± 0.5303 | 0.9000 ± 0.0000"),
        ("accuracy", (0.25, 0.5), "37.50 ± 17.68 | 90.00 ± 0.00"),
    ],
)
def test_only_shares_are_in_points(
    make_run: Callable[..., Run], finish: Callable[..., Run], metric: str, dev: tuple[float, ...], cells: str
) -> None:
    runs = [finish(make_run(f"elmo/seed{seed}"), score, 0.9, metric=metric) for seed, score in enumerate(dev, 1)]
    line = table(runs, metric).splitlines()[2]
    assert line == f"| elmo | {cells} | 2 | 10 |"
