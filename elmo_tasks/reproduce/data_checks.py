"""Whether the data that a run reads is the standard split, before anything is trained on it."""

from collections.abc import Iterable
from pathlib import Path

from allennlp.common.checks import ConfigurationError

from elmo_tasks.files import sha256
from elmo_tasks.tasks.base.card import Corpus, Counts


class DataError(ValueError):
    """Data is missing, or other than it should be; the message lists all of it."""


def check_data(corpora: Iterable[Corpus], folder: str | Path, files: Iterable[str]) -> dict[str, str]:
    """
    Checks all files, and says of all of them at once what is wrong.

    # Parameters

    corpora : `Iterable[Corpus]`
        What is known; the profile's.
    folder : `str` or `Path`
        The folder of data.
    files : `Iterable[str]`
        Paths below it. A file that no corpus has is only looked for.

    # Returns

    `dict[str, str]`
        The SHA-256 of each file.

    # Raises

    `DataError`
        With each file that is missing or different, and where to get its corpus, under what licence.
    """
    folder, files = Path(folder), list(files)
    by_file = {name: corpus for corpus in corpora for name in corpus.files}
    problems: dict[str, list[str]] = {}
    for name in files:
        if problem := _problem(folder / name, name, by_file.get(name)):
            corpus = by_file.get(name)
            problems.setdefault(_where(corpus), []).append(f"  {problem}")
    if problems:
        lines = [line for where, found in problems.items() for line in [*found, f"    {where}"]]
        raise DataError("\n".join([f"The data in {_place(folder)} is not what the experiments need:", *lines]))
    return {name: sha256(folder / name) for name in files}


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
