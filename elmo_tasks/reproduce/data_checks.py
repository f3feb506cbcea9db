"""Whether the data that a run reads is the standard split, before anything is trained on it."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from elmo_tasks.files import open_bytes, read_lines
from elmo_tasks.reproduce.corpora import CORPORA, Corpus, Counts
from elmo_tasks.tasks.ner.schemes import TagError, tags_to_spans


class DataError(ValueError):
    """Data is missing, or other than it should be; the message lists all of it."""


def check_data(profile: str, folder: str | Path, files: Iterable[str]) -> dict[str, str]:
    """
    Checks all files, and says of all of them at once what is wrong.

    # Parameters

    profile : `str`
    folder : `str` or `Path`
        The folder of data.
    files : `Iterable[str]`
        Paths below it. A file that no corpus of `CORPORA` has is only looked for.

    # Returns

    `dict[str, str]`
        The SHA-256 of each file.

    # Raises

    `DataError`
        With each file that is missing or different, and where its corpus is to be had, under what licence.
    """
    folder, files = Path(folder), list(files)
    corpora = {name: corpus for corpus in CORPORA.get(profile, ()) for name in corpus.files}
    problems: dict[str, list[str]] = {}
    for name in files:
        if problem := _problem(folder / name, name, corpora.get(name)):
            corpus = corpora.get(name)
            problems.setdefault(_where(corpus), []).append(f"  {problem}")
    if problems:
        lines = [line for where, found in problems.items() for line in [*found, f"    {where}"]]
        raise DataError("\n".join([f"The data in {folder} is not what the experiments need:", *lines]))
    return {name: sha256(folder / name) for name in files}


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
        found = COUNTERS[corpus.form](path)
    except (ValueError, KeyError, TypeError, EOFError, zlib.error, OSError) as error:
        return f"{name}: cannot be read ({type(error).__name__}: {error})"
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


def count_conll(path: Path) -> Counts:
    """Sentences, tokens, and the entities of each type in CoNLL-2003's columns. Raises `ValueError`."""
    counts: Counter[str] = Counter()
    for number, sentence in enumerate(_blocks(path), 1):
        counts["sentences"] += 1
        counts["tokens"] += len(sentence)
        try:
            counts.update(span.type for span in tags_to_spans(columns[-1] for columns in sentence))
        except TagError as error:
            raise ValueError(f"sentence {number}: {error}") from None
    return counts


def _blocks(path: Path) -> Iterator[list[list[str]]]:
    """The sentences' lines, split into columns."""
    block: list[list[str]] = []
    for _, line in read_lines(path, ValueError):
        columns = line.split()
        if columns and columns[0] != "-DOCSTART-":
            block.append(columns)
        elif block:
            yield block
            block = []
    if block:
        yield block


def count_snli(path: Path) -> Counts:
    """The pairs of each gold label, `-` for those without one. Raises `ValueError` or `KeyError`."""
    lines = (line for _, line in read_lines(path, ValueError))
    return Counter(json.loads(line)["gold_label"] for line in lines if line.strip())


def count_squad(path: Path) -> Counts:
    """Articles, paragraphs and questions. Raises `ValueError`, `KeyError` or `TypeError`."""
    with open_bytes(path) as file:
        articles = json.load(file)["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    return {
        "articles": len(articles),
        "paragraphs": len(paragraphs),
        "questions": sum(len(paragraph["qas"]) for paragraph in paragraphs),
    }


def count_dimensions(path: Path) -> Counts:
    """The length of the first vector of a file of word vectors; these are too large to be counted each time."""
    _, line = next(read_lines(path, ValueError), (0, ""))
    return {"dimensions": len(line.rstrip().split(" ")) - 1}


COUNTERS: dict[str, Callable[[Path], Counts]] = {
    "conll": count_conll,
    "snli": count_snli,
    "squad": count_squad,
    "vectors": count_dimensions,
}


def sha256(path: Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
