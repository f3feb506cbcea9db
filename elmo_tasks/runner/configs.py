"""Configs as nested dictionaries and lists: their fields, their seeds, and the files that they name."""

import copy
from collections.abc import Iterator
from typing import Any

from elmo_tasks.files import named_files

Config = dict[str, Any]


def with_seed(config: Config, seed: int) -> Config:
    """The config with all its seeds set, that of `elmo_sampled` too."""
    config = copy.deepcopy(config) | dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), seed)
    if get_at(config, "dataset_reader.type") == "elmo_sampled":
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


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dotted names."""
    if not isinstance(value, dict):
        return {path: value}
    parts = [flat(inner, f"{path}.{key}" if path else key) for key, inner in value.items()]
    return {name: inner for part in parts for name, inner in part.items()}


def texts(value: Any) -> Iterator[str]:
    """All strings that stand in a config as values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def data_files(config: Any, prefix: str) -> list[str]:
    """The files below the folder `prefix` that a config names, without the folder, each once; see `named_files`."""
    paths = (text[len(prefix) + 1 :] for text in texts(config) if text.startswith(prefix + "/"))
    return list(dict.fromkeys(file for path in paths for file in named_files(path)))


def relocated(config: Any, prefix: str, folder: str) -> Any:
    """The config with another folder of data."""
    if isinstance(config, dict):
        return {key: relocated(value, prefix, folder) for key, value in config.items()}
    if isinstance(config, list):
        return [relocated(value, prefix, folder) for value in config]
    is_path = isinstance(config, str) and config.startswith(prefix + "/")
    return folder + config[len(prefix) :] if is_path else config
