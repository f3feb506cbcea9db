"""Files that are compressed, read as if they were not."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

KINDS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}

_CHUNK = 1 << 17

# The decompressors' errors; that of bz2 is a bare OSError.
DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error)


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
