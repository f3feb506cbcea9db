from pathlib import Path

import pytest

from doc_pages import run_page
from elmo_tasks.serving import drawings


def test_every_block_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    # The page adds a line to it.
    monkeypatch.setattr(drawings, "DRAWINGS", dict(drawings.DRAWINGS))
    run_page("docs/serving.md", tmp_path, monkeypatch)
