"""What can befall a file on disk, done to real files by real processes."""

import ctypes
import logging
import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elmo_tasks.bilm import store as store_module
from elmo_tasks.bilm.store import Store

MEGABYTE = 1 << 20
KEYS = [number.to_bytes(16, "big") for number in range(60)]


def value_of(key: bytes) -> bytes:
    """Of any length up to 100 kB, and never twice the same."""
    chance = random.Random(key)
    return chance.randbytes(chance.choice([0, 10, 1000, 30_000, 100_000]))


VALUES = {key: value_of(key) for key in KEYS}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file"


@pytest.fixture
def filled(path: Path) -> Path:
    store = Store(path, 100 * MEGABYTE)
    store.put(VALUES)
    store.close()
    return path


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Gives what was warned of."""
    with caplog.at_level(logging.INFO, logger="elmo_tasks"):
        yield lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def found(store: Store) -> int:
    """How many of the keys are found; none may have another value than its own."""
    values = store.get(KEYS)
    assert all(value in (None, VALUES[key]) for key, value in zip(KEYS, values, strict=True))
    return sum(value is not None for value in values)


def in_child(function: Callable[..., None], *arguments: object) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    return process


def assert_well(*processes: multiprocessing.process.BaseProcess) -> None:
    for process in processes:
        process.join(600)
        assert process.exitcode == 0


def test_gives_what_was_put_in(path: Path) -> None:
    store = Store(path, 100 * MEGABYTE)
    assert store.get(KEYS[:2]) == [None, None]
    assert store.get([]) == []
    store.put({})
    store.put({KEYS[0]: b"zero", KEYS[1]: b""})
    store.put({KEYS[0]: b"nought"})
    assert store.get([KEYS[1], KEYS[2], KEYS[0], KEYS[1]]) == [b"", None, b"nought", b""]
    assert Store(path, MEGABYTE).get(KEYS[:1]) == [b"nought"]
    assert store.size > 0


def test_says_what_it_lacks(path: Path) -> None:
    store = Store(path, 1 << 20)
    assert store.lacking([b"a", b"b"]) == {b"a", b"b"}
    store.put({b"a": b"1"})
    assert store.lacking([b"a", b"b", b"b"]) == {b"b"}
    assert store.lacking([]) == set()
    assert not store.is_closed_to_more


def test_nothing_is_done_before_the_first_use(path: Path) -> None:
    assert Store(path, MEGABYTE).size == 0
    assert not path.parent.exists()


def test_bound(path: Path, warnings: Callable[[], list[str]]) -> None:
    store = Store(path, MEGABYTE)
    for key in KEYS:
        store.put({key: VALUES[key]})
        store.close()
        assert store.size <= MEGABYTE
    number = found(store)
    assert 5 < number < len(KEYS)
    assert store.size > MEGABYTE / 2
    assert len(warnings()) == 1
    assert "full size, 1048576 bytes" in warnings()[0]
    # Not in this process; but another may have been given more room.
    larger = Store(path, 100 * MEGABYTE)
    larger.put(VALUES)
    assert found(larger) == found(store) == len(KEYS)


def test_two_processes_write_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As long as a loaded machine may need: who waits for too long goes on without writing.
    monkeypatch.setattr("elmo_tasks.bilm.store._PATIENCE", 600.0)

    def write(seed: int) -> None:
        keys = random.Random(seed).sample(KEYS, len(KEYS))
        store = Store(path, 100 * MEGABYTE)
        for first in range(0, len(keys), 4):
            store.put({key: VALUES[key] for key in keys[first : first + 4]})
            found(store)
        assert found(store) == len(KEYS)
        assert store._usable

    assert_well(*[in_child(write, seed) for seed in range(3)])
    assert found(Store(path, MEGABYTE)) == len(KEYS)


def test_killed_while_it_writes(path: Path, warnings: Callable[[], list[str]]) -> None:
    groups = [KEYS[first : first + 6] for first in range(0, len(KEYS), 6)]

    def write_for_ever() -> None:
        store = Store(path, 100 * MEGABYTE)
        while True:
            store.put({key: VALUES[key] for key in random.choice(groups)})

    chance = random.Random(1)
    store = Store(path, 100 * MEGABYTE)
    for _ in range(12):
        writer = in_child(write_for_ever)
        before = time.monotonic()
        while store.size == 0 and time.monotonic() < before + 300:
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.05))
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        after = Store(path, MEGABYTE)
        found(after)
        for group in groups:
            assert len({value is None for value in after.get(group)}) == 1, "all of what is put in at once, or nothing"
    store.put(VALUES)
    assert found(store) == len(KEYS)
    assert warnings() == []
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_forked_with_the_file_open(path: Path) -> None:
    store = Store(path, 100 * MEGABYTE)
    half = len(KEYS) // 2
    store.put({key: VALUES[key] for key in KEYS[:half]})

    def go_on() -> None:
        assert found(store) == half
        store.put({key: VALUES[key] for key in KEYS[half:]})

    process = in_child(go_on)
    for _ in range(20):
        assert found(store) >= half
        store.put({KEYS[0]: VALUES[KEYS[0]]})
    assert_well(process)
    assert found(store) == len(KEYS)


def test_threads_and_forks(path: Path) -> None:
    store = Store(path, 100 * MEGABYTE)
    wrong: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for key in random.Random(seed).sample(KEYS, len(KEYS)):
                store.put({key: VALUES[key]})
                found(store)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    processes = [in_child(work, seed) for seed in range(3, 6)]
    for thread in threads:
        thread.join()
    assert_well(*processes)
    assert not wrong
    assert found(store) == len(KEYS)


@pytest.mark.parametrize("length", [50, 5_000, 20_000, 100_000, 500_000])
def test_cut_off(filled: Path, length: int, warnings: Callable[[], list[str]]) -> None:
    os.truncate(filled, length)
    store = Store(filled, 100 * MEGABYTE)
    for _ in range(2):
        assert found(store) < len(KEYS)
        store.put({KEYS[0]: VALUES[KEYS[0]]})
    assert len(warnings()) == 1
    assert "Going on without it, only slower. Delete the file" in warnings()[0]


def test_cut_off_while_it_is_open(filled: Path, warnings: Callable[[], list[str]]) -> None:
    store = Store(filled, 100 * MEGABYTE)
    assert found(store) == len(KEYS)
    os.truncate(filled, 100_000)
    assert found(store) < len(KEYS)
    assert len(warnings()) == 1


@pytest.mark.parametrize("seed", range(12))
def test_overwritten_here_and_there(filled: Path, seed: int, warnings: Callable[[], list[str]]) -> None:
    chance = random.Random(seed)
    content = bytearray(filled.read_bytes())
    for _ in range(chance.choice([1, 30, 1000])):
        place = chance.randrange(0 if seed % 3 == 0 else 4096, len(content) - 64)
        content[place : place + 64] = chance.randbytes(64)
    filled.write_bytes(content)
    store = Store(filled, 100 * MEGABYTE)
    for key in KEYS:
        assert store.get([key])[0] in (None, VALUES[key])
    store.put({KEYS[0]: VALUES[KEYS[0]]})
    found(store)
    assert len(warnings()) <= 2


def test_a_damaged_value_is_not_found_and_can_be_replaced(filled: Path, warnings: Callable[[], list[str]]) -> None:
    key = next(key for key in KEYS if len(VALUES[key]) == 100_000)
    content = filled.read_bytes()
    # In the middle of a page of this value.
    torn = VALUES[key][50_000:50_064]
    assert content.count(torn) == 1
    filled.write_bytes(content.replace(torn, bytes(64)))
    store = Store(filled, 100 * MEGABYTE)
    for _ in range(2):
        assert found(store) == len(KEYS) - 1
        assert store.get([key]) == [None]
    assert len(warnings()) == 1
    store.put({key: VALUES[key]})
    assert found(store) == len(KEYS)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET value = (SELECT value FROM entries WHERE length(value) = 30000 LIMIT 1)",
        "UPDATE entries SET checksum = checksum + 1",
        "UPDATE entries SET value = 'text'",
        "UPDATE entries SET value = 7, checksum = 'x'",
    ],
)
def test_another_keys_value_is_never_taken(filled: Path, change: str, warnings: Callable[[], list[str]]) -> None:
    with sqlite3.connect(filled) as connection:
        connection.execute(change)
    connection.close()
    assert found(Store(filled, MEGABYTE)) <= sum(len(value) == 30_000 for value in VALUES.values())
    assert len(warnings()) == 1


@pytest.mark.parametrize("kind", ["text", "noise", "database"])
def test_a_foreign_file_is_left_alone(path: Path, kind: str, warnings: Callable[[], list[str]]) -> None:
    path.parent.mkdir()
    if kind == "database":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE entries (key BLOB PRIMARY KEY, checksum INTEGER, value BLOB)")
            connection.execute("INSERT INTO entries VALUES (?, 0, ?)", (KEYS[0], b"foreign"))
        connection.close()
    else:
        path.write_bytes(b"Dear diary,\n" * 500 if kind == "text" else random.randbytes(50_000))
    content = path.read_bytes()
    store = Store(path, 100 * MEGABYTE)
    for _ in range(2):
        store.put(VALUES)
        assert found(store) == 0
    store.close()
    assert path.read_bytes() == content
    assert len(warnings()) == 1


@pytest.mark.parametrize("folder", ["file/folder", "/proc/folder", "/dev/null/folder", "file"])
def test_a_folder_that_cannot_be_written_to(tmp_path: Path, folder: str, warnings: Callable[[], list[str]]) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / folder / "store", MEGABYTE)
    for _ in range(2):
        store.put(VALUES)
        assert found(store) == 0
    assert len(warnings()) == 1
    assert "may this user write to it?" in warnings()[0]


def test_a_folder_in_the_files_place(path: Path, warnings: Callable[[], list[str]]) -> None:
    path.mkdir(parents=True)
    store = Store(path, MEGABYTE)
    store.put(VALUES)
    assert found(store) == 0
    assert len(warnings()) == 1


def test_a_file_that_cannot_be_written_to(filled: Path) -> None:
    """A limit on the length of files stops root too."""

    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = filled.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
        store = Store(filled, 100 * MEGABYTE)
        for key in KEYS:
            store.put({key: VALUES[key]})
        assert found(store) in (0, len(KEYS))

    assert_well(in_child(write))
    assert found(Store(filled, MEGABYTE)) == len(KEYS)


def _in_own_mounts() -> bool:
    """
    Gives this process, which must have one thread, mounts of its own, if it may: root, or whoever may have user
    namespaces.
    """
    new_user, new_mounts = 0x10000000, 0x00020000
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(new_mounts) == 0:
        return True
    if libc.unshare(new_user | new_mounts) != 0:
        return False
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    return True


def _on_full_disk(folder: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    private, recursive = 1 << 18, 1 << 14
    if (
        not _in_own_mounts()
        or libc.mount(b"none", b"/", None, private | recursive, None) != 0
        or libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1m") != 0
    ):
        os._exit(77)
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("elmo_tasks").addHandler(handler)
    store = Store(folder / "file", 100 * MEGABYTE)
    before = 0
    for key in KEYS:
        store.put({key: VALUES[key]})
        number = found(store)
        assert number >= before, "what was written stays"
        before = number
    assert 3 < before < len(KEYS)
    assert len(messages) == 1, messages
    assert "disk is full" in messages[0], messages
    store.close()
    assert found(Store(folder / "file", 100 * MEGABYTE)) == before


def test_full_disk(tmp_path: Path) -> None:
    process = in_child(_on_full_disk, tmp_path)
    process.join(600)
    if process.exitcode == 77:
        pytest.skip("may not mount a small disk here")
    assert process.exitcode == 0


def test_kept_locked_by_another(
    filled: Path, monkeypatch: pytest.MonkeyPatch, warnings: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", 0.05)
    store = Store(filled, 100 * MEGABYTE)
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    store.put({KEYS[0]: b"not now"})
    assert found(store) == len(KEYS), "readers do not wait"
    other.execute("ROLLBACK")
    other.close()
    store.put({KEYS[0]: b"now"})
    assert store.get(KEYS[:1]) == [b"now"]
    assert warnings() == []
