"""
What is known about coreference.

The counts of CoNLL-2012 are those published with it (Pradhan et al. 2012); the others are of the files as they lie in
the profiles' folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.coreference.corpus import read_coreference


def count_mentions(path: Path) -> Counts:
    """The documents of a file or a folder, with their sentences, clusters and mentions."""
    counts: Counter[str] = Counter()
    for document in read_coreference(path):
        counts.update({"documents": 1, "sentences": len(document.sentences), "clusters": len(document.clusters)})
        counts["mentions"] += sum(map(len, document.clusters))
    return counts


def _experiment(name: str, title: str, config: str) -> Experiment:
    return Experiment(name, title, "Coref", "conll-f1", f"coreference/{config}_baseline", f"coreference/{config}_elmo")


def _mentions(documents: int, sentences: int, clusters: int, mentions: int) -> Counts:
    return {"documents": documents, "sentences": sentences, "clusters": clusters, "mentions": mentions}


CONLL_2012 = Corpus(
    "CoNLL-2012, English (OntoNotes 5.0)",
    "https://catalog.ldc.upenn.edu/LDC2013T19, in the columns of http://conll.cemantix.org/2012",
    "the Linguistic Data Consortium's",
    count_mentions,
    {
        "conll2012/train": _mentions(2802, 75187, 35143, 155560),
        "conll2012/development": _mentions(343, 9603, 4546, 19156),
        "conll2012/test": _mentions(348, 9479, 4532, 19764),
    },
)

ONTOGUM = Corpus(
    "OntoGUM",
    "https://github.com/amir-zeldes/gum (coref/ontogum)",
    "CC BY 4.0 (annotations), CC BY to CC BY-NC-SA (texts)",
    count_mentions,
    {
        "coref/ontogum.train.v4_gold_conll.gz": _mentions(177, 10224, 5305, 23314),
        "coref/ontogum.dev.v4_gold_conll.gz": _mentions(30, 1575, 856, 3817),
    },
)

FIXTURE = Corpus(
    "the project's documents",
    "a clone of the repository",
    "Apache-2.0",
    count_mentions,
    {
        "coreference/train.gold_conll": _mentions(18, 56, 43, 116),
        "coreference/dev.gold_conll": _mentions(5, 15, 11, 29),
    },
)

CARD = Card(
    name="coreference",
    title="Coreference",
    experiments={
        "paper": [_experiment("coref", "Coreference, CoNLL-2012", "conll2012")],
        "open": [_experiment("coref-ontogum-glove", "Coreference, OntoGUM, with GloVe", "ontogum_glove")],
        "smoke": [_experiment("coref", "Coreference, fixture", "fixture")],
    },
    corpora={"paper": [CONLL_2012, GLOVE_840B], "open": [ONTOGUM, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
    tables=("table3",),
)
