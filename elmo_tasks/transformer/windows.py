"""Texts longer than a transformer's positions, read by windows that overlap by half."""

from itertools import pairwise
from typing import NamedTuple


class Window(NamedTuple):
    """A part of a text that is read at once, and the part of it whose vectors are taken from there. In pieces."""

    start: int
    stop: int
    """Is read up to here, this piece not among it."""
    first: int
    behind: int
    """Gives the vectors of the pieces from `first` on, up to `behind`."""


def windows_of(pieces: int, room: int | None) -> list[Window]:
    """
    The windows of a text. Each piece's vector comes from the window in which it is farthest from an edge; of two that
    are equal in that, from the first.

    # Parameters

    pieces : `int`
        Of the text.
    room : `int`, optional
        Pieces that a window has at most; `None`: any number.

    # Returns

    `list[Window]`
        One where the text fits in, none for a text without pieces.
    """
    if room is None or pieces <= room:
        return [Window(0, pieces, 0, pieces)] if pieces else []
    starts = [*range(0, pieces - room, max(1, room // 2)), pieces - room]
    # Behind the middle of what two windows have in common, which is that of their middles.
    cuts = [0, *((one + next + room + 1) // 2 for one, next in pairwise(starts)), pieces]
    return [Window(start, start + room, *cut) for start, cut in zip(starts, pairwise(cuts), strict=True)]
