"""What is known about coreference. Counts are of the files as they lie in the profiles' folders."""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.ontonotes import CONLL_2012
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
