"""What a path names, and what is there."""

import filecmp
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from elmo_tasks.files.compressed import DAMAGE, KINDS, open_bytes


def ending(path: str | Path) -> str:
    """How a file's name ends before what says how it is compressed: `.jsonl` of `train.jsonl.gz`."""
    name = Path(path)
    return Path(name.stem).suffix if name.suffix in KINDS else name.suffix


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


def check_is_file(path: str | Path, error: type[Exception]) -> None:
    """Raises `error` where there is no such file, or it is a folder."""
    path = Path(path)
    if path.is_dir():
        raise error(f"{path} is a folder: name a file.")
    if not path.is_file():
        raise error(f"There is no file {path}.")


def sha256(path: str | Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_content(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def begins_with(path: Path, content: bytes) -> bool:
    """Whether a file, uncompressed, begins with these bytes."""
    try:
        with open_bytes(path) as file:
            return file.read(len(content)) == content
    except DAMAGE:
        return False


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
