"""Files that are written whole or not at all, text that is read line by line, and check sums."""

import errno
import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class DiskFullError(OSError):
    """A file could not be written as its disk is full, or its user has used all that is granted."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


@contextmanager
def full_disk_told(path: str | Path) -> Iterator[None]:
    """
    Turns what a library says of what it could not write into a `DiskFullError` that names `path`, a file or a folder,
    where a full disk was the reason. HDF5 says "Can't decrement id ref count" then, and torch "unexpected pos".
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DiskFullError) or not (_says_full(error) or _is_full(Path(path))):
            raise
        raise DiskFullError(path) from error


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _says_full(error: Exception) -> bool:
    """HDF5 says the system's error in its text, and may give the room back that it had not enough of."""
    return getattr(error, "errno", None) in _FULL or any(f"errno = {number}," in str(error) for number in _FULL)


def _is_full(path: Path) -> bool:
    """Tried, as free space says nothing of what a user is granted."""
    try:
        with tempfile.TemporaryFile(dir=path if path.is_dir() else path.parent) as file:
            file.write(bytes(1 << 16))
        return False
    except OSError as error:
        return error.errno in _FULL


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """
    Gives a temporary path beside `path`; renames it to `path` if the block ends well and deletes it otherwise.

    What stood at `path` stays untouched until then, so a killed process or a full disk costs nothing.

    # Raises

    `DiskFullError`
        Whatever the block's error was, where the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with full_disk_told(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def open_bytes(path: str | Path) -> BinaryIO:
    """A file to read, uncompressed where its name ends in `.gz`."""
    return gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb")  # type: ignore[return-value]


def sha256(path: str | Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lines(path: str | Path, error: type[Exception]) -> Iterator[tuple[int, str]]:
    """
    The lines of a plain or gzipped UTF-8 file, numbered from 1, without their ends and without a byte order mark.

    Only a line feed ends a line: words may have Unicode's other line ends in them.

    # Raises

    `error`
        Names the file and the line that is not UTF-8, or where a gzipped file breaks off.
    """
    with open_bytes(path) as file:
        yield from decoded(numbered(file, path, error), path, error)


def numbered(lines: Iterable[bytes], name: object, error: type[Exception]) -> Iterator[tuple[int, bytes]]:
    """The lines of an open file, perhaps a compressed one, numbered from 1. `name` is the file's, for `error`."""
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            yield number, line
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise error(f"{name}, after line {number}: this is not gzip, or is damaged: {problem}.") from None


def decoded(lines: Iterable[tuple[int, bytes]], name: object, error: type[Exception]) -> Iterator[tuple[int, str]]:
    """Numbered lines as text; see `read_lines`."""
    for number, line in lines:
        try:
            # Some editors put a byte order mark in front of a file.
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as problem:
            raise error(f"{name}, line {number}: this is not UTF-8: {problem.reason}; convert the file.") from None
        yield number, text.rstrip("\r\n")
