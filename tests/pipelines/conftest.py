"""A folder with a tiny biLM, and one with a tiny transformer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_transformers import bert as bert

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME
from tiny_bilms import make_bilm as make_bilm


@pytest.fixture
def folder(make_bilm: Callable[..., BiLM], tmp_path: Path) -> Path:
    """The folder of a biLM with 3 layers of 14 numbers."""
    folder = tmp_path / "a biLM"
    make_bilm().save(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    return folder
