"""The log probabilities that a language model gives to sentences: exact, over its whole vocabulary."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm.batches import batches_by_length, windows
from elmo_tasks.bilm.characters import join_rows, word_row
from elmo_tasks.bilm.packing import pack
from elmo_tasks.pretraining.corpus import SENTENCE_END, SENTENCE_START
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.vocabulary import softmax_rows
from elmo_tasks.private import unknown_token

_WINDOW_TOKENS = 32768
"""What is sorted by length, and in memory as text and as scores, at a time."""
_BATCH_SENTENCES, _BATCH_TOKENS = 256, 4096

DIGITS = 6
"""Of figures in JSON, behind the point: about what float32 holds of a sentence's log probability."""

Item = TypeVar("Item")
Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")

Tokens = tuple[str, ...]


class ScoreError(ValueError):
    """A text cannot be scored. Lines are counted from 1."""


class Line(NamedTuple):
    """A line of a text."""

    file: str
    number: int
    """Counted from 1."""
    text: str

    def error(self, message: str) -> ScoreError:
        """The error that says what is wrong with this line."""
        return ScoreError(f"{self.file}, line {self.number}: {message}.")


class Score(NamedTuple):
    """A sentence's log probabilities, token by token, in natural logarithms (nats)."""

    tokens: Sequence[str]
    unknown: Sequence[bool]
    """For each token whether it is outside the vocabulary, and "unknown" was predicted in its place."""
    forward: Tensor
    """
    Of each token given those before it, and then of the sentence's end given all. Shape `(tokens + 1,)`, double.
    """
    backward: Tensor
    """
    Of the sentence's beginning given all, and then of each token given those behind it. Shape `(tokens + 1,)`, double.
    """

    def totals(self, mean: bool = False) -> dict[str, float]:
        """
        The sentence's log probability, `"forward"`, `"backward"` and `"together"`, the sum of these two.

        # Parameters

        mean : `bool`
            Whether it is divided by the number of what each direction predicts: the tokens and a boundary.
        """
        forward, backward = (float(part.mean() if mean else part.sum()) for part in (self.forward, self.backward))
        return {"forward": forward, "backward": backward, "together": forward + backward}

    def to_json(self, mean: bool = False, by_token: bool = False) -> dict[str, Any]:
        """
        How many tokens there are and how many of them are unknown, and `totals`; and with `by_token` the probabilities
        of each token and of the boundaries, of which each direction predicts one.
        """
        totals = {name: round(total, DIGITS) for name, total in self.totals(mean).items()}
        counts = {"tokens": len(self.tokens), "unknown": sum(self.unknown)}
        return {**counts, **totals, **({"by_token": self._tokens_to_json()} if by_token else {})}

    def _tokens_to_json(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = [{"token": token} for token in (SENTENCE_START, *self.tokens, SENTENCE_END)]
        for record, unknown in zip(records[1:-1], self.unknown, strict=True):
            if unknown:
                record["unknown"] = True
        for name, values, predicted in (("forward", self.forward, records[1:]), ("backward", self.backward, records)):
            for record, value in zip(predicted, values.tolist(), strict=False):
                record[name] = round(value, DIGITS)
        return records


class Scorer:
    """
    Scores sentences, each by itself: the LSTMs begin it with zeros, as `BiLM` does, so that its score depends on no
    other sentence. All its tokens are text: a token `<S>` or `</S>` is no sentence boundary, but outside the
    vocabulary.

    # Parameters

    model : `LanguageModel`
        Is put into evaluation mode.
    """

    def __init__(self, model: LanguageModel) -> None:
        self._model = model.eval()
        self._rows = softmax_rows(model.vocab)
        self._unknown = self._rows[unknown_token(model.vocab)]
        self._start, self._end = (self._rows.pop(word, self._unknown) for word in (SENTENCE_START, SENTENCE_END))

    def scores(self, sentences: Sequence[Sequence[str]]) -> list[Score]:
        """
        The scores of one batch of tokenized sentences; a sentence may be empty.

        # Raises

        `ScoreError`
            Where the model gives no numbers.
        `EmptyWordError`
            If a token is the empty string.
        """
        rows = [[self._rows.get(word, self._unknown) for word in sentence] for sentence in sentences]
        # Shape: (words,)
        targets = torch.tensor([row for inner in rows for row in (self._start, *inner, self._end)])
        with torch.inference_mode():
            states, places = predicting_states(self._model, sentences)
            predicted = self._model.softmax.log_probabilities(states, targets[places].to(states.device)).cpu()
        if not predicted.isfinite().all():
            raise ScoreError("The language model gives no finite probabilities: its training must have failed.")
        # Shape: (2, words)
        by_word = torch.zeros(2, len(targets), dtype=torch.double).scatter_(1, places, predicted.double())
        parts = by_word.split([len(inner) + 2 for inner in rows], dim=1)
        return [
            Score(sentence, [row == self._unknown for row in inner], forward[1:], backward[:-1])
            for sentence, inner, (forward, backward) in zip(sentences, rows, parts, strict=True)
        ]


def predicting_states(model: LanguageModel, sentences: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    """
    What each direction of a language model predicts each token of a batch of sentences from.

    # Parameters

    model : `LanguageModel`
    sentences : `Sequence[Sequence[str]]`
        At least one, without their boundaries. What they have in a row, boundaries included, are the "words" here:
        `<S>`, the first sentence's tokens, `</S>`, `<S>`, and so on.

    # Returns

    `Tensor`
        The last LSTM layer's states. Shape `(2, predicted, projection_dim)`.
    `Tensor`
        Which of the words is predicted from each: forward all but `<S>`, backward all but `</S>`. On the processor,
        shape `(2, predicted)`.
    """
    start, end = (word_row(boundary, of_vocabulary=True) for boundary in (SENTENCE_START, SENTENCE_END))
    index: dict[bytes, int] = {}
    words = torch.tensor(
        [index.setdefault(row, len(index)) for sentence in sentences for row in (start, *map(word_row, sentence), end)]
    )  # (words,)
    steps = torch.tensor([len(sentence) + 1 for sentence in sentences])
    packing = pack(steps, int(steps.max()))
    lasts = (steps + 1).cumsum(dim=0) - 1
    # Each of shape: (predicted,)
    first, last = (lasts - steps)[packing.sequences], lasts[packing.sequences]
    # Each of shape: (2, predicted)
    read = torch.stack([first + packing.steps, last - packing.steps])
    places = torch.stack([first + packing.steps + 1, last - packing.steps - 1])
    device = model.softmax.bias.device
    vectors = model.bilm.char_cnn(torch.from_numpy(join_rows(list(index))).to(device))
    lstm = model.bilm.lstm
    layers, _ = lstm(F.embedding(words[read].to(device), vectors), packing.step_sizes, lstm.initial_states(len(steps)))
    return layers[-1], places


def answered(
    items: Iterable[Item],
    questions_of: Callable[[Item], Sequence[Question]],
    length: Callable[[Question], int],
    answer: Callable[[Sequence[Question]], Sequence[Answer]],
    progress: Callable[[int], object] = lambda tokens: None,
) -> Iterator[tuple[Item, list[Answer]]]:
    """
    Each item of a stream with the answers to its questions, in bounded memory: in windows, within which the questions
    are sorted by length into batches, and those that are the same are asked once.

    # Parameters

    items : `Iterable[Item]`
        Such as lines of a file.
    questions_of : `Callable[[Item], Sequence[Question]]`
        What is asked about an item: such as one sentence, or two that are compared.
    length : `Callable[[Question], int]`
        Tokens of a question.
    answer : `Callable[[Sequence[Question]], Sequence[Answer]]`
        Answers one batch.
    progress : `Callable[[int], object]`
        Is told the number of tokens of each batch.
    """
    for window in windows(items, lambda item: sum(map(length, questions_of(item))), _WINDOW_TOKENS):
        distinct = list(dict.fromkeys(question for item in window for question in questions_of(item)))
        answers: dict[Question, Answer] = {}
        for batch in batches_by_length(distinct, length, _BATCH_SENTENCES, _BATCH_TOKENS):
            answers.update(zip(batch, answer(batch), strict=True))
            progress(sum(map(length, batch)))
        for item in window:
            yield item, [answers[question] for question in questions_of(item)]
