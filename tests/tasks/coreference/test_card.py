import re
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

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
    readme = (FIXTURES / "README.md").read_text(encoding="utf-8")
    header, row = (
        re.search(rf"^\| {first} \|(.*)\|$", readme, re.MULTILINE) for first in ("file", rf"{part}\.gold_conll")
    )
    assert header is not None
    assert row is not None
    named = dict(zip(header[1].split("|"), row[1].split("|"), strict=True))
    counts = count_mentions(FIXTURES / f"{part}.gold_conll")
    assert {name.strip(): int(cell) for name, cell in named.items()} == counts


@pytest.mark.skipif(not (SHARED / "coref").is_dir(), reason="the shared corpora are not here")
def test_the_shared_corpus_has_its_counts() -> None:
    (corpus, _) = CARD.corpora["open"]
    for name, counts in corpus.files.items():
        assert corpus.count(SHARED / name) == counts
