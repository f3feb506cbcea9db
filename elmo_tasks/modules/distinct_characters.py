"""A tagger's or reader's own character encoder, run once for each distinct word of a batch."""

import torch
from allennlp.modules import Seq2VecEncoder
from allennlp.modules.token_embedders import Embedding, TokenCharactersEncoder, TokenEmbedder
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.characters import distinct_words
from elmo_tasks.bilm.padding import zero_padding


@TokenEmbedder.register("elmo_distinct_character_encoding")
class DistinctCharactersEncoder(TokenCharactersEncoder):
    """
    The same function as AllenNLP's `character_encoding`, with less work.

    That one encodes every token of a batch, padding included, as far as the batch's longest word reaches: a single long
    address makes all of them as long. This one encodes each distinct word once, short words apart from long ones.

    # Parameters

    embedding : `Embedding`
        Of the characters.
    encoder : `Seq2VecEncoder`
        Must not look at padding, as AllenNLP's do not.
    dropout : `float`, optional (default = `0`)
        Of the encoded tokens.
    min_characters : `int`, optional (default = `16`)
        Words are padded to so many characters at least, or to the batch's longest if that is shorter; an encoder's
        widest filter must not be wider.

    Registered as a `TokenEmbedder` with name "elmo_distinct_character_encoding".
    """

    def __init__(
        self, embedding: Embedding, encoder: Seq2VecEncoder, dropout: float = 0.0, min_characters: int = 16
    ) -> None:
        super().__init__(embedding, encoder, dropout)
        # The stock class's is a function without a name where there is no dropout, and cannot be pickled.
        self._dropout = nn.Dropout(dropout)
        self.min_characters = min_characters

    @overrides
    def forward(self, token_characters: Tensor) -> Tensor:
        """
        # Parameters

        token_characters : `Tensor`
            Character ids, 0 behind a word's last character. Shape `(batch, tokens, characters)`.

        # Returns

        `Tensor`
            Shape `(batch, tokens, encoding_dim)`.
        """
        # Shapes: (words, characters) and (batch * tokens,)
        words, rows = distinct_words(token_characters.flatten(end_dim=-2))
        # Shape: (words,)
        lengths, order = ((words != 0) * torch.arange(1, words.shape[1] + 1, device=words.device)).amax(dim=1).sort()
        encoded, first, width = [], 0, self.min_characters
        while first < len(order):
            last = int((lengths <= width).sum())
            if last > first:
                encoded.append(self._encode(words[order[first:last], :width]))
            first, width = last, 2 * width
        # Shape: (words, encoding_dim)
        vectors = torch.cat(encoded)[order.argsort()]
        return self._dropout(F.embedding(rows, vectors).unflatten(0, token_characters.shape[:-1]))

    def _encode(self, words: Tensor) -> Tensor:
        """Shape `(words, characters)` to `(words, encoding_dim)`."""
        batch = words.unsqueeze(0)
        mask = batch != 0
        return self._encoder(zero_padding(self._embedding(batch), mask), mask.long()).squeeze(0)
