"""
What is known about the Stanford Sentiment Treebank.

The numbers of its sentences are those published with it; the other counts are of the files as they lie in the profiles'
folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.reader import all_good
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.sst.trees import SENTIMENTS, read_trees


def count_sentences(path: Path) -> Counts:
    """The trees."""
    return {"sentences": sum(1 for _ in all_good(read_trees(path), path))}


def count_phrases(path: Path) -> Counts:
    """The sentences of each sentiment, and the phrases, which are all nodes of the trees."""
    counts: Counter[str] = Counter()
    for tree in all_good(read_trees(path), path):
        counts[_sentences(tree.nodes[0].sentiment)] += 1
        counts["phrases"] += len(tree.nodes)
    return counts


def _sentences(sentiment: str) -> str:
    return f"sentences of sentiment {sentiment}"


def _counts(phrases: int, *sentences: int) -> Counts:
    of_sentiments = {_sentences(sentiment): number for sentiment, number in zip(SENTIMENTS, sentences, strict=True)}
    return {"phrases": phrases, **of_sentiments}


def _experiment(name: str, title: str, config: str) -> Experiment:
    return Experiment(name, title, "SST-5", "accuracy", f"sst/{config}_baseline", f"sst/{config}_elmo")


_SOURCE = "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"
_LICENCE = "none stated"

SST = Corpus(
    "Stanford Sentiment Treebank",
    _SOURCE,
    _LICENCE,
    count_sentences,
    {
        "trees/train.txt": {"sentences": 8544},
        "trees/dev.txt": {"sentences": 1101},
        "trees/test.txt": {"sentences": 2210},
    },
)

SST_PARTS = Corpus(
    "Stanford Sentiment Treebank, training and development",
    _SOURCE,
    _LICENCE,
    count_phrases,
    {
        "sst5/train.txt": _counts(318582, 1092, 2218, 1624, 2322, 1288),
        "sst5/dev.txt": _counts(41447, 139, 289, 229, 279, 165),
    },
)

FIXTURE = Corpus(
    "the project's trees",
    "a clone of the repository",
    "Apache-2.0",
    count_phrases,
    {"sst/train.txt": _counts(424, 8, 8, 8, 8, 8), "sst/dev.txt": _counts(145, 3, 3, 3, 3, 3)},
)

CARD = Card(
    name="sst",
    title="Sentiment",
    experiments={
        "paper": [_experiment("sst5", "SST-5", "sst5")],
        "open": [
            _experiment("sst5", "SST-5, whole sentences", "open"),
            _experiment("sst5-glove", "SST-5, whole sentences, with GloVe", "open_glove"),
        ],
        "smoke": [_experiment("sst5", "SST-5, fixture", "fixture")],
    },
    corpora={"paper": [SST, GLOVE_840B], "open": [SST_PARTS, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
)
