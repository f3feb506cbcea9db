"""
Reading an archive such that damage is noticed.

Python's `tarfile` takes a damaged header for the archive's end, and does not read on to where gzip keeps its check sum:
a flipped bit gives other weights, or members that are missing, and no error. Here each byte is read.
"""

import lzma
import shutil
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from allennlp.common.checks import ConfigurationError

from elmo_tasks.files import DiskFullError, full_disk_told

# What Python's readers of compressed files and of tar say of damaged bytes; `ValueError` and `struct.error` where they
# take them for numbers.
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError, OverflowError, struct.error)
_CHUNK = 1 << 20


class _Header(tarfile.TarInfo):
    """A member's header, which is an error where it is damaged or missing, and not the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Header":
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise tarfile.ReadError(f"{error}, where a member or the archive's end should be") from None


def members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """
    The members of a tar archive, plain or compressed, and the content of those that are files, to be read at once.

    The archive is known to be whole when the last one has been taken: only then the check sum of gzip is known.

    # Raises

    `ConfigurationError`
        If it cannot be read to its end, is damaged, or goes on behind its end.
    """
    with damage_told(archive), tarfile.open(archive, tarinfo=_Header) as tar:
        for member in tar:
            yield member, tar.extractfile(member) if member.isreg() else None
        rest = tar.fileobj
        assert rest is not None
        while content := rest.read(_CHUNK):
            if any(content):
                raise tarfile.ReadError("it goes on behind its end")


def unpack(content: IO[bytes], target: Path, archive: Path) -> None:
    """
    Writes a member's content to a new file.

    # Raises

    `ConfigurationError`
        If the archive is damaged, or has the member twice.
    `DiskFullError`
    """
    with damage_told(archive), full_disk_told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            shutil.copyfileobj(content, file)


@contextmanager
def damage_told(archive: Path) -> Iterator[None]:
    """Turns what Python says of a damaged archive into a `ConfigurationError` that names it."""
    try:
        yield
    except DiskFullError:
        raise
    except _DAMAGE as error:
        # It has a line for each kind of compression that was tried.
        reason = str(error).split("\n")[0].rstrip(":")
        raise ConfigurationError(f"{archive} cannot be unpacked; it may be damaged or no archive: {reason}") from error


def is_whole(archive: Path) -> bool:
    """Whether there is an archive that can be read to its end, and has something in it."""
    try:
        return sum(1 for _ in members(archive)) > 0
    except ConfigurationError:
        return False
