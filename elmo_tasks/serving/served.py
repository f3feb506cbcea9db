"""A trained model that is served: its predictor, how its answers are drawn, its mixes and its biLM."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.models import Model
from allennlp.predictors import Predictor

from elmo_tasks.archives import open_archive
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.embedders.bilms import bilms_of
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder
from elmo_tasks.files import one_line, read_lines
from elmo_tasks.mixes import read_config, trained_mixes
from elmo_tasks.serving.drawings import AS_JSON, DRAWINGS, examples_of, name_of
from elmo_tasks.serving.errors import BadInputError, RequestError, ServingError
from elmo_tasks.tasks.base.predictor import InputError, LinePredictor

logger = logging.getLogger(__name__)

_MOST_EXAMPLES = 20


class ServedModel:
    """
    # Parameters

    name : `str`
        What it is called on the page and in the API.
    model : `Model`
    predictor : `Predictor`
        The model's.
    config : `Mapping[str, Any]`
        The training's, which says how the mixes were set; see `read_config`.
    examples : `str` or `Path`, optional
        A file whose first lines the page offers to try, as `elmo-tasks predict` takes it. Without it there are some in
        English.

    # Raises

    `ServingError`
        If the examples cannot be read.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        predictor: Predictor,
        config: Mapping[str, Any],
        examples: str | Path | None = None,
    ) -> None:
        self.name = name
        self.predictor = predictor
        known = name_of(predictor)
        self.drawing = AS_JSON if known is None else DRAWINGS[known]
        self.examples = examples_of(known) if examples is None else self._read_examples(Path(examples))
        self.mixes = trained_mixes(dict(model.named_parameters()), config)
        self.bilm = _bilm_of(model)

    @classmethod
    def from_archive(
        cls,
        name: str,
        archive: str | Path,
        predictor: str | None = None,
        cuda_device: int = -1,
        examples: str | Path | None = None,
        overrides: str = "",
    ) -> "ServedModel":
        """
        # Parameters

        name : `str`
        archive : `str` or `Path`
            A model.tar.gz or a run's folder.
        predictor : `str`, optional
            The registered name of a predictor, where the model is not to have its own.
        cuda_device : `int`
            -1 for the processor.
        examples : `str` or `Path`, optional
        overrides : `str`
            Of the archive's config, as in AllenNLP.

        # Raises

        `ServingError`
            As above; or if the model has no predictor of its own, and none is given.
        `ConfigurationError`, `UnsafeArchiveError`
            As `open_archive`; or if there is no such predictor.
        """
        opened = open_archive(archive, cuda_device, overrides)
        found = Predictor.from_archive(opened, predictor)
        if type(found) is Predictor:
            raise ServingError(
                f"{archive}: {type(opened.model).__name__} has no predictor of its own: name one by --predictor."
            )
        config = opened.config.as_dict(quiet=True)
        model = config.get("model")
        if isinstance(model, dict) and model.get("type") == "from_archive":
            # Which says only where the model came from.
            config = read_config(archive)
        return cls(name, opened.model, found, config, examples)

    def answers(self, inputs: Sequence[JsonDict]) -> list[JsonDict | RequestError]:
        """
        The predictor's answers, from one batch where that works. An input that cannot be answered costs no other its
        answer, and has in its place what is wrong with it.
        """
        if not isinstance(self.predictor, LinePredictor):
            return [self._answer_of_other(one) for one in inputs]
        read = [_read(self.predictor.read_json, one) for one in inputs]
        good = [one for one in read if not isinstance(one, RequestError)]
        answers = iter(self._answers_of_batch(good))
        return [one if isinstance(one, RequestError) else next(answers) for one in read]

    def _read_examples(self, path: Path) -> list[JsonDict]:
        examples = []
        for number, line in islice(read_lines(path, ServingError), _MOST_EXAMPLES):
            # Our predictors name the line themselves.
            self.predictor.lines_read = number - 1  # type: ignore[attr-defined]
            try:
                if line.strip():
                    examples.append(dict(self.predictor.load_line(line)))
            except (ConfigurationError, ValueError) as error:
                raise ServingError(f"{path}: {error}") from None
        return examples

    def _answers_of_batch(self, read: list[Any]) -> Sequence[JsonDict | RequestError]:
        assert isinstance(self.predictor, LinePredictor)
        answer = self.predictor.answer
        try:
            return answer(read) if read else []
        except Exception:
            # One may be at fault, or all together too large for the memory.
            return [_answered(lambda one: answer([one])[0], one) for one in read]

    def _answer_of_other(self, given: JsonDict) -> Any:
        """The answer of a predictor that is no `LinePredictor`."""
        predictor = self.predictor
        if type(predictor).predict_json is not Predictor.predict_json:
            # It is not known in which steps it answers.
            return _read(predictor.predict_json, given)
        read = _read(predictor._json_to_instance, given)
        return read if isinstance(read, RequestError) else _answered(predictor.predict_instance, read)


def _read(read: Callable[[Any], Any], given: Any) -> Any:
    """What is read of an input, or the error of whoever sent it."""
    try:
        return read(given)
    except InputError as error:
        return BadInputError(error.problem)
    except (ConfigurationError, ValueError) as error:
        return BadInputError(one_line(error))
    except KeyError as error:
        # As predictors that are not ours say it.
        return BadInputError(f"The input must have {error}.")
    except Exception as error:
        return _failure(error)


def _answered(answer: Callable[[Any], Any], read: Any) -> Any:
    """The answer for what was read, or our error; the sender's where a model says that a text is too much for it."""
    try:
        return answer(read)
    except ConfigurationError as error:
        return BadInputError(one_line(error))
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> RequestError:
    """Ours, with its traceback in the log."""
    logger.exception("An input was not answered")
    return RequestError(f"The model failed on this input ({type(error).__name__}); the server's log has more.")


def _bilm_of(model: Model) -> LayerSource | None:
    """The biLM, or the transformer in its place, whose layers the model mixes; the first of several."""
    for module in model.modules():
        if isinstance(module, ElmoTokenEmbedder):
            return module.bilm
    return next(iter(bilms_of(model).values()), None)
