from collections.abc import Callable
from typing import ClassVar

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from label_predictor_tests import LabelPredictorTests


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
