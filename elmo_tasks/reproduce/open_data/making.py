"""Finds the originals, makes what can be made of them, and checks it."""

import csv
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from tqdm import tqdm

from elmo_tasks.files import check_own, open_bytes, writing
from elmo_tasks.reproduce.open_data.recipe import OriginalError, Recipe, Source

_EXPECTED: dict[str, dict[str, int | str]] = json.loads(
    Path(__file__).with_name("expected.json").read_text(encoding="utf-8")
)

# What ends one of the things that are counted.
_ENDS = {"lines": "\n", "questions": '"id": '}


@dataclass(frozen=True)
class Outcome:
    """
    What has become of one file.

    # Parameters

    path : `str`
        Below the folder of data.
    done : `bool`
        Whether it is there and right.
    text : `str`
        The same for people, in one line.
    """

    path: str
    done: bool
    text: str


@dataclass
class Report:
    """
    What has become of all of them.

    # Parameters

    outcomes : `list[Outcome]`
        Of the files whose originals were there, or which were there themselves.
    missing : `dict[Source, list[Recipe]]`
        The others.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    missing: dict[Source, list[Recipe]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every file is there and right."""
        return not self.missing and all(outcome.done for outcome in self.outcomes)


class _Different(ValueError):
    """What was made is not what was expected."""


class _Originals:
    """The files and folders below a folder, by name."""

    def __init__(self, folder: Path | None) -> None:
        self._paths: dict[str, list[Path]] = {}
        for parent, folders, files in os.walk(folder) if folder else ():
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in [*folders, *files]:
                self._paths.setdefault(name.removesuffix(".gz"), []).append(Path(parent, name))

    def find(self, ends: Iterable[str]) -> list[Path] | None:
        """The originals whose paths end so, compressed or not; None if one is missing. Raises `OriginalError`."""
        found = [self._find(PurePath(end)) for end in ends]
        return None if None in found else [path for path in found if path]

    def _find(self, end: PurePath) -> Path | None:
        paths = [
            path
            for path in self._paths.get(end.name, ())
            if path.with_name(end.name).parts[-len(end.parts) :] == end.parts
        ]
        if len(paths) > 1:
            raise OriginalError(f"there are two originals {end}: {paths[0]} and {paths[1]}; leave one of them there.")
        return paths[0] if paths else None


def make_open_data(
    sources: Iterable[Source],
    out: str | Path,
    originals: str | Path | None = None,
    only: Collection[str] = (),
    expected: dict[str, dict[str, int | str]] = _EXPECTED,
    force: bool = False,
) -> Report:
    """
    Makes all files whose originals are there. A file that is there and right is left as it is.

    # Parameters

    sources : `Iterable[Source]`
    out : `str` or `Path`
        The folder of data. A file in it is written whole or not at all, and only if it is as expected.
    originals : `str` or `Path`, optional (default = `None`)
        A folder with the originals, at any depth.
    only : `Collection[str]`, optional (default = `()`)
        Folders of data that are wanted, such as `ner`. None means all.
    expected : `dict[str, dict[str, int | str]]`, optional (default = those of `expected.json`)
        By path, how many `lines` or `questions` a file has, and its `sha256`.
    force : `bool`, optional (default = `False`)
        Whether a file that is there and differs from the one that is made is replaced.

    # Raises

    `FileNotFoundError`
        If there is no folder of originals.
    """
    if originals is not None and not Path(originals).is_dir():
        raise FileNotFoundError(f"There is no folder {originals} with originals.")
    have = _Originals(None if originals is None else Path(originals))
    report = Report()
    for path, choices in _by_path(sources, only).items():
        if "sha256" in expected[path] and _digest(Path(out, path)) == expected[path]["sha256"]:
            report.outcomes.append(Outcome(path, True, f"{path}: there already"))
            continue
        try:
            source, recipe, found = _first_found(choices, have)
        except OriginalError as error:
            report.outcomes.append(Outcome(path, False, f"{path}: {error}"))
            continue
        if found is None:
            for source, recipe in choices:
                report.missing.setdefault(source, []).append(recipe)
        else:
            report.outcomes.append(_outcome(source, recipe, found, Path(out, path), expected[path], force))
    return report


def _by_path(sources: Iterable[Source], only: Collection[str]) -> dict[str, list[tuple[Source, Recipe]]]:
    """The ways to make each file, the best one first."""
    by_path: dict[str, list[tuple[Source, Recipe]]] = {}
    for source in sources:
        for recipe in source.recipes:
            if not only or PurePath(recipe.path).parts[0] in only:
                by_path.setdefault(recipe.path, []).append((source, recipe))
    return by_path


def _first_found(choices: list[tuple[Source, Recipe]], have: _Originals) -> tuple[Source, Recipe, list[Path] | None]:
    for source, recipe in choices:
        if found := have.find(recipe.originals):
            return source, recipe, found
    return *choices[0], None


def _outcome(
    source: Source, recipe: Recipe, found: list[Path], out: Path, expected: dict[str, int | str], force: bool
) -> Outcome:
    """Makes one file."""
    names = str(found[0]) if len(found) == 1 else f"{found[0]} and {len(found) - 1} more"
    try:
        same = _write(recipe, found, out, expected, force)
    except OriginalError as error:
        problem = str(error)
    except KeyError as error:
        problem = f"{names} has no field {error}."
    except (TypeError, IndexError, csv.Error) as error:
        problem = f"{names} is not of the form that it should have ({type(error).__name__}: {error})."
    except _Different as error:
        problem = f"{error} The original {names} is damaged or another version; see {source.address}."
    else:
        if recipe.stand_in and not same:
            return Outcome(recipe.path, True, f"{recipe.path}: made, as a stand-in: {recipe.stand_in}")
        return Outcome(recipe.path, True, f"{recipe.path}: made, and as expected")
    return Outcome(recipe.path, False, f"{recipe.path}: {problem} Nothing was written.")


def _write(recipe: Recipe, found: list[Path], out: Path, expected: dict[str, int | str], force: bool) -> bool:
    """Writes the file if it is right and replaces no other; says whether it is the very file that was expected."""
    unit = next(unit for unit in _ENDS if unit in expected)
    count, digest = 0, hashlib.sha256()
    with writing(out) as temporary:
        with _created(temporary, compressed=out.suffix == ".gz") as file:
            # A bar for what takes more than two seconds, at a terminal.
            for record in tqdm(recipe.make(found), recipe.path, unit=" records", delay=2, leave=False, disable=None):
                count += record.count(_ENDS[unit])
                data = record.encode()
                digest.update(data)
                file.write(data)
        same = digest.hexdigest() == expected.get("sha256")
        if count != expected[unit]:
            raise _Different(f"{count:,} {unit} where there should be {expected[unit]:,}.")
        if not same and not recipe.stand_in:
            raise _Different(f"the SHA-256 is {digest.hexdigest()} and should be {expected['sha256']}.")
        if not force:
            check_own(out, lambda: _digest(out) == digest.hexdigest(), OriginalError)
    return same


@contextmanager
def _created(path: Path, compressed: bool) -> Iterator[BinaryIO]:
    """A new file. Compressed, it has neither name nor time in it, so that it is the same each time."""
    with open(path, "wb") as file:
        if compressed:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
                yield zipped  # type: ignore[misc]
        else:
            yield file


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file's content, uncompressed; None if it is not there or is damaged."""
    try:
        with open_bytes(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error):
        return None
