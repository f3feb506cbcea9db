"""What may import what: the layout's order of rooms."""

import ast
import re

import pytest
from python_runs import ROOT

LOOKS_UP = "registration"
"""It imports the rooms that register something, and has `commands` keep out of AllenNLP's log, before AllenNLP runs."""

SIDE_BY_SIDE = {
    "embedders": {"pipelines"},
    "tasks": {"pipelines"},
    "pretraining": {"serving", "tasks"},
    "runner": {"pretraining", "serving", "tasks"},
    "reproduce": {"pretraining", "serving"},
}
"""What the order allows, and none of these rooms needs: it would tie together what is of use by itself."""

WITHOUT_ALLENNLP_ANYWHERE = ("bilm", "probing", "transformer", "vectors", "pipelines")


def rooms_in_order() -> list[str]:
    """The rooms of the layout's table, the ground floor first."""
    layout = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    table = layout.partition("\n## The rooms\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)(?:/|\.py)`", cell)]


def imports_of(room: str) -> list[tuple[str, str]]:
    """Where a room imports something, in functions too, and what: `elmo_tasks.bilm.model`."""
    package = ROOT / "elmo_tasks"
    found = []
    for file in [*(package / room).rglob("*.py"), *package.glob(f"{room}.py")]:
        for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in part.names] if isinstance(part, ast.Import | ast.ImportFrom) else []
            if isinstance(part, ast.ImportFrom):
                assert part.level == 0, f"{file}, line {part.lineno}: the import is relative"
                names = [f"{part.module}.{name}" for name in names]
            found += [(f"{file}, line {getattr(part, 'lineno', 0)}", name) for name in names]
    return found


def test_the_layout_names_every_room() -> None:
    files = {path.stem for path in (ROOT / "elmo_tasks").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (ROOT / "elmo_tasks").glob("*/__init__.py")}
    assert sorted(rooms_in_order()) == sorted(files | folders)


@pytest.mark.parametrize("room", rooms_in_order())
def test_a_room_imports_only_what_is_below_it(room: str) -> None:
    order = rooms_in_order()
    not_allowed = {*order[order.index(room) + 1 :], *SIDE_BY_SIDE.get(room, ())}
    for where, name in imports_of(room):
        package, _, rest = name.partition(".")
        if package == "elmo_tasks" and room != LOOKS_UP:
            assert rest.split(".")[0] not in not_allowed, f"{where}: {room} imports {name}"


@pytest.mark.parametrize("room", WITHOUT_ALLENNLP_ANYWHERE)
def test_what_needs_no_allennlp_never_imports_it(room: str) -> None:
    assert [where for where, name in imports_of(room) if name.split(".")[0] == "allennlp"] == []
