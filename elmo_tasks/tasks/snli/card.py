"""
What is known about textual entailment.

The counts of SNLI are those published with it; the others are of the files as they lie in the profiles' folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.reader import all_good
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.snli.pairs import LABELS, NO_LABEL, read_pairs


def count_pairs(path: Path) -> Counts:
    """The pairs of each gold label, `-` for those without one."""
    counts: Counter[str] = Counter()
    for pair in all_good(read_pairs(path, "text", LABELS), path):
        counts[pair.label or NO_LABEL] += 1
    return counts


def _experiment(name: str, title: str, config: str) -> Experiment:
    return Experiment(name, title, "SNLI", "accuracy", f"snli/{config}_baseline", f"snli/{config}_elmo")


def _pairs(entailment: int, neutral: int, contradiction: int, without: int) -> Counts:
    return {"entailment": entailment, "neutral": neutral, "contradiction": contradiction, NO_LABEL: without}


SNLI = Corpus(
    "SNLI 1.0",
    "https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
    "CC BY-SA 4.0",
    count_pairs,
    {
        "snli_1.0/snli_1.0_train.jsonl": _pairs(183416, 182764, 183187, 785),
        "snli_1.0/snli_1.0_dev.jsonl": _pairs(3329, 3235, 3278, 158),
        "snli_1.0/snli_1.0_test.jsonl": _pairs(3368, 3219, 3237, 176),
    },
)

SNLI_PARTS = Corpus(
    "SNLI 1.0, its development set in two parts",
    "https://nlp.stanford.edu/projects/snli/snli_1.0.zip (here cut in two)",
    "CC BY-SA 4.0",
    count_pairs,
    {
        "snli/snli_part_train.jsonl": _pairs(2997, 2888, 2957, 0),
        "snli/snli_part_dev.jsonl": _pairs(332, 347, 321, 0),
    },
)

FIXTURE = Corpus(
    "the project's pairs",
    "a clone of the repository",
    "Apache-2.0",
    count_pairs,
    {"snli/train.jsonl": _pairs(16, 16, 16, 2), "snli/dev.jsonl": _pairs(6, 6, 6, 0)},
)

CARD = Card(
    name="snli",
    title="Textual entailment",
    experiments={
        "paper": [_experiment("snli", "SNLI", "snli")],
        "open": [
            _experiment("snli", "SNLI, 8,842 pairs", "open"),
            _experiment("snli-glove", "SNLI, 8,842 pairs, with GloVe", "open_glove"),
        ],
        "smoke": [_experiment("snli", "SNLI, fixture", "fixture")],
    },
    corpora={"paper": [SNLI, GLOVE_840B], "open": [SNLI_PARTS, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
)
