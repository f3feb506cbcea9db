"""A tiny corpus, and the experiment on it."""

from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

CORPUS = """\
-DOCSTART- -X- O O

Ada -X- O B-PER
Lovelace -X- O I-PER
left -X- O O
Oslo -X- O B-LOC
. -X- O O

Oslo -X- O B-ORG
United -X- O I-ORG
Rovers -X- O B-ORG
beat -X- O O
Bergen -X- O B-ORG
and -X- O O
Ada -X- O B-PER
cheered -X- O O
. -X- O O

It -X- O O
rained -X- O O
. -X- O O

Norwegian -X- O B-MISC
rain -X- O O

Bergen -X- O B-LOC
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five sentences."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text(CORPUS)
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of training_configs/lib/ner.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None) -> Params:
        sizes = {"words": 5, "characters": 4, "filters": 6, "filter_width": 3, "hidden": 4, "layers": 1}
        training = {"batch_size": 2, "trainer": {"num_epochs": 1, "optimizer": "adam"}}
        return experiment("ner", corpus, elmo, overrides, sizes=sizes, training=training)

    return make
