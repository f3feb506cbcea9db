"""Tokens to the ids that a transformer reads."""

from typing import Any

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Token, Vocabulary
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from overrides import overrides
from torch import Tensor

from elmo_tasks.archives.transformer_source import TransformerSource
from elmo_tasks.transformer.pieces import join_rows

_WIDTH = "pieces"


@TokenIndexer.register("elmo_transformer_ids")
class ElmoTransformerIndexer(TokenIndexer):
    """
    What the token embedder `elmo`, and this project's models, read of a text where they have a transformer in a biLM's
    place: the pieces of each token, by the transformer's own tokenizer. Special pieces are not among them.

    The tensor's name says which tokenizer made it, so that no other transformer takes it for its own.

    # Parameters

    transformer : `str` or `dict[str, Any]`
        As the embedder's: a folder, or a name on the hub. Of an object only the `name` is used here.
    token_min_padding_length : `int`, optional (default = `0`)
        Each sentence is padded to at least so many tokens.
    serialization_dir : `str`, optional
        Given by AllenNLP and not by a config: the unpacked archive's folder, which may have the tokenizer.

    # Raises

    `ConfigurationError`
        If the tokenizer cannot be had.

    Registered as a `TokenIndexer` with name "elmo_transformer_ids".
    """

    def __init__(
        self,
        transformer: str | dict[str, Any],
        token_min_padding_length: int = 0,
        serialization_dir: str | None = None,
    ) -> None:
        super().__init__(token_min_padding_length)
        self.pieces = TransformerSource(transformer, serialization_dir).read_pieces()

    @overrides
    def count_vocab_items(self, token: Token, counter: dict[str, dict[str, int]]) -> None:
        """Counts nothing: the pieces have their numbers already."""

    @overrides
    def get_empty_token_list(self) -> IndexedTokenList:
        return {self.pieces.name: []}

    @overrides
    def tokens_to_indices(self, tokens: list[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        """
        # Returns

        `IndexedTokenList`
            Under the tokenizer's name, the ids of each token.

        # Raises

        `ConfigurationError`
            If a token has no text.
        """
        if any(token.text is None for token in tokens):
            raise ConfigurationError("A token has no text, only a text_id: elmo_transformer_ids needs the text.")
        return {self.pieces.name: self.pieces.rows([str(token.text) for token in tokens])}

    @overrides
    def get_padding_lengths(self, indexed_tokens: IndexedTokenList) -> dict[str, int]:
        lengths = super().get_padding_lengths(indexed_tokens)
        lengths[_WIDTH] = max(map(len, indexed_tokens[self.pieces.name]), default=1)
        return lengths

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
            Under the tokenizer's name, the ids; zeros where there is no token, and where a token has fewer pieces than
            others. Shape `(padding length, most pieces)`, int64.
        """
        name = self.pieces.name
        return {name: torch.from_numpy(join_rows(tokens[name], padding_lengths[name], padding_lengths[_WIDTH]))}
