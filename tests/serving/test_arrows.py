"""What serves stands on the tasks and below, and only its edge needs FastAPI."""

import re
from pathlib import Path

import elmo_tasks

PACKAGE = Path(elmo_tasks.__file__).parent


def imported(text: str) -> set[str]:
    return set(re.findall(r"^\s*(?:from|import) ([\w.]+)", text, re.MULTILINE))


def test_arrows_point_down() -> None:
    files = list((PACKAGE / "serving").glob("*.py"))
    assert len(files) > 5
    for path in files:
        names = imported(path.read_text(encoding="utf-8"))
        rooms = {name.split(".")[1] for name in names if name.startswith("elmo_tasks.")}
        assert not rooms & {"commands", "reproduce", "runner", "pretraining"}, path
        libraries = {name.split(".")[0] for name in names} & {"fastapi", "fastapi_offline", "pydantic", "uvicorn"}
        assert not libraries or path.name in ("app.py", "server.py"), path


def test_nothing_points_back() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name not in ("serving", "commands"):
            names = imported(path.read_text(encoding="utf-8"))
            assert not any(name.startswith("elmo_tasks.serving") for name in names), path
