from collections.abc import Callable
from pathlib import Path

from elmo_tasks.reproduce.trainings import read_trainings
from elmo_tasks.runner.runs import Run


def test_only_folders_of_seeds_are_read(
    make_run: Callable[..., Run], finish: Callable[..., Run], tmp_path: Path
) -> None:
    finish(make_run("ner/elmo/seed1"), 0.5)
    for name in ("seed1.old", "seeds", "old-seed2"):
        (tmp_path / "ner/elmo" / name).mkdir()
    assert list(read_trainings(tmp_path, "ner/elmo").records) == [1]
