"""A tiny treebank, and the experiment on it."""

from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

TREES = [
    "(3 (2 It) (4 (4 works) (2 .)))",
    "(0 (0 Awful) (2 ,) (0 (1 (2 and) (1 slow)) (2 !)))",
    "(2 Why)",
    "(1 (2 (2 -LRB-) (2 (2 a) (2 (2 long) (2 film))) (2 -RRB-)) (1 (3 not) (1 bad)))",
    "(4 (4 (2 A) (4 great) (2 writer\\/director)) (2 .))",
]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five trees, which have 32 nodes."""
    path = tmp_path_factory.mktemp("corpus") / "trees.txt"
    path.write_text("\n".join(TREES) + "\n")
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/sst.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "projection": 7, "hidden": 4, "classifier": [16, 12]}
        training = {"batch_size": 2, "dropout": 0.5, "hidden_dropout": 0.2}
        training["trainer"] = {"num_epochs": 1, "optimizer": "adam"}
        return experiment("sst", corpus, elmo, overrides, sizes=sizes, training=training, **arguments)

    return make
