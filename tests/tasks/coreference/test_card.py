from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError
from fixture_readmes import readme_counts

from elmo_tasks.tasks.coreference.card import CARD, count_mentions

FIXTURES = Path(__file__).parents[3] / "fixtures" / "coreference"
SHARED = Path(__file__).parents[4] / "shared" / "data"


def test_counts(corpus: str) -> None:
    assert count_mentions(Path(corpus)) == {"documents": 3, "sentences": 6, "clusters": 5, "mentions": 12}


def test_a_bad_bracket(tmp_path: Path) -> None:
    path = tmp_path / "x.gold_conll"
    path.write_text("d 0 0 word NN * - - - - * 7)\n")
    with pytest.raises(ConfigurationError, match=r"x\.gold_conll, line 1: a mention of chain 7 ends"):
        count_mentions(path)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.gold_conll"
    assert readme_counts(path) == count_mentions(path)


@pytest.mark.skipif(not (SHARED / "coref").is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus_has_its_counts() -> None:
    (corpus, _) = CARD.corpora["open"]
    for name, counts in corpus.files.items():
        assert corpus.count(SHARED / name) == counts
