"""What is known about machine translation."""

from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.reader import all_good
from elmo_tasks.tasks.translation.corpus import read_pairs, read_texts


def count_pairs(path: Path) -> Counts:
    """The pairs of a file that has both texts."""
    return {"pairs": sum(1 for _ in all_good(read_pairs(path), path))}


def count_texts(path: Path) -> Counts:
    """The texts of one of two parallel files."""
    return {"texts": sum(1 for _ in all_good(read_texts(path), path))}


def _experiment(name: str, title: str, row: str, config: str) -> Experiment:
    return Experiment(name, title, row, "bleu", f"translation/{config}_baseline", f"translation/{config}_elmo")


MULTI30K = Corpus(
    "Multi30k, task 1, lower-cased, normalised and tokenised",
    "https://github.com/multi30k/dataset (data/task1/tok)",
    "none stated",
    count_texts,
    {
        f"mt/multi30k.{part}.{language}.gz": {"texts": texts}
        for part, texts in (("train", 29000), ("dev", 1014))
        for language in ("en", "de")
    },
)

FIXTURE = Corpus(
    "the project's sentences in English and German",
    "a clone of the repository",
    "Apache-2.0",
    count_pairs,
    {"translation/train.tsv": {"pairs": 48}, "translation/dev.tsv": {"pairs": 12}},
)

CARD = Card(
    name="translation",
    title="Machine translation",
    experiments={
        "open": [_experiment("multi30k", "Multi30k, English to German", "Multi30k", "multi30k")],
        "smoke": [_experiment("translation", "English to German, fixture", "Translation", "fixture")],
    },
    corpora={"open": [MULTI30K], "smoke": [FIXTURE]},
    tables=("table1",),
)
