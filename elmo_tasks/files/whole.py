"""Files that are written whole or not at all, and full disks."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
