from pathlib import Path

import pytest
from fixture_readmes import readme_counts

from elmo_tasks.tasks.relations.card import CARD, count_relations
from elmo_tasks.tasks.relations.corpus import ExampleError

FIXTURES = Path(__file__).parents[3] / "fixtures" / "relations"
SHARED = Path(__file__).parents[4] / "shared" / "data"


def test_counts(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    text = '1\t"<e1>a</e1> <e2>b</e2>"\nOther\nComment: A-B(e1,e2)\n\n'
    path.write_text(text * 2 + text.replace("Other", "A-B(e2,e1)"))
    assert count_relations(path) == {"Other": 2, "A-B(e2,e1)": 1}


def test_a_bad_example(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_text('1\t"<e1>a</e1> <e2>b</e2>"\nOther\nComment:\n\n2\t"none"\nOther\n')
    with pytest.raises(ExampleError, match=r"data\.txt, line 5: the text must have <e1>"):
        count_relations(path)


def test_semevals_counts_are_the_published_ones() -> None:
    """Hendrickx et al. 2010: 8,000 and 2,717 sentences, and by relation what their table 1 has of both."""
    (semeval, _) = CARD.corpora["paper"]
    counts = [semeval.files[f"SemEval2010_task8/{name}"] for name in ("train.txt", "dev.txt", "TEST_FILE_FULL.TXT")]
    assert [sum(part.values()) for part in counts] == [7200, 800, 2717]
    assert [len(part) for part in counts] == [19, 18, 19]
    assert counts[0]["Other"] + counts[1]["Other"] == 1410
    whole = {name: sum(part.get(name, 0) for part in counts) for name in counts[0]}
    relations = {
        name: whole[f"{name}(e1,e2)"] + whole[f"{name}(e2,e1)"]
        for name in {label.partition("(")[0] for label in whole} - {"Other"}
    }
    assert whole["Other"] == 1864
    assert relations == {
        "Cause-Effect": 1331,
        "Component-Whole": 1253,
        "Entity-Destination": 1137,
        "Entity-Origin": 974,
        "Product-Producer": 948,
        "Member-Collection": 923,
        "Message-Topic": 895,
        "Content-Container": 732,
        "Instrument-Agency": 660,
    }


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.txt"
    texts = [line for line in path.read_text(encoding="utf-8").splitlines() if "<e1>" in line]
    assert len({text.partition("\t")[2] for text in texts}) == len(texts)
    assert readme_counts(path) == {"sentences": len(texts), **count_relations(path)}


@pytest.mark.skipif(not (SHARED / "re").is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus_has_its_counts() -> None:
    (corpus, _) = CARD.corpora["open"]
    for name, counts in corpus.files.items():
        assert corpus.count(SHARED / name) == counts
