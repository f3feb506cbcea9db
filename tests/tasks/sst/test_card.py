from pathlib import Path

import pytest
from fixture_readmes import readme_counts

from elmo_tasks.tasks.sst.card import SST_PARTS, count_phrases, count_sentences
from elmo_tasks.tasks.sst.trees import SENTIMENTS, TreeError, parse_tree

FIXTURES = Path(__file__).parents[3] / "fixtures" / "sst"


def test_counts(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("(3 (2 It) (4 works))\n\n(3 Fine)\n(0 Awful)\n")
    assert count_sentences(path) == {"sentences": 3}
    assert count_phrases(path) == {"phrases": 5, "sentences of sentiment 3": 2, "sentences of sentiment 0": 1}


def test_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("(3 Fine)\nFine\n")
    with pytest.raises(TreeError, match=r"trees\.txt, line 2: this is no tree"):
        count_sentences(path)


def test_there_are_as_many_sentences_as_published() -> None:
    """Without those of the test set."""
    sentences = [
        sum(number for what, number in counts.items() if what != "phrases") for counts in SST_PARTS.files.values()
    ]
    assert sentences == [8544, 1101]


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.txt"
    sentences = [" ".join(parse_tree(line).words) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(set(sentences)) == len(sentences)
    counts = count_phrases(path)
    of_sentiments = {sentiment: counts[f"sentences of sentiment {sentiment}"] for sentiment in SENTIMENTS}
    assert readme_counts(path) == {"sentences": len(sentences), **of_sentiments, "phrases": counts["phrases"]}
