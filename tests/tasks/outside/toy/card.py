"""What is known about the toy."""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from toy.corpus import read_examples


def count_labels(path: Path) -> Counts:
    """The sentences of each label."""
    return Counter(label for label, _ in read_examples(path))


ROW = "Toys"

CARD = Card(
    name="toy",
    title="Toys",
    experiments={
        "smoke": [
            Experiment("toy", "Toys, fixture", ROW, "accuracy", "toy/baseline", "toy/elmo"),
            Experiment(
                "toy-probe",
                "Toys by neighbours",
                ROW,
                "accuracy",
                "toy/probe_baseline",
                "toy/probe_elmo",
                elmo_field="elmo",
                module="toy.probe",
            ),
        ]
    },
    corpora={
        "smoke": [Corpus("toys", "this folder", "Apache-2.0", count_labels, {"toy/train.txt": {"food": 4, "other": 4}})]
    },
    tables=("table1",),
)
