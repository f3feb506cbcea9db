"""The words that a language model finds likeliest at a place in a sentence, by what stands before and behind it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from elmo_tasks.bilm.lstm import BACKWARD, FORWARD
from elmo_tasks.pretraining.corpus import NAMESPACE, SENTENCE_END, SENTENCE_START
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.scores import DIGITS, Line, ScoreError, Tokens, predicting_states
from elmo_tasks.pretraining.vocabulary import softmax_rows
from elmo_tasks.private import unknown_token

MARK = "___"
"""Stands where the words are wanted, unless another mark is given."""

_LOGITS = 1 << 22
"""Held at a time, in each direction: 16 MB."""


class Place(NamedTuple):
    """A place in a tokenized sentence."""

    before: Tokens
    after: Tokens

    def num_tokens(self) -> int:
        return len(self.before) + 1 + len(self.after)


class Substitute(NamedTuple):
    """A word for a place."""

    word: str
    probability: float
    """In proportion to the product of the two directions' probabilities; those of all words add up to 1."""
    forward: float
    """Log probability of the word given the tokens before the place, in nats."""
    backward: float
    """The same given the tokens behind it."""

    def to_json(self) -> dict[str, Any]:
        """The four, with figures as in `Score.to_json`."""
        word, *figures = self
        return dict(zip(self._fields, (word, *(round(figure, DIGITS) for figure in figures)), strict=True))


def find_places(
    lines: Iterable[Line], tokenize: Callable[[str], Tokens], mark: str = MARK
) -> Iterator[tuple[Line, Place]]:
    """
    The marked place of each line. What stands on either side is tokenized by itself, so that the mark need not stand
    alone, and no tokenizer can take it apart; but it counts only at its exact length: `____` is no `___`.

    # Raises

    `ScoreError`
        If the mark is empty; or names the line that has not one place marked.
    """
    if not mark:
        raise ScoreError("The mark of a place is empty.")
    pattern = re.compile(f"(?<!{re.escape(mark[0])}){re.escape(mark)}(?!{re.escape(mark[-1])})")
    for line in lines:
        sides = pattern.split(line.text)
        if len(sides) != 2:
            raise line.error(f'one place must be marked "{mark}", and {len(sides) - 1} are')
        yield line, Place(*map(tokenize, sides))


class Substitutes:
    """
    Finds the likeliest words at places in sentences: those for which the product of the forward probability, given
    all before the place, and the backward one, given all behind it, is greatest. Exact over the vocabulary, from which
    only "unknown" and the sentence boundaries are left out.

    # Parameters

    model : `LanguageModel`
        Is put into evaluation mode.
    number : `int`
        Words to find for each place.

    # Raises

    `ScoreError`
        If `number` is less than 1.
    """

    def __init__(self, model: LanguageModel, number: int = 10) -> None:
        if number < 1:
            raise ScoreError(f"There cannot be {number} likeliest words; 1 is the least.")
        self._model = model.eval()
        self._words = model.vocab.get_index_to_token_vocabulary(NAMESPACE)
        rows = softmax_rows(model.vocab)
        no_words = (unknown_token(model.vocab), SENTENCE_START, SENTENCE_END)
        self._left_out = [rows[word] for word in no_words if word in rows]
        self._number = min(number, len(rows) - len(self._left_out))

    def find(self, places: Sequence[Place]) -> list[list[Substitute]]:
        """The words for each place of one batch, the likeliest first."""
        # What stands at the place itself is behind all that its words are predicted from.
        sentences = [(*place.before, MARK, *place.after) for place in places]
        sizes = torch.tensor([len(sentence) + 2 for sentence in sentences])
        # Shape: (places,)
        wanted = sizes.cumsum(dim=0) - sizes + torch.tensor([len(place.before) + 1 for place in places])
        found = []
        with torch.inference_mode():
            states, predicted = predicting_states(self._model, sentences)
            columns = torch.arange(predicted.shape[1]).expand_as(predicted)
            # Which state each word is predicted from. Shape: (2, words)
            state_of = predicted.new_zeros(2, int(sizes.sum())).scatter_(1, predicted, columns)
            # Each of shape: (places, projection_dim)
            sides = [states[direction, state_of[direction, wanted]] for direction in (FORWARD, BACKWARD)]
            rows = max(1, _LOGITS // len(self._model.softmax.bias))
            for forward, backward in zip(*(side.split(rows) for side in sides), strict=True):
                found += self._likeliest(forward, backward)
        return found

    def _likeliest(self, forward: torch.Tensor, backward: torch.Tensor) -> list[list[Substitute]]:
        """From the states of some places, each of shape `(some places, projection_dim)`."""
        # Each of shape: (some places, num_words)
        by_direction = [self._model.softmax.log_distribution(states) for states in (forward, backward)]
        product = by_direction[FORWARD] + by_direction[BACKWARD]
        product[:, self._left_out] = -torch.inf
        # Each of shape: (some places, number)
        logarithms, words = product.log_softmax(dim=1).topk(self._number)
        columns = (words, logarithms.exp(), *(log_probabilities.gather(1, words) for log_probabilities in by_direction))
        return [
            [Substitute(self._words[word + 1], *figures) for word, *figures in zip(*row, strict=True)]
            for row in zip(*(column.tolist() for column in columns), strict=True)
        ]
