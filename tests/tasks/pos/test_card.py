import re
from pathlib import Path

import pytest
from fixture_readmes import readme_counts

from elmo_tasks.tasks.pos.card import CARD, count_tags

FIXTURES = Path(__file__).parents[3] / "fixtures" / "pos"
SHARED = Path(__file__).parents[4] / "shared" / "data"


def test_counts(tmp_path: Path) -> None:
    path = tmp_path / "data.conllu"
    rows = ["1\ta\t_\tX", "2-3\tbc\t_\t_", "2\tb\t_\tY", "3\tc\t_\tX", "", "1\td\t_\tX"]
    path.write_text("".join(row + "\t_" * 6 * bool(row) + "\n" for row in rows))
    assert count_tags(path) == {"sentences": 2, "words": 4, "parts of speech": 2}


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.conllu"
    text = path.read_text(encoding="utf-8")
    sentences = re.findall(r"^# text = (.*)$", text, re.MULTILINE)
    assert len(set(sentences)) == len(sentences)
    counts = CARD.corpora["smoke"][0].files[f"pos/{part}.conllu"]
    assert readme_counts(path) == counts
    words = re.findall(r"^\d+\t\S+\t_\t([A-Z]+)\t", text, re.MULTILINE)
    assert {"sentences": len(sentences), "words": len(words), "parts of speech": len(set(words))} == counts


@pytest.mark.skipif(not (SHARED / "pos").is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus_has_its_counts() -> None:
    (corpus, _) = CARD.corpora["open"]
    for name, counts in corpus.files.items():
        assert corpus.count(SHARED / name) == counts
