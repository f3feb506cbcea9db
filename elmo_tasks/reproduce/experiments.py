"""
The paper's experiments as data: profiles, their tasks, and the variants that tables and figures compare.

A run's config is a task's shipped config with a few fields overridden. So a new task is its folder of configs, its
libsonnet, and a line in `PROFILES`.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import _jsonnet

import elmo_tasks
from elmo_tasks.reproduce import published

Config = dict[str, Any]

_TRAINING_CONFIGS = "training_configs"


class ReproductionError(ValueError):
    """What is asked for is not there, or cannot be done."""


@dataclass(frozen=True)
class Task:
    """
    A task on one corpus.

    # Parameters

    name : `str`
        As the command takes it; also the folder of its runs.
    title : `str`
    row : `str`
        The paper's task, one of `published.TASKS`.
    metric : `str`
        As AllenNLP's metrics.json has it, without `validation_`; in 0..1.
    baseline, elmo : `str`
        Shipped configs, below training_configs and without `.jsonnet`.
    """

    name: str
    title: str
    row: str
    metric: str
    baseline: str
    elmo: str


@dataclass(frozen=True)
class Variant:
    """
    A cell of a task's row.

    # Parameters

    name, title : `str`
    has_elmo : `bool`
        Whether it is a variant of the task's config with ELMo, or of the baseline.
    overrides : `Mapping[str, Any]`
        Dotted fields of the config, and their values.
    fraction : `float`
        Of the training set.
    """

    name: str
    title: str
    has_elmo: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    fraction: float = 1.0


@dataclass(frozen=True)
class Table:
    """
    A table or figure of the paper that trainings make.

    # Parameters

    name, title : `str`
    split : `str`
        `"test"` or `"development"`: what the paper measures on.
    rows : `Sequence[str]`
        The paper's tasks.
    variants : `Sequence[Variant]`
    curve : `bool`
        Whether each variant is wanted at each of the profile's fractions of the training set.
    """

    name: str
    title: str
    split: str
    rows: Sequence[str]
    variants: Sequence[Variant]
    curve: bool = False


@dataclass(frozen=True)
class Profile:
    """
    What the experiments are run on.

    # Parameters

    name : `str`
    about : `str`
    data : `str`
        The folder of data that the shipped configs name; `--data` takes its place.
    bilm : `str`
        Used if no other is asked for.
    tasks : `Sequence[Task]`
    fractions : `Sequence[float]`
        Of the training set, for figure 1.
    overrides : `Mapping[str, Any]`
        For all configs.
    keep_layers : `bool`
        Whether the trainings of a folder share the biLM's layers on disk, so that the biLM reads each sentence once.
    is_papers : `bool`
        Whether the data is the paper's, so that scores can be compared with its own.
    """

    name: str
    about: str
    data: str
    bilm: str
    tasks: Sequence[Task]
    fractions: Sequence[float]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    keep_layers: bool = True
    is_papers: bool = False


BASELINE = Variant("baseline", "baseline", has_elmo=False)
ELMO = Variant("elmo", "ELMo")
_PLACE, _LAYERS, _LAMBDA = "model.elmo.place", "model.elmo.layers", "model.elmo.scalar_l2"
LAST = Variant("last", "last layer only", overrides={_LAYERS: "last"})
LAMBDA_1 = Variant("lambda-1", "all layers, λ = 1", overrides={_LAMBDA: 1})
LAMBDA_0_001 = Variant("lambda-0.001", "all layers, λ = 0.001", overrides={_LAMBDA: 0.001})
INPUT = Variant("input", "input only", overrides={_PLACE: "input"})
BOTH = Variant("both", "input and output", overrides={_PLACE: "both"})
OUTPUT = Variant("output", "output only", overrides={_PLACE: "output"})

_ALL_ROWS = tuple(published.TASKS)
_THREE_ROWS = ("SQuAD", "SNLI", "SRL")

TABLES = {
    table.name: table
    for table in (
        Table("table1", "Table 1: without and with ELMo", "test", _ALL_ROWS, (BASELINE, ELMO)),
        Table(
            "table2",
            "Table 2: the last layer only, or all with a penalty λ on their weights",
            "development",
            _THREE_ROWS,
            (BASELINE, LAST, LAMBDA_1, LAMBDA_0_001),
        ),
        Table("table3", "Table 3: where ELMo goes", "development", _THREE_ROWS, (BASELINE, INPUT, BOTH, OUTPUT)),
        Table(
            "figure1",
            "Figure 1: how much data, and how many epochs",
            "development",
            ("SNLI", "SRL"),
            (BASELINE, ELMO),
            curve=True,
        ),
        Table("figure2", "Figure 2: the weights of the layers", "development", _ALL_ROWS, (BOTH,)),
    )
}

UNFINISHED = {
    "table5": "word sense disambiguation",
    "table6": "part-of-speech tagging with a linear classifier",
}
"""Tables whose figures are in `published` and whose tasks are still to come."""

_F1, _ACCURACY = "f1-measure-overall", "accuracy"

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="paper",
            about="the paper's corpora, which are yours to bring, and the published biLM",
            data="data",
            bilm="original",
            tasks=(
                Task("squad", "SQuAD 1.1", "SQuAD", "f1", "squad/squad_baseline", "squad/squad_elmo"),
                Task("snli", "SNLI", "SNLI", _ACCURACY, "snli/snli_baseline", "snli/snli_elmo"),
                Task("ner", "NER, CoNLL-2003", "NER", _F1, "ner/conll2003_baseline", "ner/conll2003_elmo"),
            ),
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
            tasks=(
                Task("squad", "SQuAD 1.1 in small", "SQuAD", "f1", "squad/open_baseline", "squad/open_elmo"),
                Task("snli", "SNLI, 8,842 pairs", "SNLI", _ACCURACY, "snli/open_baseline", "snli/open_elmo"),
                Task(
                    "snli-glove",
                    "SNLI, 8,842 pairs, with GloVe",
                    "SNLI",
                    _ACCURACY,
                    "snli/open_glove_baseline",
                    "snli/open_glove_elmo",
                ),
                Task("ner-wnut17", "NER, WNUT-17", "NER", _F1, "ner/wnut17_baseline", "ner/wnut17_elmo"),
                Task(
                    "ner-wnut17-glove",
                    "NER, WNUT-17, with GloVe",
                    "NER",
                    _F1,
                    "ner/wnut17_glove_baseline",
                    "ner/wnut17_glove_elmo",
                ),
                Task("ner-wikigold", "NER, WikiGold", "NER", _F1, "ner/wikigold_baseline", "ner/wikigold_elmo"),
                Task(
                    "ner-wikigold-glove",
                    "NER, WikiGold, with GloVe",
                    "NER",
                    _F1,
                    "ner/wikigold_glove_baseline",
                    "ner/wikigold_glove_elmo",
                ),
                Task(
                    "ner-literature-glove",
                    "NER, CrossNER literature, with GloVe",
                    "NER",
                    _F1,
                    "ner/crossner_literature_glove_baseline",
                    "ner/crossner_literature_glove_elmo",
                ),
                Task(
                    "ner-politics-glove",
                    "NER, CrossNER politics, with GloVe",
                    "NER",
                    _F1,
                    "ner/crossner_politics_glove_baseline",
                    "ner/crossner_politics_glove_elmo",
                ),
            ),
            # The paper's, without its two smallest, which here are a hundred instances at most.
            fractions=(0.1, 0.2, 0.5, 1.0),
        ),
        Profile(
            name="smoke",
            about="a trial of the machinery on the project's fixtures, whose scores say nothing",
            data="fixtures",
            bilm="mini",
            tasks=(
                Task("squad", "SQuAD, fixture", "SQuAD", "f1", "squad/fixture_baseline", "squad/fixture_elmo"),
                Task("snli", "SNLI, fixture", "SNLI", _ACCURACY, "snli/fixture_baseline", "snli/fixture_elmo"),
                Task("ner", "NER, fixture", "NER", _F1, "ner/fixture_baseline", "ner/fixture_elmo"),
            ),
            fractions=(0.5, 1.0),
            overrides={"trainer.num_epochs": 2, "dataset_reader.max_instances": 32},
        ),
    )
}


def find_table(name: str) -> Table:
    """Raises `ReproductionError` with the names that there are."""
    if name in UNFINISHED:
        raise ReproductionError(f"{name} needs a task that this project does not have yet: {UNFINISHED[name]}.")
    if name not in TABLES:
        raise ReproductionError(f'There is no table "{name}"; there are: {", ".join(TABLES)}.')
    return TABLES[name]


def find_profile(name: str) -> Profile:
    """Raises `ReproductionError` with the names that there are."""
    if name not in PROFILES:
        raise ReproductionError(f'There is no profile "{name}"; there are: {", ".join(PROFILES)}.')
    return PROFILES[name]


def choose_tasks(profile: Profile, table: Table, names: Sequence[str] | None = None) -> list[Task]:
    """
    The tasks of a profile by name; without names, those whose row the paper's table has.

    # Raises

    `ReproductionError`
        If the profile has no such task.
    """
    if names is None:
        return [task for row in table.rows for task in profile.tasks if task.row == row]
    by_name = {task.name: task for task in profile.tasks}
    if unknown := [name for name in names if name not in by_name]:
        raise ReproductionError(
            f'The profile "{profile.name}" has no task "{unknown[0]}"; it has: {", ".join(by_name)}.'
        )
    return [by_name[name] for name in dict.fromkeys(names)]


def table_variants(table: Table, profile: Profile) -> list[Variant]:
    """The table's variants; those of a curve at each of the profile's fractions."""
    if not table.curve:
        return list(table.variants)
    return [
        replace(variant, fraction=fraction, name=f"{variant.name}-{fraction:g}")
        for fraction in profile.fractions
        for variant in table.variants
    ]


def clone_root() -> Path:
    """
    The folder with the configs: this one, or the clone that the package is installed from.

    # Raises

    `ReproductionError`
    """
    for folder in (Path.cwd(), Path(elmo_tasks.__file__).parents[1]):
        if (folder / _TRAINING_CONFIGS / "lib").is_dir():
            return folder
    raise ReproductionError("There is no folder training_configs: run this in a clone of the repository.")


def shipped(name: str) -> Config:
    """A config below training_configs. Raises `ReproductionError`."""
    path = clone_root() / _TRAINING_CONFIGS / f"{name}.jsonnet"
    if not path.is_file():
        raise ReproductionError(f"There is no config {path}.")
    return json.loads(_evaluated(str(path)))


@cache
def _evaluated(path: str) -> str:
    return _jsonnet.evaluate_file(path)


def compose(profile: Profile, task: Task, variant: Variant, bilm: str) -> tuple[str, Config]:
    """
    The experiment of one cell.

    # Returns

    `tuple[str, Config]`
        A name which is the same for cells that are the same experiment, such as tables 1's ELMo and table 3's place
        that the task's config has; and the config, whose paths are still the shipped ones.
    """
    config = shipped(task.elmo if variant.has_elmo else task.baseline)
    for path, value in profile.overrides.items():
        set_at(config, path, value)
    if variant.has_elmo:
        config["model"]["elmo"]["bilm"] = bilm
    parts = ["elmo" if variant.has_elmo else "baseline"]
    for path, value in variant.overrides.items():
        if get_at(config, path) != value:
            parts.append(f"{path.split('.')[-1]}-{value}")
            set_at(config, path, value)
    if variant.fraction < 1:
        parts.append(f"data-{variant.fraction:g}")
        _sample(config, variant.fraction)
    return "-".join(parts), config


def _sample(config: Config, fraction: float) -> None:
    reader, loader = config["dataset_reader"], config["data_loader"]
    # The development set stays whole.
    config.setdefault("validation_dataset_reader", copy.deepcopy(reader))
    config.setdefault("validation_data_loader", copy.deepcopy(loader))
    config["dataset_reader"] = {"type": "elmo_sampled", "base_reader": reader, "fraction": fraction, "seed": 1}
    config["data_loader"] = loader | {"type": "elmo_sampled", "fraction": fraction}


def with_seed(config: Config, seed: int) -> Config:
    """The config with all its seeds set."""
    config = copy.deepcopy(config) | dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), seed)
    if config["dataset_reader"].get("type") == "elmo_sampled":
        config["dataset_reader"]["seed"] = seed
    return config


def get_at(config: Config, path: str) -> Any:
    """The value of a dotted field; None where there is none."""
    value: Any = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def set_at(config: Config, path: str, value: Any) -> None:
    """Sets a dotted field."""
    *parents, last = path.split(".")
    for key in parents:
        config = config.setdefault(key, {})
    config[last] = value


def data_files(config: Any, prefix: str) -> list[str]:
    """The files below the folder `prefix` that a config names, without the folder, each once."""
    return list(dict.fromkeys(text[len(prefix) + 1 :] for text in _texts(config) if text.startswith(prefix + "/")))


def relocated(config: Any, prefix: str, folder: str) -> Any:
    """The config with another folder of data."""
    if isinstance(config, dict):
        return {key: relocated(value, prefix, folder) for key, value in config.items()}
    if isinstance(config, list):
        return [relocated(value, prefix, folder) for value in config]
    is_path = isinstance(config, str) and config.startswith(prefix + "/")
    return folder + config[len(prefix) :] if is_path else config


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
