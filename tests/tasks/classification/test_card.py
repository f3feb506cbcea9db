import json
from pathlib import Path

import pytest
from fixture_readmes import readme_counts

from elmo_tasks.tasks.classification.card import count_glue, count_labels, count_questions
from elmo_tasks.tasks.classification.corpus import DocumentError

FIXTURES = Path(__file__).parents[3] / "fixtures" / "classification"


def write(path: Path, *labels: tuple[str, str]) -> Path:
    lines = [json.dumps({"text": "Who?", "label": label, "fine_label": fine}) for label, fine in labels]
    path.write_text("\n\n".join(lines) + "\n")
    return path


def test_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "questions.jsonl", ("HUM", "HUM:ind"), ("LOC", "LOC:city"), ("HUM", "HUM:gr"))
    assert count_labels(path) == {"HUM": 2, "LOC": 1}
    assert count_questions(path) == {"HUM": 2, "LOC": 1, "of the fine classes": 3}


def test_counts_glues_form(tmp_path: Path) -> None:
    path = tmp_path / "dev.tsv"
    path.write_text("sentence\tlabel\nit 's a \"charming film .\t1\nunflinchingly bleak\t0\nfine\t1\n")
    assert count_glue(path) == {"1": 2, "0": 1}


def test_a_bad_line(tmp_path: Path) -> None:
    path = write(tmp_path / "questions.jsonl", ("HUM", "HUM:ind"), ("", "x"))
    with pytest.raises(DocumentError, match=r"questions\.jsonl, line 3: \"label\" is ''"):
        count_labels(path)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(set(texts)) == len(texts)
    assert readme_counts(path) == {"sentences": len(texts), **count_labels(path)}
