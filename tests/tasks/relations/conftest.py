"""A tiny corpus, and the experiment on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params

import elmo_tasks.embedders.elmo_token_embedder  # noqa: F401

FIXTURES = Path(__file__).parents[3] / "fixtures" / "relations"

EXAMPLES = [
    ("Cause-Effect(e1,e2)", "The <e1>storm</e1> caused a <e2>flood</e2> ."),
    ("Cause-Effect(e2,e1)", "A <e1>fall</e1> from ice , black <e2>ice</e2> on the old stone bridge"),
    ("Other", "<e1>Ada</e1> saw <e2>Bo</e2>"),
    ("Component-Whole(e1,e2)", "the big <e1>back wheel</e1> of my <e2>cart</e2>"),
    ("Other", "<e1>Ink</e1><e2>pot</e2> ?"),
]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with five sentences."""
    path = tmp_path_factory.mktemp("corpus") / "sentences.txt"
    path.write_text(
        "".join(f'{number}\t"{text}"\n{label}\nComment:\n\n' for number, (label, text) in enumerate(EXAMPLES))
    )
    return str(path)


@pytest.fixture(scope="session")
def config(corpus: str, experiment: Callable[..., Params]) -> Callable[..., Params]:
    """The experiment of lib/relations.libsonnet, at a tiny size, as a function of what it takes."""

    def make(elmo: str | None = None, overrides: dict[str, Any] | None = None, **arguments: Any) -> Params:
        sizes = {"words": 5, "position": 3, "max_distance": 2, "projection": 7, "hidden": 4, "layers": 1}
        training = {"batch_size": 2, "dropout": 0.5, "trainer": {"num_epochs": 1, "optimizer": "adam"}}
        return experiment("relations", corpus, elmo, overrides, sizes=sizes, training=training, **arguments)

    return make
