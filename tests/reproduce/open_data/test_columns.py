"""Named entities: from a token and its tag a line to CoNLL-2003's four columns."""

from pathlib import Path

import pytest

from elmo_tasks.reproduce.open_data.columns import crossner, wikigold, wnut17
from elmo_tasks.reproduce.open_data.recipe import OriginalError


def original(folder: Path, text: str) -> list[Path]:
    path = folder / "original.conll"
    path.write_text(text, encoding="utf-8")
    return [path]


def test_wnut17_is_one_document(tmp_path: Path) -> None:
    # In the first sentences of the training set, a tab stands on the empty line.
    paths = original(tmp_path, "Empire\tB-location\nState\tI-location\n\t\nESB\tB-location\n\n")
    assert "".join(wnut17(paths)) == (
        "-DOCSTART- -X- O O\n\nEmpire -X- O B-location\nState -X- O I-location\n\nESB -X- O B-location\n\n"
    )


def test_crossner_keeps_odd_spaces_in_a_token(tmp_path: Path) -> None:
    paths = original(tmp_path, "a\u00a0b\tB-misc\n\u0085\tO\n\n,\tO")
    assert "".join(crossner(paths)) == "a\u00a0b -X- O B-misc\n\u0085 -X- O O\n\n, -X- O O\n\n"


def test_wikigold_is_cut_by_sentences(tmp_path: Path) -> None:
    paths = original(tmp_path, "010 I-MISC\n\nOne O\n. O\n\n-DOCSTART- O\n\nTwo O\n\nThree I-PER\n\nFour O\n\n")
    assert "".join(wikigold(1, 2)(paths)) == "010 -X- O I-MISC\n\nOne -X- O O\n. -X- O O\n"
    assert "".join(wikigold(3, 4)(paths)) == "Two -X- O O\n\nThree -X- O I-PER\n"


@pytest.mark.parametrize("line", ["word", "word\tO\tO", "word\t", "\tO", "word O"])
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str) -> None:
    paths = original(tmp_path, f"The\tO\n{line}\n")
    with pytest.raises(OriginalError, match=r"original\.conll, line 2: this should be a token and its tag"):
        list(crossner(paths))
