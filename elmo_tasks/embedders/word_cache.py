"""Token vectors of words that are known beforehand."""

from collections.abc import Iterable

import torch
from overrides import overrides
from torch import Tensor

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.characters import batch_to_ids
from elmo_tasks.bilm.model import BiLM

_WORDS_AT_ONCE = 1024


class CachedCharCnn(CharCnn):
    """
    A frozen character CNN that has computed some words' vectors already. Words are known by their characters, so all
    others are computed as ever.

    # Parameters

    bilm : `BiLM`
        Its character CNN's weights are taken over.
    words : `Iterable[str]`

    # Raises

    `EmptyWordError`
        If a word is the empty string.
    """

    def __init__(self, bilm: BiLM, words: Iterable[str]) -> None:
        with torch.device("meta"):
            super().__init__(bilm.options)
        self.load_state_dict(bilm.char_cnn.state_dict(), assign=True)
        self.requires_grad_(False)
        self.words = frozenset(words)
        # Shape: (words, 50)
        ids = batch_to_ids([sorted(self.words)])[0]
        self._rows = {word.tobytes(): row for row, word in enumerate(ids.numpy())}
        with torch.no_grad():
            # Shape: (words, projection_dim)
            vectors = torch.cat([CharCnn.forward(self, some.to(bilm.device)) for some in ids.split(_WORDS_AT_ONCE)])
        self.register_buffer("_vectors", vectors, persistent=False)
        self._vectors: Tensor

    @overrides
    def forward(self, character_ids: Tensor) -> Tensor:
        """Shape `(words, 50)` to `(words, projection_dim)`."""
        kept_rows = [self._rows.get(word.tobytes(), -1) for word in character_ids.cpu().numpy()]
        # Shape: (words,)
        rows = torch.tensor(kept_rows, dtype=torch.long, device=character_ids.device)
        known = rows >= 0
        vectors = self._vectors.new_empty(len(rows), self._vectors.shape[1])
        vectors[known] = self._vectors[rows[known]]
        vectors[~known] = super().forward(character_ids[~known])
        return vectors


def cache_words(bilm: BiLM, words: Iterable[str]) -> None:
    """Has a frozen biLM keep the token vectors of these words, and of those that it keeps already."""
    kept = bilm.char_cnn.words if isinstance(bilm.char_cnn, CachedCharCnn) else frozenset()
    if not kept.issuperset(words):
        bilm.char_cnn = CachedCharCnn(bilm, kept.union(words))
