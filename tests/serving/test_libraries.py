"""Only the edge of what serves needs FastAPI."""

import re
from pathlib import Path

import elmo_tasks

ROOM = Path(elmo_tasks.__file__).parent / "serving"
LIBRARY = re.compile(r"^\s*(?:from|import) (?:fastapi|fastapi_offline|pydantic|uvicorn)\b", re.MULTILINE)


def test_only_the_edge_needs_fastapi() -> None:
    found = {path.name for path in ROOM.glob("*.py") if LIBRARY.search(path.read_text(encoding="utf-8"))}
    assert found == {"app.py", "server.py"}
