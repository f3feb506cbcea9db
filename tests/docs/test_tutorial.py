from pathlib import Path

import pytest

from doc_pages import run_page


def test_every_cell_runs_and_prints_what_the_notebook_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_page("docs/tutorial.ipynb", tmp_path, monkeypatch)
