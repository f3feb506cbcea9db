"""What the experiments are run on: three profiles, and what the tasks' cards have for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.probes.card import CARD
from elmo_tasks.reproduce.tables import PaperTable
from elmo_tasks.tasks import cards
from elmo_tasks.tasks.base.card import Card, Corpus, Experiment


def _cards() -> list[Card]:
    return [*cards(), CARD]


@dataclass(frozen=True)
class Profile:
    """
    What the experiments are run on.

    # Parameters

    name : `str`
        Under it the cards have their experiments and corpora.
    about : `str`
    data : `str`
        The folder of data that the shipped configs name; `--data` takes its place.
    bilm : `str`
        Used if no other is asked for.
    fractions : `Sequence[float]`
        The parts of the training set in figure 1.
    overrides : `Mapping[str, Any]`
        Dotted fields of all trainings' configs, and their values.
    keep_layers : `bool`
        Whether the trainings of a folder share the biLM's layers on disk, so that the biLM reads each sentence once.
    is_papers : `bool`
        Whether the data is the paper's, so that scores can be compared with its own.
    """

    name: str
    about: str
    data: str
    bilm: str
    fractions: Sequence[float]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    keep_layers: bool = True
    is_papers: bool = False

    @property
    def experiments(self) -> list[Experiment]:
        """Those of all cards."""
        return [experiment for card in _cards() for experiment in card.experiments.get(self.name, ())]

    @property
    def corpora(self) -> list[Corpus]:
        """Those of all cards; some are on several."""
        return [corpus for card in _cards() for corpus in card.corpora.get(self.name, ())]

    def chosen(self, table: PaperTable, names: Sequence[str] | None = None) -> list[Experiment]:
        """
        The experiments by name; without names, those of the table, in the order of its rows.

        # Raises

        `ReproductionError`
            If the profile has no such experiment, or the table is not of it.
        """
        if names is None:
            return in_rows(
                experiment
                for card in _cards()
                for experiment in card.experiments.get(self.name, ())
                if experiment.row in table.rows or table.name in card.tables
            )
        by_name = {experiment.name: experiment for experiment in self.experiments}
        if unknown := [name for name in names if name not in by_name]:
            raise ReproductionError(
                f'The profile "{self.name}" has no task "{unknown[0]}"; it has: {", ".join(by_name)}.'
            )
        chosen = [by_name[name] for name in dict.fromkeys(names)]
        # A table of layers has figures that no task's training has.
        other = [experiment.name for experiment in chosen if experiment.row not in table.rows]
        if other and any(variant.metric for variant in table.variants):
            raise ReproductionError(f'{table.name} is of {", ".join(table.rows)} only, not of "{other[0]}".')
        return chosen


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="paper",
            about="the paper's corpora, which are yours to bring, and the published biLM",
            data="data",
            bilm="original",
            fractions=(0.001, 0.01, 0.1, 0.2, 0.5, 1.0),
            # The original biLM's layers of SNLI alone are tens of gigabytes.
            keep_layers=False,
            is_papers=True,
        ),
        Profile(
            name="open",
            about="openly available corpora and smaller models, sized for two cores",
            data="../shared/data",
            bilm="mini",
            # The paper's, without its two smallest, which here are a hundred instances at most.
            fractions=(0.1, 0.2, 0.5, 1.0),
        ),
        Profile(
            name="smoke",
            about="a trial of the machinery on the project's fixtures, whose scores say nothing",
            data="fixtures",
            bilm="mini",
            fractions=(0.5, 1.0),
            overrides={"trainer.num_epochs": 2, "dataset_reader.max_instances": 32},
        ),
    )
}


def find_profile(name: str) -> Profile:
    """Raises `ReproductionError` with the names that there are."""
    if name not in PROFILES:
        raise ReproductionError(f'There is no profile "{name}"; there are: {", ".join(PROFILES)}.')
    return PROFILES[name]


def row_order() -> list[str]:
    """The rows of all tables: the paper's in its order, and then the others in the order of the cards."""
    own = [experiment.row for card in _cards() for of_profile in card.experiments.values() for experiment in of_profile]
    return list(dict.fromkeys([*published.TASKS, *own]))


def in_rows(experiments: Iterable[Experiment]) -> list[Experiment]:
    """The experiments in the order of the rows in which they stand."""
    rows = row_order()
    return sorted(experiments, key=lambda experiment: rows.index(experiment.row))
