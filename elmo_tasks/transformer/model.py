"""A pretrained transformer's hidden states as layers of word vectors."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from elmo_tasks.bilm.batches import batches_by_length
from elmo_tasks.bilm.characters import check_words
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.precision import wide
from elmo_tasks.transformer.pieces import TransformerError, WordPieces, join_rows
from elmo_tasks.transformer.windows import Window, windows_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

POOLINGS = ("mean", "first")

_WINDOWS_AT_ONCE, _PIECES_AT_ONCE = 256, 8192
_UNBOUNDED = 10**6
"""Tokenizers that know no bound have an enormous one."""

# What a config says beside what the layers depend on.
_NOT_OF_THE_LAYERS = ("transformers_version", "torch_dtype", "architectures", "auto_map", "use_cache")


class PieceIdsError(ValueError):
    """A tensor is not one of this transformer's ids."""


class Transformer(LayerSource):
    """
    A pretrained transformer in a biLM's place: its hidden states, the embedding layer first, as layers of one vector a
    word.

    A text that is longer than the transformer's positions is read by windows that overlap by half, see `windows_of`.
    Nothing is cut off.

    Padding, and with it a sentence's batch mates, may change the last bits of its layers. Without dropout, that is
    after `eval()`, all else about a sentence's layers depends on that sentence alone.

    Converted to bfloat16 or float16 it computes in that precision, and gives its layers in float32.

    # Parameters

    model : `PreTrainedModel`
        An encoder, a decoder, or one of both, whose encoder is used. What it has on top of its layers, to pool a text,
        is taken off.
    tokenizer : `PreTrainedTokenizerBase`
    pooling : `str`
        The vector of a word of several pieces: `"mean"` of theirs, or that of the `"first"`.
    hidden_states : `Sequence[int]`, optional
        Which to give, 0 being the embedding layer. All by default.
    max_pieces : `int`, optional
        Pieces that are read at once, special ones counted. By default as many as the transformer has positions.

    # Raises

    `TransformerError`
        If a value makes no sense, or model and tokenizer do not belong together.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        pooling: str = "mean",
        hidden_states: Sequence[int] | None = None,
        max_pieces: int | None = None,
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise TransformerError(f'pooling is "{pooling}"; it must be one of {", ".join(POOLINGS)}.')
        self.model: Any = model
        if getattr(self.model, "pooler", None) is not None:
            # It would be trained for nothing.
            self.model.pooler = None
        self.pieces = WordPieces(tokenizer)
        self.pooling = pooling
        self.hidden_states = _checked_states(hidden_states, model.config.num_hidden_layers)
        self.max_pieces = _checked_room(max_pieces, _positions(model, tokenizer), self._special_pieces)
        if len(tokenizer) > self._embeddings.num_embeddings:
            raise TransformerError(
                f"The tokenizer has {len(tokenizer)} pieces and the transformer {self._embeddings.num_embeddings}: "
                "they do not belong together."
            )
        self.ids_name = self.pieces.name

    def save(self, folder: str | Path) -> None:
        """Writes the transformer and its tokenizer as transformers does, for `read_transformer`."""
        self.model.save_pretrained(folder)
        self.pieces.tokenizer.save_pretrained(folder)

    @property
    def num_layers(self) -> int:
        """Layers in the output: those of `hidden_states`."""
        return len(self.hidden_states)

    @property
    def output_dim(self) -> int:
        """Length of a token's vector in each layer."""
        return self.model.config.hidden_size

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._embeddings.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' precision."""
        return self._embeddings.weight.dtype

    @property
    def _embeddings(self) -> nn.Embedding:
        return self.model.get_input_embeddings()

    @property
    def _special_pieces(self) -> int:
        return len(self.pieces.before) + len(self.pieces.after)

    def ids(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """
        The pieces' numbers plus 1, see `WordPieces`. Shape `(batch, tokens, most pieces of a word)`.

        # Raises

        `EmptyWordError`, `TypeError`
            Names the sentence and the token, counted from 0, that is the empty string or no string.
        """
        check_words(sentences)
        rows = [self.pieces.rows(sentence) for sentence in sentences]
        tokens = max(map(len, rows), default=0)
        width = max((len(row) for sentence in rows for row in sentence), default=1)
        arrays = [join_rows(sentence, tokens, width) for sentence in rows]
        return torch.from_numpy(np.stack(arrays) if arrays else np.zeros((0, 0, 1), dtype=np.int64))

    def token_mask(self, ids: Tensor) -> Tensor:
        """The mask that `forward` gives. Raises as `forward` does. Shape `(batch, tokens)`."""
        if ids.dim() != 3:
            raise PieceIdsError(
                f"The ids have shape {tuple(ids.shape)}; (batch, tokens, pieces of a token) is needed, as from ids()."
            )
        # On a GPU this would wait for the ids.
        if ids.device.type == "cpu" and ids.numel():
            lowest, highest = (int(bound) for bound in ids.aminmax())
            if lowest < 0 or highest > self._embeddings.num_embeddings:
                raise PieceIdsError(
                    f"There are ids from {lowest} to {highest}; they must lie in 0..{self._embeddings.num_embeddings}: "
                    "another tokenizer made them."
                )
        return (ids != 0).any(dim=-1)

    def sentence_key(self, ids: np.ndarray) -> bytes:
        """How many pieces each token has, and all of them, as 32-bit numbers; `ids`: shape `(tokens, pieces)`."""
        is_piece = ids != 0
        return is_piece.sum(axis=1, dtype=np.int32).tobytes() + ids[is_piece].astype(np.int32).tobytes()

    def identity(self) -> Any:
        """The config, the tokenizer, and what was asked for."""
        config = self.model.config.to_diff_dict()
        return {
            "config": {key: config[key] for key in config if not (key.startswith("_") or key in _NOT_OF_THE_LAYERS)},
            "tokenizer": self.pieces.digest(),
            "pooling": self.pooling,
            "hidden_states": self.hidden_states,
            "max_pieces": self.max_pieces,
        }

    def untrained(self, seed: int) -> "Transformer":
        """A transformer of the same config and on the same device, with random weights, which are frozen."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            model = type(self.model)(self.model.config)
        transformer = Transformer(model, self.pieces.tokenizer, self.pooling, self.hidden_states, self.max_pieces)
        return transformer.to(self.device, self.dtype).eval().requires_grad_(False)

    def forward(self, ids: Tensor) -> BiLMOutput:
        """
        # Parameters

        ids : `Tensor`
            As from `ids`; a row of zeros is no token, wherever it stands. Shape `(batch, tokens, pieces of a token)`.

        # Returns

        `BiLMOutput`

        # Raises

        `PieceIdsError`
            If the shape or the ids are wrong.
        """
        # Shape: (batch, tokens)
        mask = self.token_mask(ids)
        # Shape: (batch, tokens, pieces)
        is_piece = ids != 0
        # Each of shape: (all pieces, layers, dim), (words, layers, dim)
        states = self._states(ids[is_piece] - 1, is_piece.sum(dim=(1, 2)).tolist())
        words = self._pooled(states, is_piece.sum(dim=2)[mask])
        layers = words.new_zeros(len(mask), self.num_layers, mask.shape[1], self.output_dim)
        layers.transpose(1, 2)[mask] = words
        return BiLMOutput(layers, mask)

    def _states(self, pieces: Tensor, lengths: Sequence[int]) -> Tensor:
        """
        The hidden states of the pieces of all texts, which stand one behind another; `lengths` says how many pieces
        each has. Shape `(all pieces,)` to `(all pieces, layers, dim)`.
        """
        room = None if self.max_pieces is None else self.max_pieces - self._special_pieces
        windows = [
            Window(*(text + piece for piece in window))
            for text, length in zip(accumulate(lengths, initial=0), lengths, strict=False)
            for window in windows_of(length, room)
        ]
        # Those of an empty batch.
        parts = [pieces.new_zeros(0, self.num_layers, self.output_dim, dtype=wide(self.dtype))] * max(1, len(windows))
        numbered = list(enumerate(windows))
        for batch in batches_by_length(numbered, _length, _WINDOWS_AT_ONCE, _PIECES_AT_ONCE):
            # Shape: (windows, most pieces, layers, dim)
            states = self._run([pieces[window.start : window.stop] for _, window in batch])
            for (number, window), of_window in zip(batch, states, strict=True):
                parts[number] = of_window[window.first - window.start : window.behind - window.start]
        return torch.cat(parts)

    def _run(self, texts: Sequence[Tensor]) -> Tensor:
        """Each of shape `(its pieces,)`; gives the shape `(texts, most pieces, layers, dim)`."""
        before, after = (texts[0].new_tensor(special) for special in (self.pieces.before, self.pieces.after))
        sequences = [torch.cat([before, text, after]) for text in texts]
        lengths = torch.tensor([len(sequence) for sequence in sequences])
        # Each of shape: (texts, most pieces, special ones counted)
        input_ids = pad_sequence(sequences, batch_first=True, padding_value=self.pieces.padding)
        is_piece = torch.arange(input_ids.shape[1]) < lengths.unsqueeze(1)
        reader = self.model.get_encoder() if self.model.config.is_encoder_decoder else self.model
        output = reader(
            input_ids=input_ids,
            attention_mask=is_piece.long().to(input_ids.device),
            output_hidden_states=True,
            return_dict=True,
        )
        states = [output.hidden_states[number] for number in self.hidden_states]
        if any(state.shape != (*input_ids.shape, self.output_dim) for state in states):
            shapes = [tuple(state.shape) for state in states]
            raise TransformerError(
                f"{type(self.model).__name__} has hidden states of the shapes {shapes} for ids of the shape "
                f"{tuple(input_ids.shape)}: not one a piece, or not all of one length."
            )
        behind = input_ids.shape[1] - len(after)
        return torch.stack(states, dim=2)[:, len(before) : behind].to(wide(self.dtype))

    def _pooled(self, states: Tensor, numbers: Tensor) -> Tensor:
        """
        One vector a word: shape `(all pieces, layers, dim)` to `(words, layers, dim)`. `numbers` says how many pieces
        each word has, shape `(words,)`.
        """
        # PyTorch takes no mean of no words.
        if self.pooling == "first" or not len(numbers):
            return states[numbers.cumsum(dim=0) - numbers]
        return torch.segment_reduce(states, "mean", lengths=numbers)


def _length(numbered: tuple[int, Window]) -> int:
    return numbered[1].stop - numbered[1].start


def _checked_states(chosen: Sequence[int] | None, layers: int) -> list[int]:
    if chosen is None:
        return list(range(layers + 1))
    known = all(type(number) is int and 0 <= number <= layers for number in chosen)
    if not chosen or not known or len(set(chosen)) < len(chosen):
        raise TransformerError(
            f"hidden_states is {list(chosen)}; it must be some of 0 to {layers}, each once (0: the embedding layer)."
        )
    return list(chosen)


def _checked_room(asked: int | None, positions: int | None, special: int) -> int | None:
    if asked is None:
        return positions
    if type(asked) is not int or not special + 2 <= asked <= (positions or asked):
        bound = "" if positions is None else f", and {positions} at most, which are the transformer's positions"
        raise TransformerError(f"max_pieces is {asked!r}; it must be {special + 2} at least{bound}.")
    return asked


def _positions(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """How many pieces the transformer reads at most, special ones counted; `None` where there is no bound."""
    positions = getattr(model.config, "max_position_embeddings", None) or 0
    if positions <= 0:
        return tokenizer.model_max_length if tokenizer.model_max_length < _UNBOUNDED else None
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            # As in RoBERTa, whose first positions stand for padding.
            return positions - module.padding_idx - 1
    return positions
