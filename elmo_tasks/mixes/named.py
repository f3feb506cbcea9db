"""The mixes of several models, each with a name."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from elmo_tasks.mixes.mix import NamedMix, TrainedMix
from elmo_tasks.mixes.read import read_mixes


class ReadMix(NamedTuple):
    """A mix, the name of its model, and where it was read."""

    model: str
    archive: str
    mix: TrainedMix

    @property
    def named(self) -> NamedMix:
        """Without the place."""
        return self.model, self.mix


def read_named(models: Sequence[str]) -> list[ReadMix]:
    """
    # Parameters

    models : `Sequence[str]`
        `NAME=ARCHIVE`, or `ARCHIVE`, whose name is then what tells its path from the others'. See `read_mixes`, which
        says what is raised too.
    """
    given = [split_name(model) for model in models]
    names = [name or short for (name, _), short in zip(given, short_names([path for _, path in given]), strict=True)]
    return [ReadMix(name, path, mix) for name, (_, path) in zip(names, given, strict=True) for mix in read_mixes(path)]


def to_json(mixes: Sequence[ReadMix]) -> str:
    """A list of objects: `model`, `archive`, and what a `TrainedMix` has."""
    records = [{"model": mix.model, "archive": mix.archive, **mix.mix._asdict()} for mix in mixes]
    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def split_name(argument: str) -> tuple[str | None, str]:
    """`NAME=ARCHIVE` or `ARCHIVE` to the name, if it is given, and the path."""
    name, equals, path = argument.partition("=")
    return (name, path) if equals and name and not Path(argument).exists() else (None, argument)


def short_names(paths: Sequence[str]) -> list[str]:
    """
    Of archives and folders: their paths without what all have in common at the beginning and the end, and without
    `model.tar.gz`.
    """
    parts = [Path(os.path.abspath(path)).parts for path in paths]
    parts = [path[:-1] if path[-1] == "model.tar.gz" else path for path in parts]
    parts = _without_common_beginning(parts)
    backwards = _without_common_beginning([path[::-1] for path in parts])
    return ["/".join(path[::-1]).removesuffix(".tar.gz") for path in backwards]


def _without_common_beginning(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """At least one part stays of each."""
    common = 0
    while all(len(path) > common + 1 for path in paths) and len({path[common] for path in paths}) == 1:
        common += 1
    return [path[common:] for path in paths]
