"""
A bounded store of bytes on disk that several processes may use at once.

It is an SQLite database: whole after a process is killed at any moment, and read without mapping the file into memory,
so that a file that is cut off or overwritten gives an error where it would kill a process that maps it.
"""

import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

logger = logging.getLogger(__name__)

_APPLICATION = 0x656C6D6F
"""Written into the file's head (the letters "elmo"), by which a database of ours is known."""

_PAGE_BYTES = 16384
_JOURNAL_BYTES = 1 << 24
"""The journal beside the file is written back into it when it is as long as this."""

_PATIENCE = 10.0  # seconds to wait for another process that writes

T = TypeVar("T")


class Store:
    """
    Keys and values, both bytes, in one file.

    A store is there to save work, so nothing that befalls it is an error. What cannot be read is not found: a value
    that is not as it was written, by a checksum over key and value; anything at all when the file cannot be used,
    of which one warning tells. A value that is not found can be put in again.

    When the file has its full size, or the disk is full, nothing more is written and what is there is still found. (To
    make room for the newest would help little: an epoch reads everything once, in turn, and of a store that is too
    small for it the oldest would always be gone before its turn comes.)

    Threads may share a store; a process that is forked opens the file anew.

    # Parameters

    path : `str` or `Path`
        Made, with its folders, at the first use.
    max_bytes : `int`
        The file grows no longer than this. While it is open a journal of 16 MiB and the last `put` lies beside it.
    """

    def __init__(self, path: str | Path, max_bytes: int) -> None:
        self._connection: sqlite3.Connection | None = None
        self.path = Path(path)
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._usable = self._writable = True
        self._damage_reported = False
        _stores[id(self)] = self

    @property
    def size(self) -> int:
        """Bytes on disk now, the journal's among them; 0 if there is no file."""
        return size_on_disk(self.path)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """
        # Parameters

        keys : `Sequence[bytes]`

        # Returns

        `list[bytes | None]`
            Each key's value, or `None` where there is none.
        """
        return self._attempt(lambda: self._read(keys), otherwise=[None] * len(keys))

    def lacking(self, keys: Iterable[bytes]) -> set[bytes]:
        """
        Those of the keys that have no value. What `get` would find damaged is not among them: nothing is read here.

        # Parameters

        keys : `Iterable[bytes]`
        """
        wanted = set(keys)
        return self._attempt(lambda: wanted - self._present(wanted), otherwise=wanted)

    @property
    def is_closed_to_more(self) -> bool:
        """Whether it is known that nothing more can be written: the file is full, the disk is, or it is of no use."""
        return not (self._usable and self._writable)

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """
        All of the values are written or, after a crash or on a full disk, none; what was under their keys is replaced.

        # Parameters

        values : `Mapping[bytes, bytes]`
        """
        if values and self._writable:
            self._attempt(lambda: self._write(values), otherwise=None)

    def close(self) -> None:
        """Closes the file, which is opened again if need be."""
        with self._lock:
            self._disconnect()

    def __del__(self) -> None:
        self._disconnect()

    def _read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        with self._transaction("DEFERRED") as connection:
            select = "SELECT checksum, value FROM entries WHERE key = ?"
            rows = [connection.execute(select, (key,)).fetchone() for key in keys]
        return [None if row is None else self._checked(key, *row) for key, row in zip(keys, rows, strict=True)]

    def _present(self, keys: Iterable[bytes]) -> set[bytes]:
        with self._transaction("DEFERRED") as connection:
            select = "SELECT 1 FROM entries WHERE key = ?"
            return {key for key in keys if connection.execute(select, (key,)).fetchone() is not None}

    def _checked(self, key: bytes, checksum: object, value: object) -> bytes | None:
        if isinstance(value, bytes) and _checksum(key, value) == checksum:
            return value
        if not self._damage_reported:
            logger.warning("%s: there is an entry that is not as it was written. It is made again.", self.path)
            self._damage_reported = True
        return None

    def _write(self, values: Mapping[bytes, bytes]) -> None:
        rows = [(key, _checksum(key, value), value) for key, value in values.items()]
        try:
            with self._transaction("IMMEDIATE") as connection:
                connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_FULL:
                raise
            self._writable = False
            # A value may leave a page almost empty.
            needed = sum(len(value) + _PAGE_BYTES for value in values.values())
            at_bound = self._pages() * _PAGE_BYTES + needed > self.max_bytes
            reason = f"the file has its full size, {self.max_bytes} bytes" if at_bound else "the disk is full"
            logger.warning("%s: %s. Nothing more is written to it; what it has is still used.", self.path, reason)

    def _pages(self) -> int:
        assert self._connection is not None
        return int(self._connection.execute("PRAGMA page_count").fetchone()[0])

    def _attempt(self, action: Callable[[], T], otherwise: T) -> T:
        if not self._usable:
            return otherwise
        try:
            with self._lock:
                return action()
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                logger.info("%s: another process kept it for long; going on without it for once.", self.path)
                return otherwise
            self._usable = False
            self.close()
            logger.warning("%s cannot be used: %s. Going on without it, only slower.%s", self.path, error, _hint(error))
            return otherwise

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            self._connection = _connect(self.path, self.max_bytes)
        with _transaction(self._connection, kind):
            yield self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def size_on_disk(path: Path) -> int:
    """Bytes of a store's file and of the journal beside it."""
    size = 0
    for file in (path, path.with_name(path.name + "-wal")):
        with suppress(OSError):
            size += file.stat().st_size
    return size


class _ForeignFileError(sqlite3.DatabaseError):
    """A database that is not a store's."""


def _connect(path: Path, max_bytes: int) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Transactions are begun and ended by hand; the store sees to it that one thread at a time uses the connection.
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        with _transaction(connection, "DEFERRED"):
            is_ours = _is_ours(connection)
        if not is_ours:
            with _transaction(connection, "IMMEDIATE"):
                # Another process may have been quicker.
                if not _is_ours(connection):
                    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                    connection.execute(
                        "CREATE TABLE entries (key BLOB PRIMARY KEY, checksum INTEGER NOT NULL, value BLOB NOT NULL)"
                    )
        with suppress(sqlite3.OperationalError):
            # Readers and a writer do not wait for one another; on a file system that cannot do this they do.
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_JOURNAL_BYTES // _PAGE_BYTES}")
        connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
        connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // _PAGE_BYTES)}")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the database is a store's, or an empty one, which is to become one."""
    if connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION:
        return True
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise _ForeignFileError("it is a database of something else")
    return False


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for what the Python module says itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _hint(error: Exception) -> str:
    if isinstance(error, sqlite3.Error) and _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return " Delete the file (and those beside it that begin with its name) to begin a new one."
    if isinstance(error, _ForeignFileError):
        return " Choose another folder."
    return " Is the folder there, and may this user write to it?"


_stores: WeakValueDictionary[int, Store] = WeakValueDictionary()
_held: list[Store] = []


def _before_fork() -> None:
    """A connection must not be used on both sides of a fork, not even to close it; so it is closed before."""
    # Other threads may make and drop stores meanwhile: `valuerefs` copies at once, where iterating would fail.
    stores = (reference() for reference in _stores.valuerefs())
    for store in sorted((store for store in stores if store is not None), key=id):
        store._lock.acquire()
        _held.append(store)
        store._disconnect()


def _after_fork() -> None:
    while _held:
        _held.pop()._lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
