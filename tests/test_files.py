import gzip
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_disks import small_disk as small_disk

from elmo_tasks import files
from elmo_tasks.files import DiskFullError, full_disk_told, read_lines, writing


def test_folder_is_made_and_nothing_is_left_over(tmp_path: Path) -> None:
    with writing(tmp_path / "new" / "file") as temporary:
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "file").exists()
    assert (tmp_path / "new" / "file").read_text() == "whole"
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_and_be_killed() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_be_killed()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("unexpected pos 64 vs 0")

    with pytest.raises(RuntimeError, match="unexpected pos"):
        write_half()
    monkeypatch.setattr(files, "_is_full", lambda path: True)
    with pytest.raises(DiskFullError, match=r"No space left on device: '.*/file'"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_torch_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "file").write_text("old")
    values = torch.zeros(1 << 20)
    with pytest.raises(RuntimeError), full_disk_told(small_disk.parent):
        torch.save(values, small_disk / "other")
    (small_disk / "other").unlink()
    message = f"No space left on device: '{small_disk / 'file'}'"
    with pytest.raises(DiskFullError, match=message), writing(small_disk / "file") as temporary:
        torch.save(values, temporary)
    assert [path.read_text() for path in small_disk.iterdir()] == ["old"]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"))


@pytest.mark.parametrize("suffix", ["txt", "txt.gz"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@settings(max_examples=20)
@given(texts=st.lists(TEXT, min_size=1))
def test_lines_of_any_text(texts: list[str], end: bytes, mark: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.{suffix}"
    content = mark + b"".join(text.encode() + end for text in texts)
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert list(read_lines(path, ValueError)) == list(enumerate(texts, 1))


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"good\n\xff\n")
    with pytest.raises(LookupError, match=r"text\.txt, line 2: this is not UTF-8: invalid start byte; convert"):
        list(read_lines(path, LookupError))


@pytest.mark.parametrize(
    "content", [b"no gzip at all", gzip.compress(b"a\n" * 1000, mtime=0)[:-9]], ids=["plain", "broken off"]
)
def test_what_is_not_gzip_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(content)
    with pytest.raises(LookupError, match=r"text\.gz, after line \d+: this is not gzip, or is damaged: "):
        list(read_lines(path, LookupError))
