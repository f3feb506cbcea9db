"""Runs that have ended without having been trained."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.runner.runs import Run, make_identity

METRIC = "f1-measure-overall"


@pytest.fixture(scope="session")
def make_run_in() -> Callable[..., Run]:
    """A run of a config that cannot be trained, in a folder."""

    def make(out: Path, name: str, config: dict[str, Any] | None = None) -> Run:
        config = config if config is not None else {"trainer": {"num_epochs": 4, "validation_metric": f"+{METRIC}"}}
        seed = int(name.rpartition("seed")[2])
        config = config | dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), seed)
        return Run(name, out / name, config, make_identity(config, {"train.txt": "0123"}))

    return make


@pytest.fixture
def make_run(make_run_in: Callable[..., Run], tmp_path: Path) -> Callable[..., Run]:
    """The same, in a folder of the test's own."""
    return lambda name="task/elmo/seed1", config=None: make_run_in(tmp_path, name, config)


@pytest.fixture(scope="session")
def finish() -> Callable[..., Run]:
    """Writes a run's record."""

    def write(
        run: Run,
        dev: float,
        test: float | None = None,
        epochs: Sequence[float] = (),
        mixes: Sequence[dict[str, Any]] = (),
        metric: str = METRIC,
        **others: Any,
    ) -> Run:
        metrics = {f"best_validation_{metric}": dev} | ({} if test is None else {f"test_{metric}": test})
        record = {
            "run": run.name,
            "digest": run.digest,
            "seconds": 10.0,
            "peak_memory_mb": 700,
            "recovered": False,
            "command": run.command(),
            "variables": {"OMP_NUM_THREADS": "1"},
            "environment": {"torch": "2.6", "commit": "abc"},
            "metrics": metrics,
            "epochs": list(epochs) or [dev],
            "mixes": list(mixes),
            "identity": run.identity,
        }
        run.folder.mkdir(parents=True)
        (run.folder / "record.json").write_text(json.dumps(record | others))
        return run

    return write
