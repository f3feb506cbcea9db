from pathlib import Path

import pytest

from elmo_tasks.commands.output import OutputError, check_output


def test_what_is_there_is_replaced_only_if_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "köy.json"
    check_output(None, force=False)
    check_output(path, force=False)
    path.touch()
    check_output(path, force=False)
    path.write_text("a user's own")
    with pytest.raises(OutputError, match=r"köy\.json is there already: .*--force"):
        check_output(path, force=False)
    check_output(path, force=True)


def test_what_is_read_is_never_replaced(tmp_path: Path) -> None:
    for name in ("text.txt", "other.txt"):
        (tmp_path / name).write_text("a user's own")
    (tmp_path / "link.txt").symlink_to("text.txt")
    read = [tmp_path / "missing.txt", tmp_path / "text.txt"]
    for name in ("text.txt", "link.txt"):
        with pytest.raises(OutputError, match=rf"{name} is read by this very command: write to another file"):
            check_output(tmp_path / name, force=True, inputs=read)
    check_output(tmp_path / "other.txt", force=True, inputs=read)


def test_a_folder_or_a_device_is_no_empty_file() -> None:
    for path in ("/", "/dev/null"):
        with pytest.raises(OutputError, match="is there already"):
            check_output(path, force=False)
