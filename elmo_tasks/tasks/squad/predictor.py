"""Questions and passages to answers."""

import inspect
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict, lazy_groups_of
from allennlp.data import DatasetReader, Instance
from allennlp.data.fields import IndexField, SpanField
from allennlp.models import Model
from allennlp.predictors import Predictor
from overrides import overrides
from torch import Tensor

from elmo_tasks.checks import check_count
from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input, check_output, read_by
from elmo_tasks.tasks.squad.decoding import best_spans
from elmo_tasks.tasks.squad.reader import SquadReader

_BATCH = 32
"""So many instances at once go through the model, whatever is asked at once."""


class _Asked(NamedTuple):
    id: str | None
    question: str
    passage: str


class _Window(NamedTuple):
    """What the metadata of an instance say of its passage field: whose text, which token first, and where each is."""

    id: str | None
    passage: str
    start: int
    offsets: list[tuple[int, int]]


@Predictor.register("elmo_reading_comprehension")
class ReadingComprehensionPredictor(LinePredictor):
    """
    Answers questions about passages: `{"passage": "Ada went to Oslo.", "question": "Where did she go?"}`.

    The answer has `answer`, its text; its characters in the passage, from `start_char` up to and without `end_char`,
    counted as Python counts them (in Unicode code points); its `probability`, that of its start times that of its end;
    and `best`, the best spans of all, of which it is the first. Those have their tokens too, from `start` up to and
    without `end`. If the question has an `"id"`, so has the answer.

    SQuAD's own JSON is an input too: a file of it (all in one line), an article of one or a paragraph of one, with or
    without answers. The output is then `{question id: answer}`, the form of predictions that the official script
    scores.

    Stock models are served too (`--predictor elmo_reading_comprehension`): their reader makes the fields `question` and
    `passage`, and `metadata` with `original_passage` and `token_offsets`, as "squad" does, and they give
    `span_start_logits` and `span_end_logits`, as "bidaf" and "qanet" do.

    # Parameters

    best : `int`, optional (default = `5`)
        How many of the best spans to give (`--predictor-args '{"best": 1}'`).
    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with the input's beginning; or if another reader's instances have no such
        fields, or another model gives no such scores.

    Registered as a `Predictor` with name "elmo_reading_comprehension".
    """

    counted_in_tokens = "The answer's places in the passage"
    counted_in_field = "passage"

    def __init__(
        self,
        model: Model,
        dataset_reader: DatasetReader,
        frozen: bool = True,
        best: int = 5,
        skip_bad_lines: bool = False,
    ) -> None:
        super().__init__(model, dataset_reader, frozen, skip_bad_lines)
        check_count(ConfigurationError, best=best)
        self._best = best
        self._max_span_length: int | None = getattr(model, "max_span_length", None)

    def predict(self, question: str, passage: str) -> JsonDict:
        """The answer to one question."""
        return self.predict_json({"question": question, "passage": passage})

    @overrides
    def read_json(self, inputs: JsonDict) -> tuple[bool, list[_Asked]]:
        """Whether the input is SQuAD's JSON, and its questions."""
        asked = _asked(inputs)
        return "question" not in inputs, asked

    @overrides
    def answer(self, read: list[Any]) -> list[JsonDict]:
        answers = self._answers(question for _, asked in read for question in asked)
        outputs = []
        for is_squad, asked in read:
            given = [next(answers) for _ in asked]
            outputs.append({answer["id"]: answer["answer"] for answer in given} if is_squad else given[0])
        return outputs

    def _answers(self, asked: Iterable[_Asked]) -> Iterator[JsonDict]:
        """A few questions at a time, so that a whole file's instances are never there at once."""
        for windows in lazy_groups_of(self._instances(asked), _BATCH):
            outputs = iter(self._outputs(instance for one in windows for instance in one))
            for one in windows:
                yield self._answer(one, [next(outputs) for _ in one])

    def _instances(self, asked: Iterable[_Asked]) -> Iterator[list[Instance]]:
        """Of each question one a window of the passage."""
        reader = self._dataset_reader
        for passage, questions in groupby(asked, key=lambda one: one.passage):
            if isinstance(reader, SquadReader):
                yield from reader.instances_of(passage, ((one.question, one.id) for one in questions))
            else:
                yield from ([self._instance(one)] for one in questions)

    def _instance(self, asked: _Asked) -> Instance:
        """By another reader than ours."""
        reader = self._dataset_reader
        instance = read_by(reader, ["question", "passage", "metadata"], question=asked.question, passage=asked.passage)
        _metadata(instance, reader)["id"] = asked.id
        return instance

    def _outputs(self, instances: Iterable[Instance]) -> list[JsonDict]:
        outputs: list[JsonDict] = []
        for batch in lazy_groups_of(instances, _BATCH):
            for instance in batch:
                self._dataset_reader.apply_token_indexers(instance)
            outputs += self._model.forward_on_instances(batch)
        return outputs

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        (asked,) = _asked(json_dict)
        return next(self._instances([asked]))[0]

    @overrides
    def predict_batch_instance(self, instances: list[Instance]) -> list[JsonDict]:
        """The answers of single windows of passages."""
        outputs = self._outputs(instances)
        return [self._answer([instance], [output]) for instance, output in zip(instances, outputs, strict=True)]

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: the question with its predicted answer's tokens."""
        labeled = instance.duplicate()
        passage: Any = labeled["passage"]
        first, last = (int(place) for place in outputs["best_span"])
        if "span_start" in inspect.signature(self._model.forward).parameters:
            # A stock model.
            labeled.add_field("span_start", IndexField(first, passage), self._model.vocab)
            labeled.add_field("span_end", IndexField(last, passage), self._model.vocab)
        else:
            labeled.add_field("answer_span", SpanField(first, last, passage), self._model.vocab)
        return [labeled]

    def _answer(self, instances: list[Instance], outputs: list[JsonDict]) -> JsonDict:
        """From the windows of one passage."""
        windows = [_window(instance, self._dataset_reader) for instance in instances]
        scores: dict[tuple[int, int], float] = {}
        totals = []
        for window, output in zip(windows, outputs, strict=True):
            starts, ends = self._logits(output, len(window.offsets))
            totals.append(starts.logsumexp(dim=1) + ends.logsumexp(dim=1))
            for span, score in self._spans(starts, ends, window.start):
                scores[span] = max(score, scores.get(span, score))
        # What the probabilities of all starts and ends, in all windows, sum to.
        total = float(torch.stack(totals).logsumexp(dim=0))
        offsets = {window.start + number: place for window in windows for number, place in enumerate(window.offsets)}
        ranked = sorted(scores.items(), key=lambda item: -item[1])[: self._best]
        first_window = windows[0]
        best = [_span(first_window.passage, offsets, first, last, score - total) for (first, last), score in ranked]
        answer = {
            "answer": best[0]["text"],
            **{name: best[0][name] for name in ("start_char", "end_char", "probability")},
        }
        identified = {} if first_window.id is None else {"id": first_window.id}
        return {**identified, **answer, "best": best}

    def _logits(self, output: JsonDict, tokens: int) -> tuple[Tensor, Tensor]:
        """Of all starts and of all ends in a window, each of shape `(1, tokens)`."""
        prefix = "" if "start_logits" in output else "span_"
        names = f"{prefix}start_logits", f"{prefix}end_logits"
        check_output(self._model, output, *names)
        # What comes behind is padding.
        starts, ends = (torch.as_tensor(output[name])[None, :tokens] for name in names)
        return starts, ends

    def _spans(self, starts: Tensor, ends: Tensor, shift: int) -> list[tuple[tuple[int, int], float]]:
        """A window's best spans, in the whole passage's tokens, with their scores."""
        mask = torch.ones_like(starts, dtype=torch.bool)
        (spans,), (scores,) = best_spans(starts, ends, mask, self._max_span_length, self._best)
        pairs = zip(spans.tolist(), scores.tolist(), strict=True)
        return [((first + shift, last + shift), score) for (first, last), score in pairs if score > float("-inf")]


def _metadata(instance: Instance, reader: DatasetReader) -> dict[str, Any]:
    """Of our reader's instances, or of a stock reader's. Raises `ConfigurationError` where these are not enough."""
    field: Any = instance["metadata"]
    about: dict[str, Any] = field.metadata
    missing = {"original_passage", "token_offsets"} - set(about)
    if missing and not isinstance(reader, SquadReader):
        raise ConfigurationError(
            f'This predictor needs "{min(missing)}" in the instances\' metadata; the reader {type(reader).__name__} '
            "does not put it there: use its model's own predictor."
        )
    return about


def _window(instance: Instance, reader: DatasetReader) -> _Window:
    about = _metadata(instance, reader)
    if isinstance(reader, SquadReader):
        return _Window(about["id"], about["passage"], about["window_start"], about["offsets"])
    return _Window(about.get("id"), about["original_passage"], 0, about["token_offsets"])


def _span(passage: str, offsets: dict[int, tuple[int, int]], first: int, last: int, log_probability: float) -> JsonDict:
    start, end = offsets[first][0], offsets[last][1]
    return {
        "text": passage[start:end],
        "start": first,
        "end": last + 1,
        "start_char": start,
        "end_char": end,
        "probability": float(torch.tensor(log_probability).exp()),
    }


def _asked(given: Any) -> list[_Asked]:
    """The questions of an input."""
    if not isinstance(given, dict):
        raise bad_input(given, "must be an object")
    if "question" in given:
        passage = "passage" if "passage" in given else "context"
        return [_Asked(_id(given), _text(given, "question"), _text(given, passage))]
    paragraphs = [
        paragraph for article in _list(given, "data", [given]) for paragraph in _list(article, "paragraphs", [article])
    ]
    asked = [
        _Asked(_id(question, needed=True), _text(question, "question"), _text(paragraph, "context"))
        for paragraph in paragraphs
        for question in _list(paragraph, "qas")
    ]
    if not asked:
        raise bad_input(given, "has no question")
    return asked


def _text(holder: Any, name: str) -> str:
    if not isinstance(holder, dict) or not isinstance(holder.get(name), str) or not holder[name].strip():
        raise bad_input(holder, f'must have "{name}", a string that is not empty')
    return holder[name]


def _id(holder: Any, needed: bool = False) -> str | None:
    if isinstance(holder, dict) and "id" not in holder and not needed:
        return None
    return _text(holder, "id")


def _list(holder: Any, name: str, otherwise: list[Any] | None = None) -> list[Any]:
    if not isinstance(holder, dict) or not isinstance(holder.get(name, otherwise), list):
        raise bad_input(holder, f'must have "passage" and "question", or be SQuAD\'s JSON with a list "{name}"')
    return holder.get(name, otherwise)  # type: ignore[return-value]
