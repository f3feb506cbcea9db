"""A tiny corpus in SNLI's official form, and the experiment on it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

PAIRS = [
    ("entailment", "( ( A dog ) ( barks . ) )", "( ( An animal ) ( ( makes noise ) . ) )"),
    ("neutral", "( ( The ( tall -LRB- sic -RRB- ) ) cat )", "( ( The cat ) ( is ( Oslo 's ) ) )"),
    ("-", "( Nobody knows )", "( Somebody knows )"),
    ("contradiction", "( It rained )", "( ( It ( was ( dry ( all day ) ) ) ) . )"),
    ("entailment", "( ( `` Hello '' ) ( ( said Ada ) . ) )", "( Ada ( spoke . ) )"),
    ("contradiction", "( Ada left )", "( Ada ( stayed here ) )"),
]


def official(label: str, premise: str, hypothesis: str) -> dict[str, Any]:
    """A record with the official files' fields."""
    texts = [" ".join(parse.replace("(", "").replace(")", "").split()) for parse in (premise, hypothesis)]
    return {
        "annotator_labels": [label],
        "captionID": "1.jpg#0",
        "gold_label": label,
        "pairID": "1.jpg#0r1e",
        "sentence1": texts[0],
        "sentence1_binary_parse": premise,
        "sentence1_parse": "(ROOT (S))",
        "sentence2": texts[1],
        "sentence2_binary_parse": hypothesis,
        "sentence2_parse": "(ROOT (S))",
    }


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five pairs, and one without a gold label."""
    path = tmp_path_factory.mktemp("corpus") / "snli.jsonl"
    path.write_text("".join(json.dumps(official(*pair)) + "\n" for pair in PAIRS))
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of training_configs/lib/snli.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None) -> Params:
        sizes = {"words": 5, "hidden": 4, "feedforward": 7}
        training = {"batch_size": 2, "dropout": 0.5, "trainer": {"num_epochs": 1, "optimizer": "adam"}}
        return experiment("snli", corpus, elmo, overrides, sizes=sizes, training=training)

    return make
