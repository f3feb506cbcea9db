"""The one way to read text: UTF-8, compressed or not, with or without a byte order mark."""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from elmo_tasks.files.compressed import DAMAGE, KINDS, open_bytes


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
    except DAMAGE as problem:
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
    except DAMAGE as problem:
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
    kind = KINDS.get(Path(str(name)).suffix, "whole")
    return error(f"{name}{where}: this is not {kind}, or is damaged: {one_line(problem)}.")
