"""From an experiment and a variant to a config: a shipped one with a few fields overridden."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import elmo_tasks
from elmo_tasks.configs.importing import evaluate_file
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.profiles import Profile
from elmo_tasks.reproduce.tables import Variant
from elmo_tasks.runner.configs import Config, get_at, set_at
from elmo_tasks.tasks.base.card import Experiment
from elmo_tasks.transformer import transformer_of

_TRAINING_CONFIGS = "training_configs"


def clone_root() -> Path:
    """
    The folder with the project's configs: this one, or the clone that the package is installed from.

    # Raises

    `ReproductionError`
    """
    for folder in _folders():
        if (folder / _TRAINING_CONFIGS / "lib").is_dir():
            return folder
    raise ReproductionError("There is no folder training_configs: run this in a clone of the repository.")


def _folders() -> tuple[Path, Path]:
    return Path.cwd(), Path(elmo_tasks.__file__).parents[1]


def shipped(name: str) -> Config:
    """
    A config below training_configs, here or in the clone.

    # Raises

    `ReproductionError`
    """
    for folder in _folders():
        path = folder / _TRAINING_CONFIGS / f"{name}.jsonnet"
        if path.is_file():
            return json.loads(_evaluated(str(path)))
    raise ReproductionError(f"There is no config {clone_root() / _TRAINING_CONFIGS / name}.jsonnet.")


@cache
def _evaluated(path: str) -> str:
    return evaluate_file(path)


def compose(profile: Profile, experiment: Experiment, variant: Variant, bilm: str) -> tuple[str, Config]:
    """
    The config of one cell.

    # Returns

    `tuple[str, Config]`
        A name which is the same for cells that are the same experiment, such as table 1's ELMo and table 3's place that
        the experiment's config has; and the config, whose paths are still the shipped ones.

    # Raises

    `ReproductionError`
        If there is no such config, or it has no field that the variant changes.
    """
    config = shipped(experiment.elmo if variant.has_elmo else experiment.baseline)
    if experiment.module is None:
        for path, value in profile.overrides.items():
            set_at(config, path, value)
    parts = ["baseline"] if not variant.has_elmo else ["elmo", *_use_elmo(config, experiment, variant, bilm)]
    if variant.fraction < 1:
        if experiment.module is not None:
            raise ReproductionError(f"{experiment.name} is no training, so there is no part of its training data.")
        parts.append(f"data-{variant.fraction:g}")
        _sample(config, variant.fraction)
    return "-".join(parts), config


def _use_elmo(config: Config, experiment: Experiment, variant: Variant, bilm: str) -> list[str]:
    """Sets the biLM and what the variant changes; says what that is."""
    elmo = get_at(config, experiment.elmo_field)
    if not isinstance(elmo, dict):
        raise ReproductionError(f'The config {experiment.elmo} has no "{experiment.elmo_field}".')
    _take(config, elmo, experiment.bilm or bilm)
    changed = []
    for name, value in variant.overrides.items():
        if name not in elmo:
            raise ReproductionError(
                f'The config {experiment.elmo} has no "{experiment.elmo_field}.{name}", so there is no variant '
                f'"{variant.title}" of {experiment.name}.'
            )
        if elmo[name] != value:
            changed.append(f"{name}-{value}")
            elmo[name] = value
    return changed


def _take(config: Config, elmo: Config, bilm: str) -> None:
    """Has a config use a biLM; or a transformer, with the indexer that it needs in the biLM's indexers' place."""
    transformer = transformer_of(bilm)
    if transformer is None:
        elmo["bilm"] = bilm
        return
    elmo.pop("bilm", None)
    elmo["transformer"] = transformer
    waiting: list[Any] = [config.get("dataset_reader"), config.get("validation_dataset_reader")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
            if part.get("type") in ("elmo_character_ids", "elmo_characters"):
                part.clear()
                part.update(type="elmo_transformer_ids", transformer=transformer)


def _sample(config: Config, fraction: float) -> None:
    reader, loader = config["dataset_reader"], config["data_loader"]
    # The development set stays whole.
    config.setdefault("validation_dataset_reader", copy.deepcopy(reader))
    config.setdefault("validation_data_loader", copy.deepcopy(loader))
    config["dataset_reader"] = {"type": "elmo_sampled", "base_reader": reader, "fraction": fraction, "seed": 1}
    config["data_loader"] = loader | {"type": "elmo_sampled", "fraction": fraction}
