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


def test_a_folder_or_a_device_is_no_empty_file() -> None:
    for path in ("/", "/dev/null"):
        with pytest.raises(OutputError, match="is there already"):
            check_output(path, force=False)
