from pathlib import Path

import pytest
from fixture_readmes import readme_counts

from elmo_tasks.tasks.translation.card import FIXTURE, count_pairs, count_texts
from elmo_tasks.tasks.translation.corpus import PairError, read_pairs

FIXTURES = Path(__file__).parents[3] / "fixtures" / "translation"


def test_counts(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("a\tb\nc\td\n")
    assert count_pairs(tmp_path / "x.tsv") == {"pairs": 2}
    (tmp_path / "x.en").write_text("a\nb\tc\nd\n")
    assert count_texts(tmp_path / "x.en") == {"texts": 3}


def test_a_bad_line(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("a\tb\nc\n")
    with pytest.raises(PairError, match=r"x\.tsv, line 2: 1 columns"):
        count_pairs(tmp_path / "x.tsv")
    (tmp_path / "x.en").write_text("a\n\nd\n")
    with pytest.raises(PairError, match=r"x\.en, line 2: the source is empty"):
        count_texts(tmp_path / "x.en")


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.tsv"
    pairs = list(read_pairs(path))
    assert len(set(pairs)) == len(pairs)
    assert FIXTURE.files[f"translation/{part}.tsv"] == count_pairs(path) == readme_counts(path)


def test_the_parts_have_no_pair_in_common() -> None:
    assert not set(read_pairs(FIXTURES / "train.tsv")) & set(read_pairs(FIXTURES / "dev.tsv"))
