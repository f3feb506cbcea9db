"""What is known about semantic role labelling. Counts are of the files as they lie in the profiles' folders."""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.conll2012 import read_sentences
from elmo_tasks.tasks.base.ontonotes import CONLL_2012
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_100, GLOVE_6B_SUBSET
from elmo_tasks.tasks.srl.metric import PREDICATE, arguments


def count_arguments(path: Path) -> Counts:
    """The sentences, tokens, predicates and arguments of a file in CoNLL-2012's columns."""
    counts: Counter[str] = Counter()
    for sentence in read_sentences(path):
        frames = sentence.frames()
        counts.update({"sentences": 1, "tokens": len(sentence.rows), "predicates": len(frames)})
        for frame in frames:
            counts["arguments"] += sum(argument.role != PREDICATE for argument in arguments(frame.tags))
    return counts


def _experiment(name: str, corpus: str, config: str) -> Experiment:
    baseline, elmo = f"srl/{config}_baseline", f"srl/{config}_elmo"
    return Experiment(name, f"Semantic roles, {corpus}", "SRL", "f1-measure-overall", baseline, elmo)


def _counts(sentences: int, tokens: int, predicates: int, arguments: int) -> Counts:
    return {"sentences": sentences, "tokens": tokens, "predicates": predicates, "arguments": arguments}


EWT = Corpus(
    "PropBank over the English Web Treebank",
    "https://github.com/propbank/propbank-release (annotations, here with words and parses)",
    "CC BY-SA 4.0",
    count_arguments,
    {
        "srl/ewt_propbank.train.gold_conll.gz": _counts(12543, 204586, 40486, 80712),
        "srl/ewt_propbank.dev.gold_conll.gz": _counts(1974, 24969, 4977, 9496),
    },
)

FIXTURE = Corpus(
    "the project's sentences with semantic roles",
    "a clone of the repository",
    "Apache-2.0",
    count_arguments,
    {"srl/train.gold_conll": _counts(40, 278, 46, 109), "srl/dev.gold_conll": _counts(12, 81, 14, 31)},
)

CARD = Card(
    name="srl",
    title="Semantic role labelling",
    experiments={
        "paper": [_experiment("srl", "CoNLL-2012", "conll2012")],
        "open": [_experiment("srl-ewt-glove", "English Web Treebank, with GloVe", "ewt_glove")],
        "smoke": [_experiment("srl", "fixture", "fixture")],
    },
    corpora={"paper": [CONLL_2012, GLOVE_6B_100], "open": [EWT, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
)
