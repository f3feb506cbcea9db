"""From an answer's characters to its tokens."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

Offsets = Sequence[tuple[int, int]]
"""Each token's first character and the one behind its last, in the order of the text."""


class TokenSpan(NamedTuple):
    """The tokens from `start` to `end`, both included; `exact` if they are the answer's characters and no others."""

    start: int
    end: int
    exact: bool


def find_span(offsets: Offsets, start: int, end: int) -> TokenSpan | None:
    """
    The fewest tokens that cover an answer.

    # Parameters

    offsets : `Offsets`
        The passage's tokens, with nothing but white space between them; so white space at an answer's ends belongs to
        no token, and the span is exact all the same.
    start, end : `int`
        The answer's first character and the one behind its last.

    # Returns

    `TokenSpan`, optional
        None if no token has a character of the answer.
    """
    first = bisect_right(offsets, start, key=lambda token: token[1])
    last = bisect_left(offsets, end, key=lambda token: token[0]) - 1
    if last < first:
        return None
    return TokenSpan(first, last, exact=offsets[first][0] >= start and offsets[last][1] <= end)
