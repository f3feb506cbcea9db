import json
from pathlib import Path

import pytest

from elmo_tasks.tasks.squad.card import count_questions
from elmo_tasks.tasks.squad.corpus import BadQuestion


def write(path: Path, start: int = 0) -> Path:
    def paragraph(*ids: str) -> dict[str, object]:
        answers = [{"text": "Ada", "answer_start": start}]
        return {"context": "Ada slept.", "qas": [{"id": name, "question": "Who?", "answers": answers} for name in ids]}

    articles = [{"paragraphs": [paragraph("a", "b"), paragraph("c")]}, {"paragraphs": [paragraph("d")]}]
    path.write_text(json.dumps({"data": articles}))
    return path


def test_counts(tmp_path: Path) -> None:
    """Paragraphs with the same text are several."""
    assert count_questions(write(tmp_path / "q.json")) == {"articles": 2, "paragraphs": 3, "questions": 4}


def test_an_answer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match=r"q\.json, question a .* is not at character 1"):
        count_questions(write(tmp_path / "q.json", start=1))
