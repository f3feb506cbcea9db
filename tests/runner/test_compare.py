import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.runner.compare import plan, table
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
