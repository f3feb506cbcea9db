"""Predictions for the lines of a file: a bad line is named, or skipped."""

import json
import logging
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor
from overrides import overrides

logger = logging.getLogger(__name__)


class _Line(dict[str, Any]):
    """The JSON object of a line, which remembers the line's number, and what is wrong with it if anything is."""

    def __init__(self, content: JsonDict, number: int, problem: str | None = None) -> None:
        super().__init__(content)
        self.number, self.problem = number, problem


class LinePredictor(Predictor):
    """
    A predictor whose errors name the line of the file that `allennlp predict` reads; subclasses have `parse_line` and
    `_json_to_instance`, and raise `ConfigurationError` in them.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        Go on after a line that is no JSON or not what the task asks for. Its answer is `{"line": 3, "error": "..."}`,
        so that there is still an answer for each line. `allennlp elmo-predict --skip-bad-lines` sets it, and
        `allennlp predict --predictor-args '{"skip_bad_lines": true}'`.
    """

    def __init__(
        self, model: Model, dataset_reader: DatasetReader, frozen: bool = True, skip_bad_lines: bool = False
    ) -> None:
        super().__init__(model, dataset_reader, frozen)
        self._skips = skip_bad_lines
        self.lines_read = 0
        """Lines before the one that `load_line` is given next."""

    def parse_line(self, line: str) -> JsonDict:
        """A line's JSON object. Raises `ValueError` or `ConfigurationError`."""
        return json.loads(line)

    @overrides
    def load_line(self, line: str) -> JsonDict:
        """
        # Raises

        `ConfigurationError`
            With the line's number and beginning, if it is no JSON object and bad lines are not skipped.
        """
        self.lines_read += 1
        try:
            content = self.parse_line(line)
            if isinstance(content, dict):
                return _Line(content, self.lines_read)
            problem = _problem(line, f"no JSON object but a {type(content).__name__}")
        except ConfigurationError as error:
            problem = str(error)
        except (ValueError, RecursionError) as error:
            problem = _problem(line, f"not JSON: {error}")
        return self._bad(_Line({}, self.lines_read), problem)

    @overrides
    def predict_json(self, inputs: JsonDict) -> JsonDict:
        instance = self._instance(inputs)
        return self.predict_instance(instance) if isinstance(instance, Instance) else instance

    @overrides
    def predict_batch_json(self, inputs: list[JsonDict]) -> list[JsonDict]:
        made = [self._instance(one) for one in inputs]
        instances = [one for one in made if isinstance(one, Instance)]
        answers = iter(self.predict_batch_instance(instances) if instances else [])
        return [next(answers) if isinstance(one, Instance) else one for one in made]

    def _instance(self, inputs: JsonDict) -> Instance | JsonDict:
        """The input's instance; or for a bad line that is skipped, its answer."""
        if not isinstance(inputs, _Line):
            return self._json_to_instance(inputs)
        if inputs.problem is None:
            try:
                return self._json_to_instance(inputs)
            except (ConfigurationError, ValueError) as error:
                inputs = self._bad(inputs, str(error))
        return {"line": inputs.number, "error": inputs.problem}

    def _bad(self, line: _Line, problem: str) -> _Line:
        if not self._skips:
            raise ConfigurationError(f"Line {line.number}: {problem}")
        logger.warning(f"Line {line.number} is skipped: {problem}")
        return _Line(line, line.number, problem)


def _problem(line: str, message: str) -> str:
    return f"The input is {message}. It begins: {line.strip()[:200]}"
