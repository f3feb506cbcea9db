"""A tiny corpus, and the experiment on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
from allennlp.common import Params
from allennlp.common.params import with_overrides

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
def config(corpus: str, make_bilm: Callable[[int], dict[str, str]]) -> Callable[..., Params]:
    """The experiment of training_configs/lib/ner.libsonnet, at a tiny size, as a function of what it takes."""
    bilm = {**make_bilm(6), "dim": 6}
    library = Path(__file__).parents[3] / "training_configs" / "lib" / "ner.libsonnet"

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None) -> Params:
        arguments = json.dumps({"train": corpus, "validation": corpus, "bilm": bilm if elmo else None})
        snippet = f"""
            local ner = import {json.dumps(str(library))};
            local given = {arguments};
            ner.experiment(
              train=given.train, validation=given.validation, bilm=given.bilm, place={json.dumps(elmo or "input")},
              sizes={{ words: 5, characters: 4, filters: 6, filter_width: 3, hidden: 4, layers: 1 }},
              training={{ batch_size: 2, trainer: {{ num_epochs: 1, optimizer: 'adam' }} }},
            )
        """
        params = Params(json.loads(_jsonnet.evaluate_snippet("test", snippet)))
        return Params(with_overrides(params.as_dict(), overrides or {}))

    return make
