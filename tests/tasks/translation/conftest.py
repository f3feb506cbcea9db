"""A tiny corpus, and the experiment on it."""

from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

PAIRS = [
    ("Where is Oslo?", "Wo ist Oslo?"),
    ("Who wrote it?", "Wer schrieb es?"),
    ("In which town was Ada born, and when?", "In welcher Stadt wurde Ada geboren, und wann?"),
    ("When?", "Wann?"),
    ("Ada wrote", "Ada schrieb das alles in einem Jahr"),
]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five pairs."""
    path = tmp_path_factory.mktemp("corpus") / "pairs.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS))
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/translation.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "hidden": 4, "layers": 2, "target_words": 6, "decoder": 7}
        training = {"batch_size": 2, "dropout": 0.5, "label_smoothing": 0.1}
        training |= {"trainer": {"num_epochs": 1, "optimizer": "adam"}}
        arguments = {"beam_size": 3, "max_steps": 12, "sizes": sizes, "training": training, **arguments}
        return experiment("translation", corpus, elmo, overrides, **arguments)

    return make
