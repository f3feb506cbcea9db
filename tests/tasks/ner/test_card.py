from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.ner.card import count_entities


def test_counts(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("-DOCSTART- -X- O O\n\nAda -X- O B-PER\nLovelace -X- O I-PER\n\nOslo -X- O B-LOC\n\n\n. -X- O O\n")
    assert count_entities(path) == {"sentences": 3, "tokens": 4, "PER": 1, "LOC": 1}


def test_other_white_space_is_part_of_a_word(tmp_path: Path) -> None:
    """As it is for the reader: the no-break space does not make a column."""
    path = tmp_path / "text"
    path.write_text("10\u00a0000 O\nOslo B-LOC\n")
    assert count_entities(path) == {"sentences": 1, "tokens": 2, "LOC": 1}


def test_a_tag_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("Oslo -X- O B-LOC\n\nOslo -X- O LOC\n")
    with pytest.raises(ConfigurationError, match='text, line 3: the tag "LOC"'):
        count_entities(path)
