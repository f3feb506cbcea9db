import os
from pathlib import Path

import pytest
import torch
from small_disks import small_disk as small_disk

from elmo_tasks.files import DiskFullError, full_disk_told, whole, writing


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


def test_an_error_names_the_file_that_the_user_knows(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(PermissionError) as raised, writing(target) as temporary:
        raise PermissionError(13, "Permission denied", str(temporary))
    assert raised.value.filename == str(target)
    with pytest.raises(PermissionError) as raised, writing(target):
        raise PermissionError(13, "Permission denied", "another")
    assert raised.value.filename == "another"


def test_no_file_takes_a_pipes_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="this is a device or a pipe"), writing(pipe):
        pytest.fail("begun")
    assert pipe.is_fifo()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("unexpected pos 64 vs 0")

    with pytest.raises(RuntimeError, match="unexpected pos"):
        write_half()
    monkeypatch.setattr(whole, "_is_full", lambda path: True)
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
