"""A tiny corpus, and the experiment on it."""

from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

# A document's sentences: words, each with what the last column says of it, if it does; a speaker before a colon.
DOCUMENTS = {
    "st/one": [
        "Ada/(1) found a/(2 cat/2) .",
        "She/(1) gave it/(2) her/(3|(1) milk/3) .",
        "The/(2 cat/2) drank it/(3) .",
    ],
    "di/two": ["Ada: I/(1) saw Bo/(2) .", "Bo: You/(1) saw me/(2) ?"],
    "st/three": ["Nobody came ."],
}


def columns(documents: dict[str, list[str]]) -> str:
    """Such documents in CoNLL-2012's columns."""
    lines = []
    for name, sentences in documents.items():
        lines.append(f"#begin document ({name}); part 000")
        for sentence in sentences:
            speaker, _, text = sentence.rpartition(": ")
            for number, word in enumerate(text.split()):
                token, _, cell = word.partition("/")
                lines.append(f"{name} 0 {number} {token} - * - - - {speaker or '-'} * {cell or '-'}")
            lines.append("")
        lines.append("#end document")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with three documents."""
    path = tmp_path_factory.mktemp("corpus") / "documents.gold_conll"
    path.write_text(columns(DOCUMENTS))
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/coreference.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "hidden": 4, "network": 7, "features": 3, "width": 4, "spans": 0.8, "antecedents": 4}
        training = {"batch_size": 2, "input_dropout": 0.5, "dropout": 0.2, "mention_loss": 0.5}
        training |= {"trainer": {"num_epochs": 1, "optimizer": "adam"}}
        given = {"sizes": {**sizes, "sentences": 50}, "training": training, "genre_pattern": "(..)/", "speakers": True}
        return experiment("coreference", corpus, elmo, overrides, **(given | arguments))

    return make
