"""What reproduces rests on what runs and on the tasks, and nothing points back."""

import re
from pathlib import Path

import pytest

import elmo_tasks

PACKAGE = Path(elmo_tasks.__file__).parent
ABOVE = {
    "runner": {"tasks", "reproduce", "commands"},
    "tasks": {"runner", "reproduce", "commands"},
    "reproduce": {"commands"},
}


@pytest.mark.parametrize("room", ABOVE)
def test_arrows_point_down(room: str) -> None:
    files = list((PACKAGE / room).rglob("*.py"))
    assert len(files) > 5
    for path in files:
        imported = set(
            re.findall(r"^\s*(?:from|import) elmo_tasks\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert not imported & ABOVE[room], path
