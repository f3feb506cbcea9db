"""A tiny corpus, and the experiment on it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

TEXTS = [
    ("place", "Where is Oslo ?"),
    ("person", "Who wrote it ?"),
    ("place", "In which town was Ada born ?"),
    ("time", "When ?"),
    ("person", "Which of the two won , and who lost ?"),
]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five questions."""
    path = tmp_path_factory.mktemp("corpus") / "questions.jsonl"
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for label, text in TEXTS))
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/classification.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "projection": 7, "hidden": 4, "layers": 1, "classifier": 6}
        training = {"batch_size": 2, "dropout": 0.5, "trainer": {"num_epochs": 1, "optimizer": "adam"}}
        return experiment("classification", corpus, elmo, overrides, sizes=sizes, training=training, **arguments)

    return make
