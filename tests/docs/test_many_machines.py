from pathlib import Path

import pytest

from doc_pages import run_page


def test_every_block_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_page("docs/many-machines.md", tmp_path, monkeypatch)
