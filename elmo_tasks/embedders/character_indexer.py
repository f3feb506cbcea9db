"""Tokens to character ids, each distinct word once."""

from functools import lru_cache
from typing import Optional

import numpy as np
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Token, Vocabulary
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from overrides import overrides
from torch import Tensor

from elmo_tasks.bilm.characters import (
    BEGIN_WORD,
    END_WORD,
    MAX_WORD_BYTES,
    MAX_WORD_LENGTH,
    PAD,
    SENTENCE_END_IDS,
    SENTENCE_START_IDS,
)

_KEY = "elmo_tokens"
"""The name of the token embedders' argument, as in stock AllenNLP."""

_KEPT_WORDS = 100_000
"""Words whose ids are kept, about half a kilobyte each."""


def _pack(*ids: int) -> bytes:
    return np.array(ids, dtype=np.int64).tobytes()


# The parts of a row: beginning, bytes of text, and the end for each number of bytes.
_BEGIN = _pack(BEGIN_WORD)
_CHARACTERS = tuple(_pack(byte + 1) for byte in range(256))
_ENDS = tuple(_pack(END_WORD, *[PAD] * (MAX_WORD_BYTES - length)) for length in range(MAX_WORD_BYTES + 1))

_BOUNDARIES = {"<S>": SENTENCE_START_IDS.tobytes(), "</S>": SENTENCE_END_IDS.tobytes()}
_NO_TOKEN = bytes(len(_BOUNDARIES["<S>"]))


@lru_cache(maxsize=_KEPT_WORDS)
def word_row(word: str | None) -> bytes:
    """
    One word's ids as stock AllenNLP numbers them.

    Unlike in `word_to_ids`, `"<S>"` and `"</S>"` are the sentence boundaries, lone surrogates are left out, and a word
    without a byte is a beginning and an end: what works with the stock indexer gets the same ids here.

    # Parameters

    word : `str`

    # Returns

    `bytes`
        50 int64. All sentences in which the word occurs share this object.

    # Raises

    `ConfigurationError`
        If a token has no text.
    """
    if word is None:
        raise ConfigurationError("A token has no text, only a text_id: elmo_character_ids needs the text.")
    if word in _BOUNDARIES:
        return _BOUNDARIES[word]
    text = word.encode("utf-8", "ignore")[:MAX_WORD_BYTES]
    return _BEGIN + b"".join([_CHARACTERS[byte] for byte in text]) + _ENDS[len(text)]


@TokenIndexer.register("elmo_character_ids")
class ElmoCharacterIndexer(TokenIndexer):
    """
    The tensors of stock AllenNLP's `elmo_characters`, made without a Python number for each character of each token.

    An indexed sentence is a list with one reference a token to its word's ids, which all sentences share; a padded
    sentence is one copy of these.

    # Parameters

    namespace : `str`, optional (default = `"elmo_characters"`)
        Not used, as in stock: characters need no vocabulary.
    tokens_to_add : `dict[str, int]`, optional
        Tokens that stand for a single character: its id as bilm-tf counts, 0 to 260. Best are those that no text has,
        such as 1 to 8.
    token_min_padding_length : `int`, optional (default = `0`)
        Each sentence is padded to at least so many tokens.

    # Raises

    `ConfigurationError`
        If an id in `tokens_to_add` is none.

    Registered as a `TokenIndexer` with name "elmo_character_ids".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        namespace: str = "elmo_characters",
        tokens_to_add: Optional[dict[str, int]] = None,  # noqa: UP045
        token_min_padding_length: int = 0,
    ) -> None:
        super().__init__(token_min_padding_length)
        for token, character in (tokens_to_add or {}).items():
            if not 0 <= character < PAD:
                raise ConfigurationError(
                    f'tokens_to_add has the id {character} for "{token}"; an id is in 0..{PAD - 1}.'
                )
        self._added_rows: dict[str | None, bytes] = {
            token: _BEGIN + _pack(character + 1) + _ENDS[1] for token, character in (tokens_to_add or {}).items()
        }

    @overrides
    def count_vocab_items(self, token: Token, counter: dict[str, dict[str, int]]) -> None:
        """Counts nothing: the vocabulary holds no characters."""

    @overrides
    def get_empty_token_list(self) -> IndexedTokenList:
        return {_KEY: []}

    @overrides
    def tokens_to_indices(self, tokens: list[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        """
        # Returns

        `IndexedTokenList`
            Under `"elmo_tokens"`, the 50 ids of each token as `bytes` of int64.
        """
        rows = [word_row(token.text) for token in tokens]
        if self._added_rows:
            rows = [self._added_rows.get(token.text, row) for token, row in zip(tokens, rows, strict=True)]
        return {_KEY: rows}

    @overrides
    def as_padded_tensor_dict(self, tokens: IndexedTokenList, padding_lengths: dict[str, int]) -> dict[str, Tensor]:
        """
        # Parameters

        tokens : `IndexedTokenList`
            From `tokens_to_indices`.
        padding_lengths : `dict[str, int]`
            A longer sentence is cut off.

        # Returns

        `dict[str, Tensor]`
            Under `"elmo_tokens"`, the ids, zeros where there is no token. Shape `(padding length, 50)`, int64.
        """
        rows, length = tokens[_KEY], padding_lengths[_KEY]
        padded = bytearray().join(rows[:length] + [_NO_TOKEN] * (length - len(rows)))
        # Shape: (length, 50)
        ids = np.frombuffer(padded, dtype=np.int64).reshape(-1, MAX_WORD_LENGTH)
        return {_KEY: torch.from_numpy(ids)}
