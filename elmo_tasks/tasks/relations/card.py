"""
What is known about relation extraction.

The counts of the official training set in two parts are of the files as they lie in the profiles' folders; those of the
test set are of the official one.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.reader import all_good
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.relations.corpus import read_examples

_RELATIONS = (
    "Cause-Effect",
    "Component-Whole",
    "Content-Container",
    "Entity-Destination",
    "Entity-Origin",
    "Instrument-Agency",
    "Member-Collection",
    "Message-Topic",
    "Product-Producer",
)


def count_relations(path: Path) -> Counts:
    """The sentences of each label."""
    counts: Counter[str] = Counter()
    for example in all_good(read_examples(path), path):
        counts[str(example.label)] += 1
    return counts


def _experiment(name: str, title: str, row: str, config: str) -> Experiment:
    baseline, elmo = f"relations/{config}_baseline", f"relations/{config}_elmo"
    return Experiment(name, title, row, "macro-f1", baseline, elmo)


def _labels(other: int, forward: tuple[int, ...], backward: tuple[int, ...]) -> Counts:
    """Of relations from the first entity to the second, and of those the other way, as `_RELATIONS` has them."""
    counts = {"Other": other}
    for relation, one, two in zip(_RELATIONS, forward, backward, strict=True):
        counts |= {f"{relation}(e1,e2)": one, f"{relation}(e2,e1)": two}
    return {label: count for label, count in counts.items() if count}


_TRAIN = _labels(1159, (307, 438, 358, 831, 502, 79, 75, 486, 281), (561, 439, 131, 1, 118, 352, 607, 143, 332))
_DEV = _labels(251, (37, 32, 16, 13, 66, 18, 3, 4, 42), (98, 32, 35, 0, 30, 55, 5, 1, 62))
_TEST = _labels(454, (134, 162, 153, 291, 211, 22, 32, 210, 108), (194, 150, 39, 1, 47, 134, 201, 51, 123))

# The training set is cut in two.
_SOURCE = "SemEval2010_task8_all_data.zip, named in https://aclanthology.org/S10-1006"

SEMEVAL = Corpus(
    "SemEval-2010 task 8",
    _SOURCE,
    "CC BY 3.0",
    count_relations,
    {
        "SemEval2010_task8/train.txt": _TRAIN,
        "SemEval2010_task8/dev.txt": _DEV,
        "SemEval2010_task8/TEST_FILE_FULL.TXT": _TEST,
    },
)

SEMEVAL_PARTS = Corpus(
    "SemEval-2010 task 8, its training set",
    _SOURCE,
    "CC BY 3.0",
    count_relations,
    {"re/semeval2010_task8.train.txt.gz": _TRAIN, "re/semeval2010_task8.dev.txt.gz": _DEV},
)


def _fixture(each: int) -> Counts:
    directed = [f"{name}({way})" for name in ("Cause-Effect", "Component-Whole") for way in ("e1,e2", "e2,e1")]
    return dict.fromkeys([*directed, "Other"], each)


FIXTURE = Corpus(
    "the project's sentences with two entities",
    "a clone of the repository",
    "Apache-2.0",
    count_relations,
    {"relations/train.txt": _fixture(8), "relations/dev.txt": _fixture(3)},
)

_ROW = "SemEval-2010"

CARD = Card(
    name="relations",
    title="Relation extraction",
    experiments={
        "paper": [_experiment("semeval", "Relations, SemEval-2010 task 8", _ROW, "semeval")],
        "open": [
            _experiment("semeval", "Relations, SemEval-2010 task 8", _ROW, "semeval_open"),
            _experiment("semeval-glove", "Relations, SemEval-2010 task 8, with GloVe", _ROW, "semeval_open_glove"),
        ],
        "smoke": [_experiment("relations", "Relations, fixture", "Relations", "fixture")],
    },
    corpora={"paper": [SEMEVAL, GLOVE_840B], "open": [SEMEVAL_PARTS, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
    tables=("table1",),
)
