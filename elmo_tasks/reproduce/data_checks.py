"""Whether the data that a run reads is the standard split, before anything is trained on it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.base.card import Corpus, Counts


class DataError(ValueError):
    """Data is missing, or other than it should be; the message lists all of it."""


class Problem(NamedTuple):
    """What is wrong with a file."""

    what: str
    """With the file's name."""
    where: str
    """Where to get its corpus, under what licence."""
    is_missing: bool
    """Whether there is no such file."""


def find_problems(corpora: Iterable[Corpus], folder: str | Path, files: Iterable[str]) -> dict[str, Problem]:
    """
    Checks files.

    # Parameters

    corpora : `Iterable[Corpus]`
        What is known; the profile's.
    folder : `str` or `Path`
        The folder of data.
    files : `Iterable[str]`
        Paths below it. A file that no corpus has is only looked for.

    # Returns

    `dict[str, Problem]`
        By file, what is wrong with those that are missing or different.
    """
    by_file = {name: corpus for corpus in corpora for name in corpus.files}
    paths = {name: Path(folder, name) for name in files}
    found = {name: _problem(path, name, by_file.get(name)) for name, path in paths.items()}
    return {
        name: Problem(problem, _where(by_file.get(name)), not paths[name].is_file())
        for name, problem in found.items()
        if problem
    }


def all_told(problems: Mapping[str, Problem], folder: str | Path) -> DataError:
    """The error that lists all of them, by corpus."""
    by_corpus: dict[str, list[str]] = {}
    for problem in problems.values():
        by_corpus.setdefault(problem.where, []).append(f"  {problem.what}")
    lines = [line for where, found in by_corpus.items() for line in [*found, f"    {where}"]]
    return DataError("\n".join([f"The data in {_place(Path(folder))} is not what the experiments need:", *lines]))


def in_one_line(problems: Iterable[Problem]) -> str:
    """The same, for one task."""
    by_corpus: dict[str, list[str]] = {}
    for problem in problems:
        by_corpus.setdefault(problem.where, []).append(problem.what)
    return " ".join(f"{'; '.join(found)}. {where}" for where, found in by_corpus.items())


def _place(folder: Path) -> str:
    missing = "" if folder.is_dir() else "there is no such folder; "
    return f"{folder.resolve()} ({missing}--data names another)"


def _where(corpus: Corpus | None) -> str:
    if corpus is None:
        return "This file belongs to no corpus that is known here."
    return f"{corpus.name}: {corpus.source}. Licence: {corpus.licence}."


def _problem(path: Path, name: str, corpus: Corpus | None) -> str | None:
    if not path.is_file():
        return f"{name}: missing"
    if corpus is None:
        return None
    try:
        found = corpus.count(path)
    except (ConfigurationError, ValueError, OSError) as error:
        return f"{name}: cannot be read: {error}"
    return _difference(name, corpus.files[name], found)


def _difference(name: str, expected: Counts, found: Counts) -> str | None:
    different = [
        f"{found.get(what, 0):,} {what} where there should be {number:,}"
        for what, number in expected.items()
        if found.get(what, 0) != number
    ]
    # A part that is not in the standard split at all, such as a further label.
    different += [
        f"{number:,} {what} where there should be none"
        for what, number in found.items()
        if expected and what not in expected
    ]
    return f"{name}: {'; '.join(different)}" if different else None
