"""A tiny corpus in SNLI's official form, and the experiment on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
from allennlp.common import Params
from allennlp.common.params import with_overrides

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
def config(corpus: str, make_bilm: Callable[[int], dict[str, str]]) -> Callable[..., Params]:
    """The experiment of training_configs/lib/snli.libsonnet, at a tiny size, as a function of what it takes."""
    bilm = {**make_bilm(6), "dim": 6}
    library = Path(__file__).parents[3] / "training_configs" / "lib" / "snli.libsonnet"

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None) -> Params:
        arguments = json.dumps({"train": corpus, "validation": corpus, "bilm": bilm if elmo else None})
        snippet = f"""
            local snli = import {json.dumps(str(library))};
            local given = {arguments};
            snli.experiment(
              train=given.train, validation=given.validation, bilm=given.bilm, place={json.dumps(elmo or "input")},
              sizes={{ words: 5, hidden: 4, feedforward: 7 }},
              training={{ batch_size: 2, dropout: 0.5, trainer: {{ num_epochs: 1, optimizer: 'adam' }} }},
            )
        """
        params = Params(json.loads(_jsonnet.evaluate_snippet("test", snippet)))
        return Params(with_overrides(params.as_dict(), overrides or {}))

    return make
