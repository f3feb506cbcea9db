"""What a maker of data is: which originals it takes, and what it gives."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.files import JSONError, parse_json, read_bytes, read_lines

Maker = Callable[[Sequence[Path]], Iterator[str]]
"""Gives a file's text, a record at a time, from the paths of its originals."""


class OriginalError(ValueError):
    """An original is not of the form that it should have; the message says where."""


@dataclass(frozen=True)
class Recipe:
    """
    How one file is made.

    # Parameters

    path : `str`
        The file, below the folder of data. It is compressed if its name ends in `.gz`.
    originals : `tuple[str, ...]`
        What it is made from: the end of each original's path, as it lies in its archive or repository.
    make : `Maker`
    stand_in : `str`, optional (default = `""`)
        What differs from the file that the published results read, where it cannot be made the same. Such a file is
        checked by its count alone.
    """

    path: str
    originals: tuple[str, ...]
    make: Maker
    stand_in: str = ""


@dataclass(frozen=True)
class Source:
    """
    A corpus that can be had by everyone.

    # Parameters

    name, address, licence : `str`
    recipes : `tuple[Recipe, ...]`
        Of two with the same path, the second is for those who do not have the first's originals.
    """

    name: str
    address: str
    licence: str
    recipes: tuple[Recipe, ...]


def whole(path: Path) -> bytes:
    """An original's content, uncompressed. Raises `OriginalError` if a compressed one is damaged."""
    return read_bytes(path, OriginalError)


def text_lines(path: Path) -> Iterator[str]:
    """The lines of an original in UTF-8, without their ends. Raises `OriginalError`."""
    return (line for _, line in read_lines(path, OriginalError))


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of an original with one JSON object a line. Raises `OriginalError`, with the line's number."""
    for number, line in read_lines(path, OriginalError):
        try:
            row = parse_json(line)
        except JSONError as error:
            raise OriginalError(f"{path}, line {number}: this is {error}.") from None
        if not isinstance(row, dict):
            raise OriginalError(f"{path}, line {number}: this is not a JSON object.")
        yield row


def json_lines(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    """One JSON object a line, with its letters as they are."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def shuffled(rows: Iterable[dict[str, str]], seed: int) -> list[dict[str, str]]:
    """The rows in the order in which Python's `random.Random(seed)` puts them."""
    order = list(rows)
    random.Random(seed).shuffle(order)
    return order
