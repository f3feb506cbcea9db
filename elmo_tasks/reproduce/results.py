"""What the trainings in a folder have come to; all numbers are from their records."""

import csv
import io
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.experiments import (
    BASELINE,
    ELMO,
    Profile,
    ReproductionError,
    Table,
    Task,
    Variant,
    choose_tasks,
    find_profile,
    table_variants,
)
from elmo_tasks.reproduce.planning import read_experiments
from elmo_tasks.reproduce.published import Published
from elmo_tasks.runner.comparisons import epochs_to_reach, error_reduction, paired_t, permutation
from elmo_tasks.runner.runs import Record, read_failure, read_record, record_path

_SEEDS = ("random_seed", "numpy_seed", "pytorch_seed")


@dataclass(frozen=True)
class Experiment:
    """
    The trainings of one experiment.

    # Parameters

    name : `str`
        Such as `"snli/elmo"`.
    records : `Mapping[int, Record]`
        By seed, of those that are done.
    failures : `Mapping[int, str]`
        By seed, the ends of their logs.
    """

    name: str
    records: Mapping[int, Record]
    failures: Mapping[int, str]

    def scores(self, metric: str, split: str) -> dict[int, float]:
        """By seed, in 0..1; of the development set, where there is no test set."""
        return {seed: _score(record, metric, split) for seed, record in self.records.items()}

    @property
    def is_uniform(self) -> bool:
        """Whether all seeds are of one config and of the same files."""
        identities = [_without_seeds(record["identity"]) for record in self.records.values()]
        return all(identity == identities[0] for identity in identities)

    @property
    def seconds(self) -> float | None:
        """The mean wall time of the trainings that were not interrupted."""
        return self._mean_of("seconds")

    @property
    def cpu_seconds(self) -> float | None:
        """The mean processor time of the same; records made before it was measured do not have it."""
        return self._mean_of("cpu_seconds")

    def _mean_of(self, name: str) -> float | None:
        values = [record.get(name) for record in self.records.values() if not record["recovered"]]
        known = [value for value in values if value is not None]
        return statistics.mean(known) if known else None

    @property
    def peak_memory_mb(self) -> int | None:
        """The largest of the trainings'."""
        return max((record["peak_memory_mb"] or 0 for record in self.records.values()), default=0) or None


def _score(record: Record, metric: str, split: str) -> float:
    metrics = record["metrics"]
    name = f"test_{metric}" if split == "test" else ""
    return metrics[name] if name in metrics else metrics[f"best_validation_{metric}"]


def _without_seeds(identity: Mapping[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in identity["config"].items() if key not in _SEEDS}
    reader = config.get("dataset_reader", {})
    if reader.get("type") == "elmo_sampled":
        config["dataset_reader"] = {key: value for key, value in reader.items() if key != "seed"}
    return dict(identity) | {"config": config}


@dataclass(frozen=True)
class Line:
    """
    A cell of a table: what the paper reports and what was got here. Scores in 0..1, the paper's in points.

    # Parameters

    table : `Table`
    row : `str`
        The paper's task.
    task : `Task | None`
        None where this project has no such task.
    variant : `Variant`
    paper : `Published | None`
    experiment : `Experiment | None`
        None where it was never asked for.
    baseline : `Experiment | None`
        The one to compare with; None for the baseline itself.
    wanted : `int`
        How many trainings were asked for.
    is_papers : `bool`
        Whether the data is the paper's.
    """

    table: Table
    row: str
    task: Task | None
    variant: Variant
    paper: Published | None
    experiment: Experiment | None
    baseline: Experiment | None
    wanted: int
    is_papers: bool

    @property
    def title(self) -> str:
        """The task's."""
        return self.task.title if self.task else self.row

    @property
    def scores(self) -> dict[int, float]:
        """By seed."""
        return self._scores_of(self.experiment)

    @property
    def baseline_scores(self) -> dict[int, float]:
        """By seed."""
        return self._scores_of(self.baseline)

    def _scores_of(self, experiment: Experiment | None) -> dict[int, float]:
        if experiment is None or self.task is None:
            return {}
        return experiment.scores(self.task.metric, self.table.split)

    @property
    def mean(self) -> float | None:
        """Over the seeds."""
        return statistics.mean(self.scores.values()) if self.scores else None

    @property
    def deviation(self) -> float | None:
        """The sample's standard deviation."""
        return statistics.stdev(self.scores.values()) if len(self.scores) > 1 else None

    @property
    def measured_on(self) -> str:
        """`"test"` or `"development"`; empty where nothing was."""
        if not self.scores or self.experiment is None or self.task is None:
            return ""
        metrics = next(iter(self.experiment.records.values()))["metrics"]
        return "test" if self.table.split == "test" and f"test_{self.task.metric}" in metrics else "development"

    @property
    def to_paper(self) -> float | None:
        """Ours less the paper's, in points; None where the two are of different data."""
        is_same = self.is_papers and self.measured_on == self.table.split
        return round(100 * self.mean - self.paper.value, 2) if is_same and self.mean and self.paper else None

    @property
    def gain(self) -> float | None:
        """Over the baseline's mean."""
        if self.mean is None or not self.baseline_scores:
            return None
        return self.mean - statistics.mean(self.baseline_scores.values())

    @property
    def error_reduction(self) -> float | None:
        """Relative, over the baseline's mean."""
        if self.mean is None or not self.baseline_scores:
            return None
        return error_reduction(statistics.mean(self.baseline_scores.values()), self.mean)

    @property
    def p_paired_t(self) -> float | None:
        """Against the baseline."""
        return paired_t(self.scores, self.baseline_scores) if self.gain is not None else None

    @property
    def p_permutation(self) -> float | None:
        """Against the baseline."""
        if self.gain is None:
            return None
        return permutation(list(self.scores.values()), list(self.baseline_scores.values()))

    @property
    def state(self) -> str:
        """Why there is nothing, or not all."""
        if self.task is None:
            return "not run: no such task yet"
        if self.experiment is None:
            return "not run"
        done, failed = len(self.experiment.records), len(self.experiment.failures)
        if not done and not failed:
            return "not run yet"
        return f"{done} of {self.wanted}" + (f", {failed} failed" if failed else "")


class Results:
    """
    The trainings in a folder.

    # Parameters

    out : `str | Path`
        The folder that `allennlp elmo-reproduce run` was given.

    # Raises

    `ReproductionError`
        If there are none.
    """

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)
        said = read_experiments(self.out)
        if said is None:
            raise ReproductionError(
                f"There are no experiments in {self.out}: begin with allennlp elmo-reproduce run TABLE -o {self.out}."
            )
        self.profile: Profile = find_profile(said["profile"])
        self.bilm: str = said["bilm"]
        self.bilm_digest: str = said["bilm_digest"]
        self.data: str | None = said["data"]
        self.tables: dict[str, Any] = said["tables"]
        self._experiments: dict[str, Experiment] = {}

    def tasks(self, table: Table) -> list[Task]:
        """Those of the paper's table that the profile has, and those that were asked for, in the paper's order."""
        asked = self.tables.get(table.name, {}).get("tasks", {})
        names = {task.name for task in choose_tasks(self.profile, table)} | set(asked)
        rows = list(published.TASKS)
        return sorted(
            (task for task in self.profile.tasks if task.name in names), key=lambda task: rows.index(task.row)
        )

    def lines(self, table: Table) -> list[Line]:
        """A table's cells, the paper's tasks that are missing here included."""
        tasks = self.tasks(table)
        rows = [row for row in published.TASKS if row in table.rows or any(task.row == row for task in tasks)]
        lines = []
        for row in rows:
            of_row: list[Task | None] = [task for task in tasks if task.row == row]
            for task in of_row or [None]:
                lines += [self._line(table, row, task, variant) for variant in table_variants(table, self.profile)]
        return lines

    def _line(self, table: Table, row: str, task: Task | None, variant: Variant) -> Line:
        baseline = f"{BASELINE.name}-{variant.fraction:g}" if table.curve else BASELINE.name
        return Line(
            table=table,
            row=row,
            task=task,
            variant=variant,
            paper=published.CELLS.get(table.name, {}).get(row, {}).get(variant.name),
            experiment=self.cell(table, task, variant.name),
            baseline=self.cell(table, task, baseline) if variant.has_elmo else None,
            wanted=self.tables.get(table.name, {}).get("seeds", 0),
            is_papers=self.profile.is_papers,
        )

    def cell(self, table: Table, task: Task | None, variant: str) -> Experiment | None:
        """None where it was not asked for."""
        asked = self.tables.get(table.name, {}).get("tasks", {})
        name = asked.get(task.name, {}).get(variant) if task else None
        return self.experiment(f"{task.name}/{name}") if task and name else None

    def experiment(self, name: str) -> Experiment:
        """The trainings in a folder below `out`."""
        if name not in self._experiments:
            self._experiments[name] = _read_experiment(self.out, name)
        return self._experiments[name]

    def experiments(self) -> list[Experiment]:
        """All that were asked for, each once."""
        names = [
            f"{task}/{name}"
            for table in self.tables.values()
            for task, cells in table["tasks"].items()
            for name in cells.values()
        ]
        return [self.experiment(name) for name in dict.fromkeys(names)]

    def environment(self) -> dict[str, list[str]]:
        """Names to values, more than one where trainings ran on different machines or versions."""
        found: dict[str, dict[str, None]] = {}
        for record in self._records():
            for name, value in (record["environment"] | {"threads": record["variables"]["OMP_NUM_THREADS"]}).items():
                found.setdefault(name, {})[str(value)] = None
        return {name: list(values) for name, values in found.items()}

    def _records(self) -> Iterator[Record]:
        for experiment in self.experiments():
            yield from experiment.records.values()

    def epochs(self) -> list["Epochs"]:
        """Of each task that has both, the baseline's best development score, and how soon ELMo reaches it."""
        both = [
            (task, self.experiment(f"{task.name}/{BASELINE.name}"), self.experiment(f"{task.name}/{ELMO.name}"))
            for task in self.profile.tasks
        ]
        return [Epochs(task, *pair) for task, *pair in both if all(experiment.records for experiment in pair)]


@dataclass(frozen=True)
class Epochs:
    """The development scores of a task's trainings, epoch by epoch."""

    task: Task
    baseline: Experiment
    elmo: Experiment

    def pairs(self) -> list[tuple[int, int | None]]:
        """Of each seed: the epoch of the baseline's best score, and that in which ELMo reaches it, counted from 1."""
        pairs = []
        for seed in sorted(self.baseline.records.keys() & self.elmo.records.keys()):
            baseline, elmo = self.baseline.records[seed]["epochs"], self.elmo.records[seed]["epochs"]
            pairs.append((baseline.index(max(baseline)) + 1, epochs_to_reach(elmo, max(baseline))))
        return pairs


def _read_experiment(out: Path, name: str) -> Experiment:
    records, failures = {}, {}
    for folder in sorted((out / name).glob("seed*")):
        seed = int(folder.name.removeprefix("seed"))
        if record_path(folder).exists():
            records[seed] = read_record(folder)
        elif failure := read_failure(folder):
            failures[seed] = failure
    return Experiment(name, dict(sorted(records.items())), dict(sorted(failures.items())))


_COLUMNS = (
    "table",
    "task",
    "variant",
    "state",
    "measured_on",
    "paper",
    "paper_deviation",
    "ours",
    "deviation",
    "runs",
    "scores",
    "to_paper",
    "gain",
    "error_reduction",
    "p_paired_t",
    "p_permutation",
    "seconds",
    "cpu_seconds",
    "peak_memory_mb",
)


def to_csv(lines: Sequence[Line]) -> str:
    """A row a cell; scores and differences in points, the error reduction in percent. What is not there is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        writer.writerow(["" if value is None else value for value in _csv_row(line)])
    return file.getvalue()


def _csv_row(line: Line) -> tuple[Any, ...]:
    experiment = line.experiment
    return (
        line.table.name,
        line.task.name if line.task else line.row,
        line.variant.name,
        line.state,
        line.measured_on,
        line.paper.value if line.paper else None,
        line.paper.deviation if line.paper else None,
        points(line.mean),
        points(line.deviation),
        len(line.scores),
        " ".join(f"{100 * score:.2f}" for score in line.scores.values()),
        line.to_paper,
        points(line.gain),
        points(line.error_reduction),
        _rounded(line.p_paired_t),
        _rounded(line.p_permutation),
        experiment.seconds if experiment else None,
        experiment.cpu_seconds if experiment else None,
        experiment.peak_memory_mb if experiment else None,
    )


def points(value: float | None) -> float | None:
    """From 0..1."""
    return None if value is None else round(100 * value, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
