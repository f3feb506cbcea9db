"""Predictions for the lines of a file: a bad line is named, or skipped."""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.data.fields import LabelField
from allennlp.models import Model
from allennlp.predictors import Predictor
from overrides import overrides
from torch import nn

from elmo_tasks.checks import check_flag
from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.model import ElmoModel

logger = logging.getLogger(__name__)


class _Line(dict[str, Any]):
    """The JSON object of a line, which remembers the line's number, and what is wrong with it if anything is."""

    def __init__(self, content: JsonDict, number: int, problem: str | None = None) -> None:
        super().__init__(content)
        self.number, self.problem = number, problem


class _BadLine(NamedTuple):
    answer: JsonDict


class LinePredictor(Predictor):
    """
    A predictor whose errors name the line of the file that `elmo-tasks predict` reads.

    Subclasses have `_json_to_instance`, and may have `raw_text` and `instance_answer`; or `read_json` and `answer`,
    where an input is not one instance. They raise `bad_input` for what they cannot read.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        Go on after a line that is no JSON, not what the task asks for, or what the model refuses, such as a document
        that needs too much memory. Its answer is `{"line": 3, "error": "..."}`, so that there is still an answer for
        each line. `elmo-tasks elmo-predict --skip-bad-lines` sets it, and
        `elmo-tasks predict --predictor-args '{"skip_bad_lines": true}'`.

    # Raises

    `ConfigurationError`
        If `skip_bad_lines` is neither true nor false.
    """

    raw_text: ClassVar[str | None] = None
    """Which part of the input a line is that does not begin with `{`. None: all lines are JSON."""

    counted_in_tokens: ClassVar[str | None] = None
    """What an instance has as its tokens' numbers, such as entities' places; Interpret's input reduction is refused."""

    counted_in_field: ClassVar[str | None] = None
    """The one field of whose tokens these are the numbers, where others may be reduced. None: no field may be."""

    def __init__(
        self, model: Model, dataset_reader: DatasetReader, frozen: bool = True, skip_bad_lines: bool = False
    ) -> None:
        super().__init__(model, dataset_reader, frozen)
        check_flag(ConfigurationError, skip_bad_lines=skip_bad_lines)
        self._skips = skip_bad_lines
        self.lines_read = 0
        """Lines before the one that `load_line` is given next."""

    @overrides
    def load_line(self, line: str) -> JsonDict:
        """
        # Raises

        `ConfigurationError`
            With the line's number and beginning, if it is no JSON object and bad lines are not skipped.
        """
        self.lines_read += 1
        try:
            content: Any = parse_json(line) if self.raw_text is None else _json_or_text(line, self.raw_text)
            if isinstance(content, dict):
                return _Line(content, self.lines_read)
            problem = str(bad_input(line, f"is no JSON object but a {type(content).__name__}"))
        except ConfigurationError as error:
            problem = str(error)
        except ValueError as error:
            problem = str(bad_input(line, f"is {error}"))
        return self._bad(_Line({}, self.lines_read), problem)

    def read_json(self, inputs: JsonDict) -> Any:
        """What `answer` takes of one input. Raises `ConfigurationError`."""
        return self._json_to_instance(inputs)

    def answer(self, read: list[Any]) -> list[JsonDict]:
        """The answers for what `read_json` gave."""
        return self.predict_batch_instance(read)

    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        """The answer for one instance, from what the model says of it."""
        return output

    @overrides
    def get_interpretable_layer(self) -> nn.Module:
        """What AllenNLP Interpret takes gradients of: all that a model of ours sees of a text, ELMo's vectors too."""
        return self._model.input_vectors if isinstance(self._model, ElmoModel) else super().get_interpretable_layer()

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret; subclasses that predict labels have this method."""
        raise ConfigurationError(
            f"AllenNLP Interpret cannot explain what {type(self).__name__} predicts: it takes the gradients of "
            "predicted labels, and here there are none."
        )

    @overrides
    def predict_instance(self, instance: Instance) -> JsonDict:
        return self.predict_batch_instance([instance])[0]

    @overrides
    def predict_batch_instance(self, instances: list[Instance]) -> list[JsonDict]:
        outputs = super().predict_batch_instance(instances)
        return [self.instance_answer(instance, output) for instance, output in zip(instances, outputs, strict=True)]

    @overrides
    def predict_json(self, inputs: JsonDict) -> JsonDict:
        return self.predict_batch_json([inputs])[0]

    @overrides
    def predict_batch_json(self, inputs: list[JsonDict]) -> list[JsonDict]:
        answers = [self._of_line(one, self.read_json, one, ConfigurationError, ValueError) for one in inputs]
        good = [number for number, read in enumerate(answers) if not isinstance(read, _BadLine)]
        of_good = self._answers_of_lines([(inputs[number], answers[number]) for number in good])
        for number, answer in zip(good, of_good, strict=True):
            answers[number] = answer
        return [one.answer if isinstance(one, _BadLine) else one for one in answers]

    def _answers_of_lines(self, lines: list[tuple[JsonDict, Any]]) -> list[Any]:
        """For inputs and what was read of each: from one batch where that works."""
        if len(lines) > 1:
            # One may be too much for the model.
            with suppress(ConfigurationError):
                return self.answer([read for _, read in lines])
        return [
            self._of_line(one, lambda read: self.answer([read])[0], read, ConfigurationError) for one, read in lines
        ]

    def _of_line(self, inputs: JsonDict, make: Callable[[Any], Any], given: Any, *errors: type[Exception]) -> Any:
        """What `make` gives for a line's content, or a `_BadLine` where that raises one of the errors."""
        if not isinstance(inputs, _Line):
            return make(given)
        if inputs.problem is None:
            try:
                return make(given)
            except errors as error:
                inputs = self._bad(inputs, str(error))
        return _BadLine({"line": inputs.number, "error": inputs.problem})

    def _bad(self, line: _Line, problem: str) -> _Line:
        if not self._skips:
            raise ConfigurationError(f"Line {line.number}: {problem}")
        logger.warning(f"Line {line.number} is skipped: {problem}")
        return _Line(line, line.number, problem)


class LabelPredictor(LinePredictor):
    """A predictor that gives each instance one label, by a model of ours or of stock's."""

    stocks_probabilities: ClassVar[str] = "probs"
    """What stock models call the labels' probabilities, which are by the labels' numbers."""

    def label_and_probabilities(self, output: JsonDict) -> tuple[str, dict[str, float]]:
        """
        The most probable label, and all labels' probabilities.

        # Parameters

        output : `JsonDict`
            What the model gives for an instance. Our models have `label` and `probabilities`, by the labels' names.

        # Raises

        `ConfigurationError`
            If somebody else's model gives neither.
        """
        if "probabilities" in output:
            return output["label"], output["probabilities"]
        name, vocab, namespace = self.stocks_probabilities, self._model.vocab, self._namespace()
        check_output(self._model, output, name)
        labels, special = vocab.get_index_to_token_vocabulary(namespace), special_tokens(vocab, namespace)
        probabilities = {
            labels[index]: float(probability)
            for index, probability in enumerate(output[name])
            if index in labels and index not in special
        }
        return max(probabilities, key=probabilities.__getitem__), probabilities

    def _namespace(self) -> str:
        """Where the vocabulary has the model's labels; stock models call it otherwise, or do not say."""
        model = self._model
        namespace: Any = getattr(model, "label_namespace", None) or getattr(model, "_label_namespace", "labels")
        return str(namespace)

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: the instance with its predicted label."""
        labeled = instance.duplicate()
        label, _ = self.label_and_probabilities(outputs)
        labeled.add_field("label", LabelField(label, self._namespace()), self._model.vocab)
        return [labeled]


class InputError(ConfigurationError):
    """
    What is wrong with an input, and how the input begins.

    # Attributes

    problem : `str`
        The former alone, for who sees the input beside it.
    """

    def __init__(self, problem: str, beginning: str) -> None:
        super().__init__(f"{problem} It begins: {beginning}")
        self.problem = problem


def bad_input(given: Any, message: str) -> InputError:
    """The error that says what is wrong with an input: a line, or the JSON in it."""
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    return InputError(f"The input {message}.", text.strip()[:200])


def _json_or_text(line: str, name: str) -> JsonDict:
    """
    A JSON object where the line begins with `{`; otherwise the line is raw text, which stands in the object as `name`.

    # Raises

    `ConfigurationError`
        If the line begins with `{` and is no JSON.
    """
    # Files that were put together have their byte order marks in the middle.
    line = line.removeprefix("\ufeff")
    if not line.lstrip().startswith("{"):
        return {name: line.strip("\r\n")}
    try:
        return parse_json(line)
    except JSONError as error:
        raise bad_input(line, f"begins with {{ but is {error}") from None


def read_by(reader: DatasetReader, fields: Iterable[str], *inputs: Any, **named: Any) -> Instance:
    """
    An instance of any reader, ours or another, that a predictor can work with.

    # Parameters

    reader : `DatasetReader`
    fields : `Iterable[str]`
        Those that the instance must have.
    inputs, named : `Any`
        What the reader's `text_to_instance` is given.

    # Raises

    `ConfigurationError`
        If the reader takes something else, or makes other fields.
    """
    name = type(reader).__name__
    try:
        instance = reader.text_to_instance(*inputs, **named)
    except (TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"The reader {name} does not take what this predictor reads ({error}): use its model's own predictor."
        ) from error
    if missing := [field for field in fields if field not in instance.fields]:
        raise ConfigurationError(
            f"This predictor needs instances with the field {missing[0]}; those of the reader {name} have "
            f"{', '.join(instance.fields)}: use its model's own predictor."
        )
    return instance


def check_output(model: Model, output: JsonDict, *names: str) -> None:
    """Raises `ConfigurationError` if somebody else's model does not give what a predictor needs of it."""
    if missing := [name for name in names if name not in output]:
        raise ConfigurationError(
            f'This predictor needs a model that gives "{missing[0]}"; {type(model).__name__} gives '
            f"{', '.join(output) or 'nothing'}: use its own predictor."
        )


def token_texts(text: Any) -> list[str]:
    """The tokens of a text field, as strings."""
    return [str(token.text) for token in text.tokens]
