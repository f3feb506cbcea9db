"""
What is known about parts of speech.

The counts are of the files as they lie in the profiles' folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET
from elmo_tasks.tasks.pos.corpus import read_tagged


def count_tags(path: Path) -> Counts:
    """The sentences and words of a file in CoNLL-U, and how many universal parts of speech there are."""
    counts: Counter[str] = Counter()
    kinds: set[str] = set()
    for words, tags in read_tagged(path, "upos"):
        counts.update({"sentences": 1, "words": len(words)})
        kinds.update(tags or ())
    return {**counts, "parts of speech": len(kinds)}


def _experiment(name: str, title: str, config: str) -> Experiment:
    return Experiment(name, title, "POS", "accuracy", f"pos/{config}_baseline", f"pos/{config}_elmo")


def _counts(sentences: int, words: int, kinds: int) -> Counts:
    return {"sentences": sentences, "words": words, "parts of speech": kinds}


EWT = Corpus(
    "Universal Dependencies, English Web Treebank",
    "https://github.com/UniversalDependencies/UD_English-EWT",
    "CC BY-SA 4.0",
    count_tags,
    {
        "pos/en_ewt-ud-train.conllu.gz": _counts(12544, 204577, 17),
        "pos/en_ewt-ud-dev.conllu.gz": _counts(2001, 25147, 17),
    },
)

FIXTURE = Corpus(
    "the project's sentences with parts of speech",
    "a clone of the repository",
    "Apache-2.0",
    count_tags,
    {"pos/train.conllu": _counts(49, 352, 17), "pos/dev.conllu": _counts(12, 82, 16)},
)

CARD = Card(
    name="pos",
    title="Parts of speech",
    experiments={
        "open": [_experiment("pos-ewt-glove", "Parts of speech, EWT, with GloVe", "ewt_glove")],
        "smoke": [_experiment("pos", "Parts of speech, fixture", "fixture")],
    },
    corpora={"open": [EWT, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
    tables=("table1",),
)
