import json
import statistics
from pathlib import Path

import pytest

from elmo_tasks.reproduce.compare import Run, RunError, execute, mean_and_deviation, plan, table

METRIC = "f1-measure-overall"


def finished(folder: Path, config: str, seed: int, dev: float, test: float | None) -> Run:
    run = Run(Path(config), seed, folder / Path(config).stem / f"seed{seed}")
    run.folder.mkdir(parents=True)
    metrics = {f"best_validation_{METRIC}": dev} | ({} if test is None else {f"test_{METRIC}": test})
    (run.folder / "metrics.json").write_text(json.dumps(metrics))
    (run.folder / "run.json").write_text(json.dumps({"seconds": 10.0 * seed}))
    return run


def test_plan_takes_every_config_with_every_seed(tmp_path):
    runs = plan(["a/one.jsonnet", "b/two.jsonnet"], 2, tmp_path)
    assert [(run.config.name, run.seed) for run in runs] == [
        ("one.jsonnet", 1),
        ("two.jsonnet", 1),
        ("one.jsonnet", 2),
        ("two.jsonnet", 2),
    ]
    assert runs[0].folder == tmp_path / "one" / "seed1"


def test_table_gives_mean_and_sample_deviation(tmp_path):
    scores = [0.5, 0.6, 0.64]
    runs = [finished(tmp_path, "elmo.jsonnet", seed, score, score) for seed, score in enumerate(scores, 1)]
    runs.append(finished(tmp_path, "baseline.jsonnet", 1, 0.25, None))
    lines = table(runs, METRIC).splitlines()
    expected = f"{100 * statistics.mean(scores):.2f} ± {100 * statistics.stdev(scores):.2f}"
    assert lines[2] == f"| elmo | {expected} | {expected} | 3 | 20 |"
    assert lines[3] == "| baseline | 25.00 | - | 1 | 10 |"


def test_one_value_has_no_deviation():
    assert mean_and_deviation([0.5]) == "50.00"


def test_what_is_finished_is_not_trained_again(tmp_path):
    run = finished(tmp_path, "no such config.jsonnet", 1, 0.5, None)
    execute([run])
    assert run.metrics()["seconds"] == 10.0


def test_a_failed_training_shows_its_command_and_log(tmp_path):
    run = Run(tmp_path / "missing.jsonnet", 1, tmp_path / "run" / "seed1")
    with pytest.raises(RunError, match=r"missing\.jsonnet") as raised:
        execute([run])
    assert "ended with code" in str(raised.value)
    assert not run.is_finished
