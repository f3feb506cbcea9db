from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from allennlp.commands.evaluate import evaluate_from_archive
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.predictors import Predictor
from label_predictor_tests import LabelPredictorTests

from elmo_tasks.tasks.classification.reader import ClassificationReader
from task_setup import TaskSetup


@pytest.fixture(scope="module")
def archive(config: Callable[..., Params], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that was trained on phrases, and has learned next to nothing."""
    folder = tmp_path_factory.mktemp("sst") / "run"
    train_model(config("both", phrases="all"), str(folder))
    return str(folder / "model.tar.gz")


class TestWhatHoldsForAll(LabelPredictorTests):
    name = "elmo_sst"
    labels: ClassVar = {"0", "1", "2", "3", "4"}
    given: ClassVar = {"text": "It doesn't work."}
    line = "It doesn't work."
    shown: ClassVar = {"tokens": ["It", "does", "n't", "work", "."]}
    others: ClassVar = [
        {"text": "Ada left Oslo ."},
        {"text": "A dog barked all day long and then some more ."},
        {"tokens": ["Awful", "!"]},
    ]
    unreadable: ClassVar = [" "]


def test_two_classes_are_scored_without_what_is_neutral(
    config: Callable[..., Params], corpus: str, tmp_path: Path
) -> None:
    """As SST-2 has it: of the corpus' five sentences one is neutral."""
    train_model(config(None, classes=2), str(tmp_path / "run"))
    metrics = evaluate_from_archive(tmp_path / "run" / "model.tar.gz", corpus)
    assert metrics["accuracy"] in (0, 1 / 4, 2 / 4, 3 / 4, 1)
    assert {name for name in metrics if name.startswith("recall")} == {"recall-0", "recall-1"}


def test_what_a_reader_cuts_off_is_said(config: Callable[..., Params]) -> None:
    setup = TaskSetup(config(None))
    setup.model.eval()
    reader = ClassificationReader(max_tokens=2)
    answer = Predictor.by_name("elmo_sst")(setup.model, reader).predict_json({"tokens": ["It", "works", "."]})
    assert (answer["tokens"], answer["tokens_left_out"]) == (["It", "works"], 1)
