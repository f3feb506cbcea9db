"""What the trainings in a folder have come to; all numbers are from their records."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.reproduce.cells import Cell
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.planning import read_experiments
from elmo_tasks.reproduce.profiles import Profile, find_profile, in_rows
from elmo_tasks.reproduce.tables import BASELINE, ELMO, PaperTable, Variant, table_variants
from elmo_tasks.reproduce.trainings import Trainings, read_trainings
from elmo_tasks.runner.comparisons import epochs_to_reach
from elmo_tasks.runner.runs import Record
from elmo_tasks.tasks.base.card import Experiment


class Results:
    """
    The trainings in a folder.

    # Parameters

    out : `str | Path`
        The folder that `elmo-tasks elmo-reproduce run` was given.

    # Raises

    `ReproductionError`
        If there are none.
    """

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)
        said = read_experiments(self.out)
        if said is None:
            raise ReproductionError(
                f"There are no experiments in {self.out}: begin with elmo-tasks elmo-reproduce run TABLE -o {self.out}."
            )
        self.profile: Profile = find_profile(said["profile"])
        self.bilm: str = said["bilm"]
        self.bilm_digest: str = said["bilm_digest"]
        self.data: str | None = said["data"]
        self.tables: dict[str, Any] = said["tables"]
        self._trainings: dict[str, Trainings] = {}

    def experiments(self, table: PaperTable) -> list[Experiment]:
        """Those of the table that the profile has, and those that were asked for, in the order of the rows."""
        names = {experiment.name for experiment in self.profile.chosen(table)} | set(self._asked(table))
        return in_rows(experiment for experiment in self.profile.experiments if experiment.name in names)

    def cells(self, table: PaperTable) -> list[Cell]:
        """A table's cells: of each experiment, in the order of the rows, all variants."""
        variants = table_variants(table, self.profile.fractions)
        return [
            self._cell(table, experiment, variant) for experiment in self.experiments(table) for variant in variants
        ]

    def _cell(self, table: PaperTable, experiment: Experiment, variant: Variant) -> Cell:
        baseline = f"{BASELINE.name}-{variant.fraction:g}" if table.form == "curve" else BASELINE.name
        return Cell(
            table=table,
            experiment=experiment,
            variant=variant,
            paper=table.paper.get(experiment.row, {}).get(variant.name),
            trainings=self.trainings(table, experiment, variant.name),
            baseline=self.trainings(table, experiment, baseline) if variant.has_elmo else None,
            wanted=self._wanted(table, experiment),
            is_papers=self.profile.is_papers,
        )

    def _wanted(self, table: PaperTable, experiment: Experiment) -> int:
        seeds: int = self._asked(table).get(experiment.name, {}).get("seeds", 0)
        return seeds if experiment.is_seeded else min(seeds, 1)

    def trainings(self, table: PaperTable, experiment: Experiment, variant: str) -> Trainings | None:
        """
        Those of a cell, with the seeds that its table wants of the task; None where they were not asked for. Another
        table may have wanted more seeds of the same ones.
        """
        name = self._asked(table).get(experiment.name, {}).get("cells", {}).get(variant)
        return self.named(f"{experiment.name}/{name}").first(self._wanted(table, experiment)) if name else None

    def _asked(self, table: PaperTable) -> dict[str, dict[str, Any]]:
        """Of each experiment `seeds`, `data`, and `cells`: variant -> name of the trainings."""
        return self.tables.get(table.name, {}).get("tasks", {})

    def named(self, name: str) -> Trainings:
        """The trainings in a folder below `out`, such as `"snli/elmo"`."""
        if name not in self._trainings:
            self._trainings[name] = read_trainings(self.out, name)
        return self._trainings[name]

    def all_trainings(self) -> list[Trainings]:
        """All that were asked for, each once."""
        names = [
            f"{experiment}/{name}"
            for table in self.tables.values()
            for experiment, asked in table["tasks"].items()
            for name in asked["cells"].values()
        ]
        return [self.named(name) for name in dict.fromkeys(names)]

    def environment(self) -> dict[str, list[str]]:
        """Names to values, more than one where trainings ran on different machines or versions."""
        found: dict[str, dict[str, None]] = {}
        for start in self._starts():
            for name, value in (start["environment"] | {"threads": start["variables"]["OMP_NUM_THREADS"]}).items():
                found.setdefault(name, {})[str(value)] = None
        return {name: list(values) for name, values in found.items()}

    def _starts(self) -> Iterator[Record]:
        """What the processes were started with, a recovered training's earlier ones too."""
        for trainings in self.all_trainings():
            for record in trainings.records.values():
                yield from [*record.get("earlier", []), record]

    def epochs(self) -> list["Epochs"]:
        """Of each experiment that has both, the baseline's best development score, and how soon ELMo reaches it."""
        both = [
            Epochs(experiment, *(self.named(f"{experiment.name}/{variant.name}") for variant in (BASELINE, ELMO)))
            for experiment in self.profile.experiments
            if experiment.module is None
        ]
        return [one for one in both if one.baseline.records and one.elmo.records]


@dataclass(frozen=True)
class Epochs:
    """The development scores of an experiment's trainings, epoch by epoch."""

    experiment: Experiment
    baseline: Trainings
    elmo: Trainings

    def pairs(self) -> list[tuple[int, int | None]]:
        """Of each seed: the epoch of the baseline's best score, and that in which ELMo reaches it, counted from 1."""
        pairs = []
        for seed in sorted(self.baseline.records.keys() & self.elmo.records.keys()):
            baseline, elmo = self.baseline.records[seed]["epochs"], self.elmo.records[seed]["epochs"]
            pairs.append((baseline.index(max(baseline)) + 1, epochs_to_reach(elmo, max(baseline))))
        return pairs
