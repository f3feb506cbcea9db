"""Files that are written whole or not at all, the one way to read text and JSON, and check sums."""

import bz2
import codecs
import errno
import filecmp
import hashlib
import io
import json
import lzma
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, cast

_KINDS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}

_CHUNK = 1 << 17

# The decompressors' errors; that of bz2 is a bare OSError.
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error)

_DEEPEST = 200
_TOO_DEEP = f"JSON with more than {_DEEPEST} objects and lists in each other"


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
    `OSError`
        If `path` is a device or a pipe, whose place a file would take; or the block's own, which names `path` where it
        would name the temporary one.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "this is a device or a pipe; name a file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with full_disk_told(path):
            yield temporary
            os.replace(temporary, path)
    except OSError as error:
        # The name that the user knows.
        if str(error.filename) == str(temporary) and error.filename2 is None:
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


class _GzipDecompressor:
    """One stream, with the methods of `bz2.BZ2Decompressor`."""

    needs_input = True

    def __init__(self) -> None:
        # With gzip's header and check sum around it.
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, content: bytes, most: int) -> bytes:
        decompressed = self._stream.decompress(self._stream.unconsumed_tail + content, most)
        self.needs_input = not self._stream.unconsumed_tail
        return decompressed


_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    ".gz": _GzipDecompressor,
    ".bz2": bz2.BZ2Decompressor,
    ".xz": partial(lzma.LZMADecompressor, lzma.FORMAT_XZ),
}


class _Decompressed(io.RawIOBase):
    """
    A compressed file, of one stream or of several behind each other, as programs write it that use several processors.

    Python's own readers take a damaged stream behind the first one for the file's end (bz2, xz), and a file of no bytes
    for a whole one (gzip).
    """

    def __init__(self, path: str | Path, decompressor: Callable[[], Any]) -> None:
        super().__init__()
        self._file = open(path, "rb")  # noqa: SIM115 (closed in `close`)
        self._new_stream = decompressor
        self._stream = decompressor()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = b""
        while not content:
            given, is_at_end = b"", False
            if self._stream.eof:
                # A tape has zeros behind the last stream.
                if not (given := self._without_zeros(self._stream.unused_data)):
                    return 0
                self._stream = self._new_stream()
            elif self._stream.needs_input:
                given = self._file.read(_CHUNK)
                is_at_end = not given
            content = self._stream.decompress(given, len(buffer))
            if is_at_end and not (content or self._stream.eof):
                raise EOFError("it is cut off")
        buffer[: len(content)] = content
        return len(content)

    def _without_zeros(self, content: bytes) -> bytes:
        """What comes next in the file, beginning with this; nothing at its end."""
        content = content.lstrip(b"\0")
        while not content and (chunk := self._file.read(_CHUNK)):
            content = chunk.lstrip(b"\0")
        return content

    def close(self) -> None:
        self._file.close()
        super().close()


def check_own(path: str | Path, is_own: Callable[[], bool], error: type[Exception]) -> None:
    """
    Whether a file may be written without a loss: nothing is there, an empty file, or this very run's output.

    # Parameters

    path : `str` or `Path`
    is_own : `Callable[[], bool]`
        Whether what is there is what this run would write.
    error : `type[Exception]`
        Is raised if something else is there.
    """
    path = Path(path)
    is_empty = not path.exists() or (path.is_file() and not path.stat().st_size)
    if not is_empty and not is_own():
        raise error(
            f"{path} is there already, and is not what this run would write: write to another file, or have it "
            "replaced (--force, or force=True)."
        )


def same_content(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def begins_with(path: Path, content: bytes) -> bool:
    """Whether a file, uncompressed, begins with these bytes."""
    try:
        with open_bytes(path) as file:
            return file.read(len(content)) == content
    except _DAMAGE:
        return False


def ending(path: str | Path) -> str:
    """How a file's name ends before what says how it is compressed: `.jsonl` of `train.jsonl.gz`."""
    name = Path(path)
    return Path(name.stem).suffix if name.suffix in _KINDS else name.suffix


_PARALLEL = re.compile(r"(.*)\{([^{},]+),([^{},]+)\}(.*)", re.DOTALL)


def named_files(path: str | Path) -> tuple[str, ...]:
    """
    The files that a path names: two where it has braces, as in a shell, such as `train.en` and `train.de` for the
    parallel texts `train.{en,de}`; otherwise itself.
    """
    match = _PARALLEL.fullmatch(str(path))
    if match is None:
        return (str(path),)
    before, first, second, after = match.groups()
    return before + first + after, before + second + after


def open_bytes(path: str | Path, name: object = None) -> BinaryIO:
    """
    A file to read, uncompressed where its name ends in `.gz`, `.bz2` or `.xz`.

    # Parameters

    path : `str` or `Path`
    name : `object`, optional (default = `path`)
        The file's name, where it is kept under another one.
    """
    decompressor = _DECOMPRESSORS.get(Path(str(path if name is None else name)).suffix)
    if decompressor is None:
        return open(path, "rb")
    return cast(BinaryIO, io.BufferedReader(_Decompressed(path, decompressor), _CHUNK))


def sha256(path: str | Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lines(path: str | Path, error: type[Exception]) -> Iterator[tuple[int, str]]:
    """
    The lines of a text in UTF-8, plain or compressed, numbered from 1, without their ends; see `byte_lines`.

    # Raises

    `error`
        Names the file and the line that is not UTF-8, or where a compressed file breaks off.
    """
    with open_bytes(path) as file:
        yield from text_lines(file, path, error)


def text_lines(file: Iterable[bytes], name: object, error: type[Exception]) -> Iterator[tuple[int, str]]:
    """As `read_lines`, of an open file, which is called `name`."""
    for number, line in byte_lines(file, name, error):
        yield number, decoded(line, f"{name}, line {number}", error)


def byte_lines(
    file: Iterable[bytes], name: object, error: type[Exception], cr_ends: bool = True
) -> Iterator[tuple[int, bytes]]:
    """
    The lines of an open file, numbered from 1, without their ends and without a byte order mark before the first.

    A line feed ends a line, with any carriage returns before it, and so does a carriage return alone, unless `cr_ends`
    is false; nothing else does, for words may have Unicode's other line ends in them. A byte order mark elsewhere is
    part of its word.

    # Raises

    `error`
        Says after which line a compressed file is damaged. It calls the file `name`.
    """
    number, chunks = 0, _without_mark(file)
    # What is yielded is not within the `try`: a generator that is left alive is closed as Python ends, when the
    # exceptions' names may be gone.
    while (chunk := _next_chunk(chunks, number, name, error)) is not None:
        body = chunk.rstrip(b"\r\n") if chunk.endswith(b"\n") else chunk.removesuffix(b"\r")
        for line in body.split(b"\r") if cr_ends and b"\r" in body else (body,):
            number += 1
            yield number, line


def _next_chunk(chunks: Iterator[bytes], number: int, name: object, error: type[Exception]) -> bytes | None:
    try:
        return next(chunks, None)
    except _DAMAGE as problem:
        raise _damaged(name, f", after line {number}", problem, error) from None


def _without_mark(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for number, chunk in enumerate(chunks):
        if number or (chunk := chunk.removeprefix(codecs.BOM_UTF8)):
            yield chunk


def read_text(path: str | Path, error: type[Exception], name: object = None) -> str:
    """A whole text in UTF-8 without a byte order mark before it; its line ends stay. See `read_bytes`."""
    content = read_bytes(path, error, name)
    return decoded(content.removeprefix(codecs.BOM_UTF8), path if name is None else name, error)


def read_bytes(path: str | Path, error: type[Exception], name: object = None) -> bytes:
    """
    The content of a file, plain or compressed.

    # Parameters

    path, name : `str` or `Path`
        As `open_bytes` takes them.
    error : `type[Exception]`
        Is raised, with the file's name, if a compressed file is damaged.
    """
    try:
        with open_bytes(path, name) as file:
            return file.read()
    except _DAMAGE as problem:
        raise _damaged(path if name is None else name, "", problem, error) from None


def decoded(content: bytes, where: object, error: type[Exception]) -> str:
    """Bytes as text. Raises `error`, which says where, if they are not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise error(f"{where}: this is not UTF-8: {problem.reason}; convert the file.") from None


def one_line(error: object) -> str:
    """What an error says, in one line: libraries take several, or have a damaged file's text in them."""
    return " ".join(str(error).split())


def _damaged(name: object, where: str, problem: Exception, error: type[Exception]) -> Exception:
    if isinstance(problem, OSError) and problem.errno is not None:
        # This is the system's, not a decompressor's, and has the file's name.
        return problem
    kind = _KINDS.get(Path(str(name)).suffix, "whole")
    return error(f"{name}{where}: this is not {kind}, or is damaged: {one_line(problem)}.")


class JSONError(ValueError):
    """A text is no JSON, or more than can be read."""


def parse_json(text: str | bytes) -> Any:
    """
    What a JSON text says, in UTF-8 where it is bytes.

    # Raises

    `JSONError`
        Says what the text is: `"not JSON: "`, why, in which column, and in which line where there are several; not
        UTF-8; or JSON that is too deep (200), or has a number too long, for what is to be done with it.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise JSONError(f"not UTF-8: {error.reason}") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in error.doc.strip() else ""
        raise JSONError(f"not JSON: {error.msg}, at {line}column {error.colno}") from None
    except RecursionError:
        raise JSONError(_TOO_DEEP) from None
    except ValueError:
        # Python refuses to read it, as that would take long.
        raise JSONError("JSON with a number of thousands of digits") from None
    _check_depth(value)
    return value


def read_object(path: str | Path, error: type[Exception], **fields: type | UnionType) -> dict[str, Any]:
    """
    The JSON object that this package, or AllenNLP, has written into a file.

    # Parameters

    path : `str` or `Path`
    error : `type[Exception]`
        Is raised, with the file's name, if that is not what is in it.
    fields : `type` or `UnionType`
        Those that it must have, and their types.
    """
    try:
        value = parse_json(Path(path).read_bytes())
    except JSONError as problem:
        raise error(f"{path} is damaged: this is {problem}.") from None
    if not isinstance(value, dict):
        raise error(f"{path} is damaged: this is no JSON object.")
    for name, kind in fields.items():
        if not isinstance(value.get(name), kind):
            raise error(f'{path} is damaged: "{name}" is not there, or not what it should be.')
    return value


def _check_depth(value: Any) -> None:
    """What is parsed may still be too deep for those who print it or copy it."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise JSONError(_TOO_DEEP)
