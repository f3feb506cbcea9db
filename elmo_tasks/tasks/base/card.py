"""
What is known about a task, as data: its experiments, the corpora that they read, and its place in the tables.

A task's `card.py` has one `Card`, named `CARD`. `elmo_tasks.tasks.cards` collects them; `elmo-tasks elmo-reproduce`,
its checks of the data and its report take all that they know of a task from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Counts = Mapping[str, int]
"""What a file holds: the name of what is counted, such as `"sentences"`, to its number."""


@dataclass(frozen=True)
class Experiment:
    """
    A task on one corpus, without and with ELMo.

    # Parameters

    name : `str`
        As `--tasks` takes it; also the folder of its runs.
    title : `str`
        As the report calls it.
    row : `str`
        The row of the tables in which it stands: the paper's name of the task, one of `published.TASKS`, or one's own.
    metric : `str`
        As metrics.json has it, without `best_validation_` and `test_`; in 0..1, more is better.
    baseline, elmo : `str`
        Configs, below training_configs and without `.jsonnet`.
    elmo_field : `str`
        The dotted field of the config `elmo` that says how ELMo is used: the biLM's name or files go to its `bilm`, and
        what a variant changes is a field of it too.
    module : `str | None`
        What makes a run of a config. None is `elmo-tasks train`; another module is called as
        `python -m MODULE CONFIG -s FOLDER`, and has done its work when FOLDER/metrics.json is there, whole, with
        `best_validation_METRIC` or `test_METRIC`. It begins anew after a kill.
    bilm : `str | None`
        The biLM that it takes, whatever the profile's is and `--bilm` says: one of the corpus's language.
    is_seeded : `bool`
        Whether the seed makes a difference; where it does not, there is one run.
    """

    name: str
    title: str
    row: str
    metric: str
    baseline: str
    elmo: str
    elmo_field: str = "model.elmo"
    module: str | None = None
    bilm: str | None = None
    is_seeded: bool = True


@dataclass(frozen=True)
class Corpus:
    """
    Files that experiments read, and how to tell that they are the right ones.

    # Parameters

    name : `str`
    source : `str`
        Where to get it.
    licence : `str`
    count : `Callable[[Path], Counts]`
        Counts a file with the parser that the task reads it with. Raises `ConfigurationError`, `ValueError` or
        `OSError` where that cannot read it.
    files : `Mapping[str, Counts]`
        Paths below a profile's folder of data, and what each must hold.
    """

    name: str
    source: str
    licence: str
    count: Callable[[Path], Counts]
    files: Mapping[str, Counts]


@dataclass(frozen=True)
class Card:
    """
    What is known about a task.

    # Parameters

    name, title : `str`
    experiments : `Mapping[str, Sequence[Experiment]]`
        By profile: `"paper"`, `"open"` and `"smoke"`.
    corpora : `Mapping[str, Sequence[Corpus]]`
        By profile: all that its experiments read.
    tables : `Sequence[str]`
        Tables that have its rows besides those in which the paper has them, such as `("table1",)` for a task that the
        paper does not have.
    """

    name: str
    title: str
    experiments: Mapping[str, Sequence[Experiment]]
    corpora: Mapping[str, Sequence[Corpus]]
    tables: Sequence[str] = ()
