"""The token vectors of frequent words, kept between calls."""

from threading import Lock
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.characters import MAX_WORD_LENGTH, word_hashes
from elmo_tasks.bilm.precision import wide
from elmo_tasks.bilm.weights_mark import WeightsMark

_FIRST_ROOM = 1024
"""Words that there is room for at first; the room is doubled as they come."""


class _Contents(NamedTuple):
    """
    The words at one moment. Rows below `number` are never written again, so a thread that reads these contents is not
    disturbed by one that adds to them.
    """

    mark: WeightsMark
    number: int
    hashes: Tensor
    """Sorted. Shape `(number,)`."""
    rows: Tensor
    """The row of each sorted hash. Shape `(number,)`."""
    ids: Tensor
    """Shape `(room, 50)`, int16."""
    vectors: Tensor
    """Shape `(room, projection_dim)`."""
    uses: Tensor
    """How often each word was asked for. Shape `(room,)`."""

    def find(self, ids: Tensor, hashes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each word's row, whether the word is there, and whether its hash is; each of shape `(words,)`."""
        if not self.number:
            nowhere = torch.zeros_like(hashes, dtype=torch.bool)
            return torch.zeros_like(hashes), nowhere, nowhere
        places = torch.searchsorted(self.hashes, hashes).clamp_(max=self.number - 1)
        rows = self.rows[places]
        return rows, (self.ids[rows] == ids).all(dim=1), self.hashes[places] == hashes

    def with_words(self, ids: Tensor, hashes: Tensor, vectors: Tensor, most: int) -> "_Contents":
        """With these words, none of which has the hash of one that is there already."""
        number = self.number + len(ids)
        room = len(self.ids) if number <= len(self.ids) else min(most, max(number, 2 * len(self.ids)))
        columns = [_with_room(column, room) for column in (self.ids, self.vectors, self.uses)]
        for column, new in zip(columns, (ids, vectors, torch.ones_like(hashes)), strict=True):
            column[self.number : number] = new
        hashes, order = hashes.sort()
        counting = torch.arange(len(hashes), device=hashes.device)
        places = torch.searchsorted(self.hashes, hashes) + counting
        rows = (self.number + counting)[order]
        return _Contents(
            self.mark, number, _merged(self.hashes, hashes, places), _merged(self.rows, rows, places), *columns
        )

    def halved(self) -> "_Contents":
        """Only the half that was used more."""
        number = self.number // 2
        kept = self.uses[: self.number].topk(number).indices
        hashes, order = word_hashes(self.ids[kept].long()).sort()
        rows = torch.arange(number, device=kept.device)[order]
        # What was used long ago counts less and less.
        uses = self.uses[kept] // 2
        return _Contents(self.mark, number, hashes, rows, self.ids[kept], self.vectors[kept], uses)


def _merged(old: Tensor, new: Tensor, places: Tensor) -> Tensor:
    """The old numbers in their order, and the new ones at these places among them; much faster than sorting anew."""
    merged = old.new_empty(len(old) + len(new))
    is_old = torch.ones_like(merged, dtype=torch.bool).index_fill_(0, places, False)
    return merged.masked_scatter_(is_old, old).index_copy_(0, places, new)


def _with_room(column: Tensor, room: int) -> Tensor:
    if len(column) >= room:
        return column
    return torch.cat([column, column.new_empty(room - len(column), *column.shape[1:])])


class WordTable:
    """
    Token vectors that a frozen character CNN has computed, by the words' character ids.

    A word is found by a hash and then compared id by id, so it never gets the vector of another. When the table is
    full, the half of its words that were asked for least is forgotten. New weights, another device and another
    precision are noticed (see `WeightsMark`), and the table begins anew.

    Threads may share a table. A copy of it, also by pickling, begins empty.

    # Parameters

    most_words : `int`
        Words it holds at most. A word takes `4 * projection_dim + 124` bytes: 50,000 take 32 MB with vectors of 128
        numbers, 109 MB with those of 512. While the table grows or forgets, both the old and the new one are there.
    """

    def __init__(self, most_words: int) -> None:
        self.most_words = most_words
        self._contents: _Contents | None = None
        self._adding = Lock()

    def __len__(self) -> int:
        """Words it holds now."""
        return 0 if self._contents is None else self._contents.number

    def clear(self) -> None:
        """Forgets all words."""
        self._contents = None

    def vectors(self, character_ids: Tensor, char_cnn: CharCnn) -> Tensor:
        """
        # Parameters

        character_ids : `Tensor`
            Distinct words, shape `(words, 50)`.
        char_cnn : `CharCnn`
            Computes the vectors of words that are not here. No gradient flows to it.

        # Returns

        `Tensor`
            Token vectors, shape `(words, projection_dim)`.
        """
        # What was born in inference mode could not be written to later, outside of it.
        with torch.inference_mode(False), torch.no_grad():
            contents = self._contents
            if contents is None or not contents.mark.holds(char_cnn):
                contents = self._contents = _empty(char_cnn)
            hashes = word_hashes(character_ids)
            rows, known, taken = contents.find(character_ids, hashes)
            vectors = contents.vectors[rows]
            contents.uses.index_add_(0, rows, known.long())
            # A GPU is waited for here.
            unknown = (~known).nonzero().squeeze(1)
            if len(unknown):
                new_ids = character_ids[unknown]
                vectors[unknown] = new_vectors = char_cnn(new_ids)
                # Of two words with one hash only the first is kept.
                free = ~taken[unknown]
                self._add(contents, new_ids[free], hashes[unknown][free], new_vectors[free])
            return vectors

    def _add(self, contents: _Contents, ids: Tensor, hashes: Tensor, vectors: Tensor) -> None:
        # Where another thread is adding words these are not kept. Nobody waits, so a process that is forked while a
        # thread adds words is not left waiting for it.
        if not len(ids) or not self._adding.acquire(blocking=False):
            return
        try:
            if self._contents is contents:
                if contents.number + len(ids) > self.most_words:
                    contents = contents.halved()
                room = self.most_words - contents.number
                self._contents = contents.with_words(ids[:room], hashes[:room], vectors[:room], self.most_words)
        finally:
            self._adding.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return WordTable, (self.most_words,)


def _empty(char_cnn: CharCnn) -> _Contents:
    weight = char_cnn.character_embedding
    return _Contents(
        WeightsMark(char_cnn),
        number=0,
        hashes=weight.new_empty(0, dtype=torch.long),
        rows=weight.new_empty(0, dtype=torch.long),
        ids=weight.new_empty(_FIRST_ROOM, MAX_WORD_LENGTH, dtype=torch.int16),
        vectors=weight.new_empty(_FIRST_ROOM, char_cnn.projection.out_features, dtype=wide(weight.dtype)),
        uses=weight.new_zeros(_FIRST_ROOM, dtype=torch.long),
    )
