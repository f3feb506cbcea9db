"""A tiny corpus, and the experiment on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

FIXTURES = Path(__file__).parents[3] / "fixtures" / "srl"

EXAMPLES: list[tuple[str, list[str]]] = [
    ("Ann gave Bo an old clock .", ["(ARG0*) (V*) (ARG2*) (ARG1* * *) *"]),
    ("He wants to leave it", ["(ARG0*) (V*) (ARG1* * *)", "(ARG0*) * * (V*) (ARG1*)"]),
    ("Good morning", []),
    ("She picked it up", ["(ARG0*) (V*) (ARG1*) (C-V*)"]),
    ("The man who left smiled", ["(ARG0* *) (R-ARG0*) (V*) *", "(ARG0* * * *) (V*)"]),
]


def in_columns(sentences: list[tuple[str, list[str]]]) -> str:
    """CoNLL-2012's columns of words and, for each predicate, a cell for each word."""
    lines = []
    for words, frames in sentences:
        for word, *cells in zip(words.split(), *(frame.split() for frame in frames), strict=True):
            lines.append(" ".join(["d 0 0", word, "- - - - - - -", *cells, "-"]))
        lines.append("")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def columns() -> Callable[[list[tuple[str, list[str]]]], str]:
    """`in_columns`."""
    return in_columns


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five sentences, and six predicates in them."""
    path = tmp_path_factory.mktemp("corpus") / "sentences.gold_conll"
    path.write_text(in_columns(EXAMPLES))
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/srl.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "predicate": 3, "projection": 7, "hidden": 4, "layers": 2, "finder": 3}
        training = {"batch_size": 2, "max_tokens": 100, "dropout": 0.5, "recurrent_dropout": 0.2}
        training["trainer"] = {"num_epochs": 1, "optimizer": "adam"}
        return experiment("srl", corpus, elmo, overrides, sizes=sizes, training=training, **arguments)

    return make
