import json
from pathlib import Path

import pytest

from elmo_tasks.tasks.snli.card import count_pairs
from elmo_tasks.tasks.snli.pairs import PairError


def write(path: Path, *labels: str) -> Path:
    lines = [json.dumps({"gold_label": label, "sentence1": "A dog.", "sentence2": "A cat."}) for label in labels]
    path.write_text("\n\n".join(lines) + "\n")
    return path


def test_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.jsonl", "neutral", "-", "entailment", "neutral")
    assert count_pairs(path) == {"neutral": 2, "entailment": 1, "-": 1}


def test_a_bad_line(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.jsonl", "neutral", "perhaps")
    with pytest.raises(PairError, match=r"pairs\.jsonl, line 3: \"gold_label\" is 'perhaps'"):
        count_pairs(path)
