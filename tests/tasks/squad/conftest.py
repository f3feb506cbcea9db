"""A tiny corpus, and the experiment on it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

ROOT = Path(__file__).parents[3]

PARAGRAPHS = {
    "Oslo": {
        "Ada went to Oslo in 1903. She didn't like it.": {
            "q1": ("Where did Ada go?", ["Oslo", "to Oslo"]),
            "q2": ("When did she go?", ["1903", "in 1903"]),
        },
        "A ferry leaves at noon.": {"q3": ("When does the ferry leave?", ["at noon", "noon"])},
    },
    "Bees": {
        'Bees sleep at night, says Hannah, who keeps them on the roof of the "Astoria".': {
            "q4": ("Who keeps bees?", ["Hannah"]),
            "q5": ("Where are the bees?", ['the roof of the "Astoria"']),
        },
    },
}


def squad(paragraphs: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """SQuAD 1.1's JSON; an answer is where its text first occurs."""
    data = [
        {
            "title": title,
            "paragraphs": [
                {
                    "context": context,
                    "qas": [
                        {
                            "id": name,
                            "question": question,
                            "answers": [{"text": text, "answer_start": context.index(text)} for text in answers],
                        }
                        for name, (question, answers) in questions.items()
                    ],
                }
                for context, questions in article.items()
            ],
        }
        for title, article in paragraphs.items()
    ]
    return {"version": "1.1", "data": data}


@pytest.fixture
def content() -> dict[str, Any]:
    """The tiny corpus' JSON, to be changed as one likes."""
    return copy.deepcopy(squad(PARAGRAPHS))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], str]:
    """Writes JSON into a file, and gives its path."""

    def write(content: Any) -> str:
        path = tmp_path / "questions.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five questions about three passages."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.json"
    path.write_text(json.dumps(squad(PARAGRAPHS)), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of training_configs/lib/squad.libsonnet, at a tiny size, as a function of what it takes."""

    def make(
        elmo: str | None = None,
        self_attention: bool = True,
        overrides: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> Params:
        given = {
            "self_attention": self_attention,
            "sizes": {"words": 5, "characters": 4, "filters": 6, "filter_width": 3, "hidden": 4},
            "training": {"batch_size": 2, "trainer": {"num_epochs": 1, "optimizer": "adam"}},
        }
        return experiment("squad", corpus, elmo, overrides, **(given | arguments))

    return make
