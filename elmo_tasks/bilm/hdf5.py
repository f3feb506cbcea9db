"""Writing HDF5 files such that a full disk does no harm."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from elmo_tasks.files import writing


class _Disk(io.FileIO):
    """
    The file that HDF5 writes to. Behind a write that fails it takes all others and forgets them.

    HDF5 cannot close a file that it cannot write: it complains of each object in it, and then hangs or crashes at its
    next file, or at the end of the process.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        place = number = 0
        while place < len(buffer) and (number := super().readinto(buffer[place:]) or 0):
            place += number
        # What could not be written is read as zeros.
        buffer[place:] = bytes(len(buffer) - place)
        return len(buffer)

    def write(self, content: memoryview) -> int:  # type: ignore[override]
        place = 0
        while self.error is None and place < len(content):
            try:
                place += super().write(content[place:])
            except OSError as error:
                self.error = error
        return len(content)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


@contextmanager
def writing_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """
    An HDF5 file to write, which stands at `path` once it is whole; see `elmo_tasks.files.writing`.

    # Raises

    `DiskFullError`
        When the block has ended.
    """
    with writing(path) as temporary, _Disk(temporary) as disk:
        with h5py.File(disk, "w") as file:
            yield file
        if disk.error is not None:
            raise disk.error
