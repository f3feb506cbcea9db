"""The text that is embedded: one tokenized sentence a line, read as a stream."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from elmo_tasks.files import writing


class TextError(ValueError):
    """A text cannot be read, or not be embedded as asked. Lines are counted from 1."""


class Sentence(NamedTuple):
    """One line of the text."""

    line: int
    """Counted from 0."""
    text: str
    """Without white space at its ends. A blank line is a sentence without tokens."""
    tokens: list[str]

    def num_tokens(self) -> int:
        return len(self.tokens)


class Text(NamedTuple):
    """What is known of a text after one pass over it."""

    digest: str
    """SHA-256 of its lines."""
    lines: int
    size: int
    """Bytes of UTF-8."""
    blank: int
    """Lines without a token."""
    first_blank: int | None
    """The first of them, counted from 0."""


def read_sentences(path: Path, first: int = 0, stop: int | None = None) -> Iterator[Sentence]:
    """
    The sentences of a text, split at white space.

    # Parameters

    path : `Path`
        Plain or, if its name ends so, `.gz`. Its lines end with any of Python's universal newlines.
    first, stop : `int`
        The lines wanted, counted from 0; `stop` is behind the last one.

    # Raises

    `TextError`
        Names the file and the line that is not UTF-8, or where a gzipped file breaks off.
    """
    for line, text in islice(enumerate(_lines(path)), first, stop):
        yield Sentence(line, text, text.split())


def survey(path: Path, as_keys: bool = False) -> Text:
    """
    Reads a text once, so that what is wrong with it is known before hours have been spent on it.

    # Parameters

    path : `Path`
    as_keys : `bool`
        Whether each sentence is to be the name of a dataset.

    # Raises

    `TextError`
        As `read_sentences`; or names the line that cannot be a dataset's name.
    """
    digest = hashlib.sha256()
    lines = size = blank = 0
    first_blank = None
    for text in _lines(path):
        if as_keys:
            _check_key(path, lines, text)
        if not text:
            blank += 1
            first_blank = lines if first_blank is None else first_blank
        content = text.encode("utf-8") + b"\n"
        digest.update(content)
        size += len(content)
        lines += 1
    return Text(digest.hexdigest(), lines, size, blank, first_blank)


def spool(lines: Iterable[str], path: Path) -> None:
    """
    Writes what can be read only once to a file.

    # Parameters

    lines : `Iterable[str]`
        An open text file, or the like.
    path : `Path`
        Is whole or not there.

    # Raises

    `TextError`
        Names the line that holds half of a surrogate pair.
    """
    with writing(path) as temporary, open(temporary, "wb") as file:
        for number, line in enumerate(lines, 1):
            try:
                # Bytes that were no UTF-8 when they were read are put back; the survey will find them.
                file.write(line.strip().encode("utf-8", "surrogateescape") + b"\n")
            except UnicodeEncodeError as error:
                raise TextError(f"Line {number} is not text that UTF-8 can hold: {error.reason}.") from None


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape")
    return open(path, encoding="utf-8", errors="surrogateescape")


def _lines(path: Path) -> Iterator[str]:
    number = 0
    try:
        with _open(path) as lines:
            for line in lines:
                number += 1
                # The codec would know the line only by its place in a buffer.
                line.encode("utf-8")
                yield line.strip()
    except UnicodeEncodeError:
        raise TextError(f"{path}, line {number}: not UTF-8; convert the file.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TextError(f"{path}, after line {number}: not a whole gzip file ({error}).") from None


def _check_key(path: Path, line: int, text: str) -> None:
    # HDF5 takes a name with "/" for a path, "." for the file itself, and a name's end for where a NUL is.
    if "/" in text or "\0" in text or text == ".":
        raise TextError(
            f'{path}, line {line + 1}: an HDF5 dataset cannot be named "{text[:60]}" (no "/", no NUL, not "." alone). '
            'Use the line\'s number as the key; "sentence_to_index" then says which it is.'
        )
