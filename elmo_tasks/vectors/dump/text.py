"""The text that is embedded: one tokenized sentence a line, read as a stream."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from elmo_tasks.files import read_lines, writing

_ONE_LINE = str.maketrans("\r\n", "  ")


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
        Plain, or compressed if its name ends so; see `files.byte_lines` for what ends a line.
    first, stop : `int`
        The lines wanted, counted from 0; `stop` is behind the last one.

    # Raises

    `TextError`
        Names the file and the line that is not UTF-8, or where a compressed file breaks off.
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
        An open text file, or the like. Each is one sentence, also where it has line ends inside; a byte order mark
        before the first is left out.
    path : `Path`
        Is whole or not there.

    # Raises

    `TextError`
        Names the line that holds half of a surrogate pair.
    """
    with writing(path) as temporary, open(temporary, "wb") as file:
        for number, line in enumerate(lines, 1):
            try:
                text = line.removeprefix("\ufeff") if number == 1 else line
                # Bytes that were no UTF-8 when they were read are put back; the survey will find them.
                file.write(text.strip().translate(_ONE_LINE).encode("utf-8", "surrogateescape") + b"\n")
            except UnicodeEncodeError as error:
                raise TextError(f"Line {number} is not text that UTF-8 can hold: {error.reason}.") from None


def _lines(path: Path) -> Iterator[str]:
    return (line.strip() for _, line in read_lines(path, TextError))


def _check_key(path: Path, line: int, text: str) -> None:
    # HDF5 takes a name with "/" for a path, "." for the file itself, and a name's end for where a NUL is.
    if "/" in text or "\0" in text or text == ".":
        raise TextError(
            f'{path}, line {line + 1}: an HDF5 dataset cannot be named "{text[:60]}" (no "/", no NUL, not "." alone). '
            'Use the line\'s number as the key; "sentence_to_index" then says which it is.'
        )
