"""Tokens to character ids, each distinct word once."""

from typing import Optional

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Token, Vocabulary
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from overrides import overrides
from torch import Tensor

from elmo_tasks.bilm.characters import PAD, join_rows, row_of, word_row

_KEY = "elmo_tokens"
"""The name of the token embedders' argument, as in stock AllenNLP."""


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

    def __init__(
        self,
        namespace: str = "elmo_characters",
        tokens_to_add: Optional[dict[str, int]] = None,
        token_min_padding_length: int = 0,
    ) -> None:
        super().__init__(token_min_padding_length)
        for token, character in (tokens_to_add or {}).items():
            if not 0 <= character < PAD:
                raise ConfigurationError(
                    f'tokens_to_add has the id {character} for "{token}"; an id is in 0..{PAD - 1}.'
                )
        self._added_rows: dict[str | None, bytes] = {
            token: row_of([character + 1]) for token, character in (tokens_to_add or {}).items()
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

        # Raises

        `ConfigurationError`
            If a token has no text.
        """
        try:
            rows = [word_row(token.text, True) for token in tokens]
        except TypeError:
            raise ConfigurationError(
                "A token has no text, only a text_id: elmo_character_ids needs the text."
            ) from None
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
        return {_KEY: torch.from_numpy(join_rows(tokens[_KEY], padding_lengths[_KEY]))}
