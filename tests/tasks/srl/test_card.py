from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError
from fixture_readmes import readme_counts

from elmo_tasks.tasks.base.ontonotes import CONLL_2012, count_documents
from elmo_tasks.tasks.srl.card import CARD, count_arguments

FIXTURES = Path(__file__).parents[3] / "fixtures" / "srl"
SHARED = Path(__file__).parents[4] / "shared" / "data"


def test_counts(corpus: str) -> None:
    """The predicate does not count, and a continued argument once: V and C-V are none, and R-ARG0 is one."""
    counts = {"sentences": 5, "tokens": 23, "predicates": 6, "arguments": 3 + 2 + 2 + 2 + 2 + 1}
    assert count_arguments(Path(corpus)) == counts


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("d 0 0 left VBD - - - - - - (V* -\n")
    with pytest.raises(ConfigurationError, match=r"data, line 1: an argument in column 11 .* has not ended"):
        count_arguments(path)


def test_documents_are_counted_by_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "data"
    part = "#begin document (x); part 00{0}\nx {0} 0 a - - - - - - - - -\n\n#end document\n"
    path.write_text(part.format(0) + part.format(1))
    assert count_documents(path) == {"documents": 2}


def test_the_papers_corpus_is_counted_by_documents() -> None:
    """Pradhan et al. 2012: 2,802, 343 and 348 documents for training, development and test."""
    assert CONLL_2012 in CARD.corpora["paper"]
    assert [counts["documents"] for counts in CONLL_2012.files.values()] == [2802, 343, 348]


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.gold_conll"
    counts = readme_counts(path)
    assert counts == count_arguments(path)
    (corpus,) = CARD.corpora["smoke"]
    assert corpus.files[f"srl/{part}.gold_conll"] == counts


@pytest.mark.skipif(not (SHARED / "srl").is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus_has_its_counts() -> None:
    corpus = CARD.corpora["open"][0]
    for name, counts in corpus.files.items():
        assert corpus.count(SHARED / name) == counts
