"""Pairs of a good and a bad sentence, as BLiMP has them (Warstadt et al. 2020), and which of them is the likelier."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.pretraining.scores import Line, Score, Tokens

GOOD, BAD = "sentence_good", "sentence_bad"


class Pair(NamedTuple):
    """A good and a bad sentence."""

    line: Line
    fields: dict[str, Any]
    """The line's JSON object."""
    sentences: tuple[Tokens, Tokens]
    """The good one and the bad one, tokenized."""

    def group(self, field: str) -> str:
        """The value of a field; the file's name, where the line has no such field."""
        return str(self.fields.get(field, Path(self.line.file).name))


def read_pairs(lines: Iterable[Line], tokenize: Callable[[str], Tokens]) -> Iterator[Pair]:
    """
    The pairs of JSON lines; blank lines are passed over.

    # Raises

    `ScoreError`
        Names the line that is no JSON object, or has not both sentences.
    """
    for line in lines:
        if not line.text.strip():
            continue
        try:
            fields = parse_json(line.text)
        except JSONError as error:
            raise line.error(f"this is {error}") from None
        if not isinstance(fields, dict):
            raise line.error(f"this is no JSON object but a {type(fields).__name__}")
        for name in (GOOD, BAD):
            if not isinstance(fields.get(name), str):
                raise line.error(f'there must be a text "{name}"')
        yield Pair(line, fields, (tokenize(fields[GOOD]), tokenize(fields[BAD])))


@dataclass
class Tally:
    """How often the good sentence of a pair is the likelier one, by each direction and by both."""

    pairs: int = 0
    tokens: int = 0
    unknown: int = 0
    """Tokens outside the vocabulary."""
    won: Counter[str] = field(default_factory=Counter)
    ties: Counter[str] = field(default_factory=Counter)
    """Pairs of equal probability, which are not won."""

    def add(self, good: Score, bad: Score, mean: bool = False) -> None:
        """`mean`: whether they are compared by the mean of their tokens, and not by the sum."""
        self.pairs += 1
        self.tokens += len(good.tokens) + len(bad.tokens)
        self.unknown += sum(good.unknown) + sum(bad.unknown)
        totals = bad.totals(mean)
        for direction, total in good.totals(mean).items():
            self.won[direction] += total > totals[direction]
            self.ties[direction] += total == totals[direction]


class Tallies:
    """
    The tallies of all pairs and of groups of them.

    # Parameters

    fields : `Sequence[str]`
        The pairs of one value of such a field are a group; see `Pair.group`.
    mean : `bool`
        See `Tally.add`.
    """

    def __init__(self, fields: Sequence[str], mean: bool = False) -> None:
        self.all = Tally()
        self.groups: dict[str, dict[str, Tally]] = {name: {} for name in fields}
        self._mean = mean

    def add(self, pair: Pair, good: Score, bad: Score) -> None:
        """Counts a pair."""
        groups = (tallies.setdefault(pair.group(name), Tally()) for name, tallies in self.groups.items())
        for tally in (self.all, *groups):
            tally.add(good, bad, self._mean)
