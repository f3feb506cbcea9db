"""A table's cell, and all cells as CSV."""

import csv
import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elmo_tasks.reproduce.published import Published
from elmo_tasks.reproduce.tables import PaperTable, Variant
from elmo_tasks.reproduce.trainings import Trainings
from elmo_tasks.runner.comparisons import error_reduction, paired_t, permutation
from elmo_tasks.tasks.base.card import Experiment


@dataclass(frozen=True)
class Cell:
    """
    A cell of a table: what the paper reports and what was got here. Scores in 0..1, the paper's in points.

    # Parameters

    table : `PaperTable`
    experiment : `Experiment`
    variant : `Variant`
    paper : `Published | None`
    trainings : `Trainings | None`
        None where they were never asked for.
    baseline : `Trainings | None`
        The one to compare with; None for the baseline itself.
    wanted : `int`
        How many trainings were asked for.
    is_papers : `bool`
        Whether the data is the paper's.
    """

    table: PaperTable
    experiment: Experiment
    variant: Variant
    paper: Published | None
    trainings: Trainings | None
    baseline: Trainings | None
    wanted: int
    is_papers: bool

    @property
    def title(self) -> str:
        """The experiment's."""
        return self.experiment.title

    @property
    def scores(self) -> dict[int, float]:
        """By seed."""
        return self._scores_of(self.trainings, self._metric)

    @property
    def baseline_scores(self) -> dict[int, float]:
        """By seed."""
        return self._scores_of(self.baseline, self.experiment.metric)

    @property
    def _metric(self) -> str:
        return self.variant.metric or self.experiment.metric

    def _scores_of(self, trainings: Trainings | None, metric: str) -> dict[int, float]:
        return {} if trainings is None else trainings.scores(metric, self.table.split)

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
        return "" if self.trainings is None else self.trainings.measured_on(self._metric, self.table.split)

    @property
    def to_paper(self) -> float | None:
        """Ours less the paper's, in points; None where the two are of different data."""
        is_same = self.is_papers and self.measured_on == self.table.split
        return round(100 * self.mean - self.paper.value, 2) if is_same and self.mean and self.paper else None

    @property
    def _compared(self) -> tuple[list[float], list[float]]:
        """The scores and the baseline's, both of the seeds that both have."""
        scores, baseline = self.scores, self.baseline_scores
        seeds = sorted(scores.keys() & baseline.keys())
        return [scores[seed] for seed in seeds], [baseline[seed] for seed in seeds]

    @property
    def gain(self) -> float | None:
        """The mean less the baseline's, over the seeds that both have."""
        scores, baseline = self._compared
        return statistics.mean(scores) - statistics.mean(baseline) if scores else None

    @property
    def error_reduction(self) -> float | None:
        """Relative to the baseline's mean, over the seeds that both have."""
        scores, baseline = self._compared
        return error_reduction(statistics.mean(baseline), statistics.mean(scores)) if scores else None

    @property
    def p_paired_t(self) -> float | None:
        """Against the baseline, of the seeds that both have."""
        return paired_t(self.scores, self.baseline_scores) if self.gain is not None else None

    @property
    def p_permutation(self) -> float | None:
        """Against the baseline, of the seeds that both have."""
        return permutation(*self._compared)

    @property
    def state(self) -> str:
        """Why there is nothing, or not all."""
        if self.trainings is None:
            return "not run"
        done, failed = len(self.trainings.records), len(self.trainings.failures)
        if not done and not failed:
            return "not run yet"
        return f"{done} of {self.wanted}" + (f", {failed} failed" if failed else "")


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


def to_csv(cells: Sequence[Cell]) -> str:
    """A row a cell; scores and differences in points, the error reduction in percent. What is not there is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for cell in cells:
        writer.writerow(["" if value is None else value for value in _csv_row(cell)])
    return file.getvalue()


def _csv_row(cell: Cell) -> tuple[Any, ...]:
    trainings = cell.trainings
    return (
        cell.table.name,
        cell.experiment.name,
        cell.variant.name,
        cell.state,
        cell.measured_on,
        cell.paper.value if cell.paper else None,
        cell.paper.deviation if cell.paper else None,
        points(cell.mean),
        points(cell.deviation),
        len(cell.scores),
        " ".join(f"{100 * score:.2f}" for score in cell.scores.values()),
        cell.to_paper,
        points(cell.gain),
        points(cell.error_reduction),
        _rounded(cell.p_paired_t),
        _rounded(cell.p_permutation),
        trainings.seconds if trainings else None,
        trainings.cpu_seconds if trainings else None,
        trainings.peak_memory_mb if trainings else None,
    )


def points(value: float | None) -> float | None:
    """From 0..1."""
    # Added to it, -0.0 is 0.0.
    return None if value is None else round(100 * value, 2) + 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")
