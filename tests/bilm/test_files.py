from pathlib import Path

import pytest

from elmo_tasks.bilm.files import writing


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
