"""Archives with a bit that is not as it was, and archives that were cut: an error, or the very same members."""

import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.archives.safety import check_archive, unpacked
from elmo_tasks.archives.tar import is_whole, members

SEED = 16
FLIPS = 150
"""By hand, tried with 3,000."""

Files = dict[str, bytes]

FILES: Files = {
    "config.json": b'{"dataset_reader": {}, "model": {}}',
    "weights.th": random.Random(SEED).randbytes(3000),
    "vocabulary/tokens.txt": b"the\ncat\n",
    "vocabulary/labels.txt": b"N\nD\n",
}


def packed(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def read(path: Path) -> Files | None:
    """None where an error tells of damage; any other error is one of the test."""
    try:
        with unpacked(path) as folder:
            files = [file for file in Path(folder).rglob("*") if file.is_file()]
            return {str(file.relative_to(folder)): file.read_bytes() for file in files}
    except ConfigurationError as error:
        return None if str(path) in str(error) else {"the error": str(error).encode()}


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_flipped_bit_or_byte(mode: str, tmp_path: Path) -> None:
    whole, path = packed(mode), tmp_path / "model.tar.gz"
    numbers = random.Random(SEED)
    found = []
    for number in range(FLIPS):
        content = bytearray(whole)
        change = 1 << numbers.randrange(8) if number % 2 else numbers.randrange(1, 256)
        content[numbers.randrange(len(content))] ^= change
        path.write_bytes(content)
        found.append(read(path))
        assert is_whole(path) == (found[-1] is not None)
    # The time, the name and the like in gzip's header may be what they want.
    assert all(files in (None, FILES) for files in found)
    assert found.count(None) > 0.95 * FLIPS


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_cut(mode: str, tmp_path: Path) -> None:
    whole, path = packed(mode), tmp_path / "model.tar.gz"
    for length in [*range(0, len(whole), 97), len(whole) - 8, len(whole) - 1]:
        path.write_bytes(whole[:length])
        files = read(path)
        # Behind the members a plain archive is padded with zeros.
        assert files is None or (mode == "w" and files == FILES and not any(whole[length:]))
    path.write_bytes(whole)
    assert read(path) == FILES


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_damaged_header_is_not_the_end(mode: str, tmp_path: Path) -> None:
    """The check sum of gzip is right here: the archive was damaged before it was compressed."""
    plain = bytearray(packed("w"))
    plain[plain.index(b"vocabulary/tokens.txt")] ^= 1
    path = tmp_path / "model.tar.gz"
    path.write_bytes(plain if mode == "w" else gzip.compress(plain))
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["config.json", "weights.th"], "Python reads it as if it were whole"
    with pytest.raises(ConfigurationError, match=r"model\.tar\.gz cannot be unpacked.*bad checksum"):
        check_archive(path)
    assert not is_whole(path)


def test_a_check_sum_that_is_wrong(tmp_path: Path) -> None:
    content = bytearray(packed("w:gz"))
    content[-5] ^= 1
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"model\.tar\.gz cannot be unpacked.*CRC check failed"):
        check_archive(path)


def test_what_is_behind_the_end(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gzip.compress(packed("w") + b"more"))
    with pytest.raises(ConfigurationError, match="it goes on behind its end"):
        list(members(path))


def test_an_archive_of_nothing_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    assert not is_whole(path)
    assert not is_whole(tmp_path / "nothing.tar.gz")
