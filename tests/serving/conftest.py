"""Models that answer what a test has them answer, and untrained ones of every task."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Model
from allennlp.predictors import Predictor

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.mixes import TrainedMix
from elmo_tasks.serving.drawings import AS_JSON, Drawing
from elmo_tasks.serving.served import ServedModel
from elmo_tasks.serving.service import Service
from tiny_bilms import make_bilm as make_bilm

ROOT = Path(__file__).parents[2]


class Canned(ServedModel):
    """A model whose answers are `answer`'s."""

    def __init__(
        self,
        name: str,
        answer: Callable[[dict[str, Any]], Any],
        drawing: Drawing = AS_JSON,
        examples: Sequence[dict[str, Any]] = (),
        mixes: Sequence[TrainedMix] = (),
        bilm: LayerSource | None = None,
    ) -> None:
        self.name, self.drawing, self.examples = name, drawing, list(examples)
        self.mixes, self.bilm = list(mixes), bilm
        self.predictor: Any = None
        self.batches: list[list[Any]] = []
        self._answer = answer

    def answers(self, inputs: Sequence[Any]) -> list[Any]:
        self.batches.append(list(inputs))
        return [self._answer(one) for one in inputs]


def untrained(task: str) -> ServedModel:
    """A model of a task's fixture config as training would begin from it."""
    params = Params.from_file(ROOT / f"training_configs/{task}/fixture_elmo.jsonnet")
    config = params.as_dict(quiet=True)
    reader = DatasetReader.from_params(params["dataset_reader"])
    vocab = Vocabulary.from_instances(list(reader.read(str(ROOT / config["train_data_path"]))))
    model = Model.from_params(params["model"], vocab=vocab).eval()
    kind: Any = Predictor.by_name(str(model.default_predictor))
    return ServedModel(task, model, kind(model, reader), config)


@contextmanager
def running(service: Service) -> Iterator[str]:
    """Serves at the address that it gives."""
    from elmo_tasks.serving.server import Server, address, listen, own_names

    started = threading.Event()
    with listen("127.0.0.1", 0) as listening:
        server = Server(service, started.set, own_names(listening))
        thread = threading.Thread(target=server.serve_on, args=[listening])
        thread.start()
        try:
            assert started.wait(60)
            yield address(listening)
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture(scope="session", autouse=True)
def with_the_optional_group() -> None:
    """These tests need the libraries of the group "serve"."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
