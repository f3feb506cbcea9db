import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.predictors import Predictor

from elmo_tasks.bilm import BiLM
from elmo_tasks.serving.app import PAGE
from elmo_tasks.serving.drawings import DRAWINGS, EXAMPLES, Drawing
from elmo_tasks.serving.errors import BadInputError, RequestError, ServingError
from elmo_tasks.serving.served import ServedModel
from elmo_tasks.tasks.base.predictor import LinePredictor

from .conftest import untrained


@pytest.fixture(scope="module")
def tagger() -> ServedModel:
    return untrained("ner")


def test_a_taggers_description(tagger: ServedModel) -> None:
    assert tagger.drawing == Drawing("tags", ("sentence",))
    assert tagger.examples
    assert isinstance(tagger.bilm, BiLM)
    (mix,) = tagger.mixes
    assert mix.place == "input"
    assert mix.weights == pytest.approx([1 / 3] * 3)


def test_answers_are_the_predictors(tagger: ServedModel) -> None:
    inputs = [{"sentence": "Ada met Bo."}, {"tokens": ["🐱", "İ", "x" * 500]}, {"sentence": "你好 שלום \u200b"}]
    assert tagger.answers(inputs) == [tagger.predictor.predict_json(one) for one in inputs]


def test_a_bad_input_costs_no_other_its_answer(tagger: ServedModel) -> None:
    good = {"sentence": "Ada met Bo."}
    first, no_object, no_string, last = tagger.answers([good, {}, {"sentence": 1}, good])
    assert first == last == tagger.predictor.predict_json(good)
    for bad, message in (
        (no_object, 'an object with either "sentence" or "tokens".'),
        (no_string, "a string, not int."),
    ):
        assert isinstance(bad, BadInputError)
        # Without the input's beginning, which is seen beside it.
        assert str(bad).endswith(message)
    (only_bad,) = tagger.answers([{}])
    assert isinstance(only_bad, BadInputError)


class Fragile(LinePredictor):
    """Fails on batches of more than one, and on a text."""

    def __init__(self) -> None:
        """Without a model."""

    def read_json(self, inputs: Any) -> Any:
        return inputs["text"]

    def answer(self, read: list[Any]) -> list[Any]:
        if len(read) > 1 or "broken" in read:
            raise MemoryError
        return [{"length": len(text)} for text in read]


def with_predictor(predictor: Predictor, tagger: ServedModel, **more: Any) -> ServedModel:
    return ServedModel("m", tagger.predictor._model, predictor, {}, **more)


def test_where_a_batch_fails_each_is_tried_by_itself(tagger: ServedModel, caplog: pytest.LogCaptureFixture) -> None:
    model = with_predictor(Fragile(), tagger)
    with caplog.at_level(logging.ERROR):
        one, broken, other, none = model.answers([{"text": "a"}, {"text": "broken"}, {"text": "abc"}, {}])
    assert (one, other) == ({"length": 1}, {"length": 3})
    assert type(broken) is RequestError
    assert "MemoryError" in str(broken)
    assert isinstance(none, BadInputError)
    assert str(none) == "The input must have 'text'."
    assert "MemoryError" in caplog.text


class Faulty(LinePredictor):
    """Reads well, and fails in the model."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read_json(self, inputs: Any) -> Any:
        return inputs["text"]

    def answer(self, read: list[Any]) -> list[Any]:
        raise self.error


class FaultyOfStock(Predictor):
    """The same in stock's own steps."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def _json_to_instance(self, json_dict: Any) -> Any:
        return json_dict["text"]

    def predict_instance(self, instance: Any) -> Any:
        raise self.error


@pytest.mark.parametrize("kind", [Faulty, FaultyOfStock])
@pytest.mark.parametrize("error", [KeyError("tags"), ValueError("shapes"), IndexError("no such")])
def test_what_fails_in_the_model_is_no_fault_of_the_input(
    error: Exception, kind: Any, tagger: ServedModel, caplog: pytest.LogCaptureFixture
) -> None:
    model = with_predictor(kind(error), tagger)
    failed, bad = model.answers([{"text": "a"}, {}])
    assert type(failed) is RequestError
    assert failed.status == 500
    assert type(error).__name__ in caplog.text
    assert isinstance(bad, BadInputError)
    assert str(bad) == "The input must have 'text'."


def test_a_text_that_the_model_refuses(tagger: ServedModel) -> None:
    """As coreference does where a document would take too much memory."""
    (refused,) = with_predictor(Faulty(ConfigurationError("The text is\ntoo long.")), tagger).answers([{"text": "a"}])
    assert isinstance(refused, BadInputError)
    assert str(refused) == "The text is too long."


class Stocks(Predictor):
    """Somebody else's."""

    def __init__(self) -> None:
        """Without a model."""

    def predict_json(self, inputs: Any) -> Any:
        return {"upper": inputs["text"].upper()}

    def _json_to_instance(self, json_dict: Any) -> Instance:
        raise NotImplementedError


def test_a_predictor_of_somebody_elses(tagger: ServedModel) -> None:
    model = with_predictor(Stocks(), tagger)
    assert model.drawing.shape == "json"
    assert not model.drawing.fields
    assert not model.examples
    good, bad = model.answers([{"text": "a"}, {}])
    assert good == {"upper": "A"}
    assert str(bad) == "The input must have 'text'."


def test_examples_of_ones_own(tagger: ServedModel, tmp_path: Path) -> None:
    file = tmp_path / "examples.txt"
    file.write_text('Ada left.\n\n{"tokens": ["Bo", "left"]}\n' + "Ann left.\n" * 30, encoding="utf-8")
    model = with_predictor(tagger.predictor, tagger, examples=file)
    assert model.examples[:3] == [{"sentence": "Ada left."}, {"tokens": ["Bo", "left"]}, {"sentence": "Ann left."}]
    assert len(model.examples) == 19
    file.write_text("Ada left.\n\n{broken\n")
    with pytest.raises(ServingError, match=r"examples\.txt: Line 3: .*begins with { but is not JSON"):
        with_predictor(tagger.predictor, tagger, examples=file)
    with pytest.raises(FileNotFoundError):
        with_predictor(tagger.predictor, tagger, examples=tmp_path / "nothing.txt")


def test_an_archive_whose_model_has_no_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    class Opened:
        model = object()

    monkeypatch.setattr("elmo_tasks.serving.served.open_archive", lambda *arguments: Opened())
    monkeypatch.setattr(Predictor, "from_archive", lambda opened, name: Predictor.__new__(Predictor))
    with pytest.raises(ServingError, match=r"^run: object has no predictor of its own: name one by --predictor\.$"):
        ServedModel.from_archive("m", "run")


# The table


def test_every_tasks_predictor_is_in_the_table() -> None:
    kinds: dict[str, Any] = {name: Predictor.by_name(name) for name in Predictor.list_available()}
    of_tasks = {name for name, kind in kinds.items() if kind.__module__.startswith("elmo_tasks.tasks.")}
    assert of_tasks == set(DRAWINGS)


def test_every_shape_is_drawn_by_the_page() -> None:
    shapes = PAGE.read_text(encoding="utf-8").split("const SHAPES = {")[1].split("\n};")[0]
    drawn = set(re.findall(r"^  (\w+)[(:]", shapes, re.MULTILINE))
    assert drawn == {drawing.shape for drawing in DRAWINGS.values()} | {"json"}


def test_a_line_of_a_package_that_is_not_there(tagger: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DRAWINGS, "somebody_elses", Drawing("tags", ()))
    with pytest.raises(ConfigurationError):
        Predictor.by_name("somebody_elses")
    assert with_predictor(Stocks(), tagger).drawing.shape == "json"


def test_examples_have_the_fields_of_their_predictors() -> None:
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    assert set(examples) == set(DRAWINGS)
    for name, inputs in examples.items():
        assert inputs
        for one in inputs:
            assert tuple(one) == DRAWINGS[name].fields
