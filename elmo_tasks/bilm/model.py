"""The biLM as a whole (Peters et al. 2018, sections 3.1 and 3.2): character ids to the layers of every token."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.characters import (
    MAX_WORD_LENGTH,
    NUM_CHARACTER_IDS,
    SENTENCE_END_IDS,
    SENTENCE_START_IDS,
    batch_to_ids,
    distinct_words,
)
from elmo_tasks.bilm.int8 import Int8Error, Int8Linear, round_weights
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.lstm import BidirectionalLstm, LstmState
from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.packing import Packing, pack
from elmo_tasks.bilm.precision import wide
from elmo_tasks.bilm.weights import WeightsError, check_weights, read_weights, write_weights
from elmo_tasks.bilm.word_table import WordTable


class CharacterIdsError(ValueError):
    """A tensor is not one of character ids."""


_START, _END, FIRST_TOKEN = 0, 1, 2
"""Rows of a batch's words: `<S>`, `</S>`, then from `FIRST_TOKEN` on all tokens, sentence by sentence."""

_WORDS_AT_ONCE = 1024


class BiLM(LayerSource):
    """
    A bidirectional language model without its softmax.

    It has no dropout and no other randomness. `<S>` and `</S>` are put around each sentence inside.

    Converted to bfloat16 or float16, `bilm.to(torch.bfloat16)`, it makes its matrix products in that precision, and
    everything else in float32: cells, gates, sums over layers, the layers that it gives. That serves inference only. It
    is faster where the processor multiplies in that precision (bfloat16: AMX, AVX512-BF16, GPUs; float16: GPUs), and
    slower elsewhere; a biLM takes half the memory anywhere. `bilm.to_precision(torch.int8)` is for a processor: a
    quarter of the memory, and the fastest for a sentence at a time.

    # Parameters

    options : `BiLMOptions`
    stateful : `bool`
        By default a sentence's layers depend on that sentence alone. With `stateful` the LSTMs begin a sentence with
        the states in which the sentence at the same place of the last batch left them, as in bilm-tf and AllenNLP;
        batches may differ in size. The states are not in the state dict.
    """

    ids_name = "elmo_tokens"

    def __init__(self, options: BiLMOptions, stateful: bool = False) -> None:
        super().__init__()
        self.options = options
        self.stateful = stateful
        self.char_cnn = CharCnn(options)
        self.lstm = BidirectionalLstm(options)
        boundaries = torch.from_numpy(np.stack([SENTENCE_START_IDS, SENTENCE_END_IDS]))
        self.register_buffer("_boundaries", boundaries, persistent=False)
        self._boundaries: Tensor
        self._states: list[LstmState] | None = None
        self._word_table: WordTable | None = None

    @classmethod
    def from_files(
        cls,
        options_file: str | Path,
        weight_file: str | Path,
        stateful: bool = False,
        requires_grad: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> "BiLM":
        """
        A trained biLM.

        # Parameters

        options_file, weight_file : `str` or `Path`
            An options.json and a weights.hdf5 as bilm-tf writes them.
        stateful : `bool`
        requires_grad : `bool`
            Whether the weights are to be trained on.
        dtype : `torch.dtype`
            The weights' precision, and with it that of the matrix products.

        # Returns

        `BiLM`

        # Raises

        `FileNotFoundError`
            If a file is not there.
        `OptionsError`, `WeightsError`
            If a file cannot be read or the two do not belong together.
        """
        options = BiLMOptions.from_file(options_file)
        check_weights(options, weight_file)
        # The random weights are about to be replaced; the caller's random numbers should not depend on them.
        with torch.random.fork_rng(devices=()):
            bilm = cls(options, stateful)
        read_weights(bilm.char_cnn, bilm.lstm, weight_file)
        return bilm.requires_grad_(requires_grad).to_precision(dtype)

    def save(
        self,
        options_file: str | Path,
        weight_file: str | Path,
        compress: bool = False,
        round_to_half: bool = False,
    ) -> None:
        """
        Writes the biLM's two files, which bilm-tf and AllenNLP read too.

        # Parameters

        options_file, weight_file : `str` or `Path`
            Existing files are replaced once the new ones are whole.
        compress, round_to_half : `bool`
            See `write_weights`.

        # Raises

        `WeightsError`
            If a weight is not finite, or the biLM is one of 8-bit numbers.
        """
        if self._is_int8:
            raise WeightsError("A biLM of 8-bit numbers cannot be written: write it before it is converted.")
        write_weights(self.char_cnn, self.lstm, weight_file, compress, round_to_half)
        self.options.to_file(options_file)

    def untrained(self, seed: int, dtype: torch.dtype | None = None) -> "BiLM":
        """A biLM of the same shape and on the same device, with random weights, which are frozen."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            bilm = type(self)(self.options, self.stateful)
        return bilm.to(self.device).eval().requires_grad_(False).to_precision(dtype or self.dtype)

    def has_weights(self, weights: Mapping[str, Tensor]) -> bool:
        """
        Whether these are the biLM's weights, up to rounding.

        # Parameters

        weights : `Mapping[str, Tensor]`
            A biLM's state dict. It may have layers more than this biLM.
        """
        if self._is_int8:
            other = self.untrained(seed=0, dtype=torch.float32)
            own = dict(other.named_parameters())
            if any(name not in weights or weights[name].shape != weight.shape for name, weight in own.items()):
                return False
            other.load_state_dict({name: weights[name] for name in own})
            weights = other.to_precision(torch.int8).state_dict()
        return all(
            name in weights and weights[name].shape == own.shape and _are_close(own, weights[name])
            for name, own in self.named_parameters()
        )

    @property
    def num_layers(self) -> int:
        """Layers in the output: the LSTM's and the tokens' own."""
        return self.options.num_layers + 1

    @property
    def output_dim(self) -> int:
        """Length of a token's vector in each layer: both directions."""
        return self.options.output_dim

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._boundaries.device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' precision; int8 where the large ones are numbers of 8 bits."""
        return torch.int8 if self._is_int8 else self.char_cnn.character_embedding.dtype

    @property
    def _is_int8(self) -> bool:
        return isinstance(self.char_cnn.projection, Int8Linear)

    def to_precision(self, dtype: torch.dtype) -> Self:
        """
        Converts it, in place: `torch.int8` too, see `elmo_tasks.bilm.int8`, which cannot be undone.

        # Raises

        `PrecisionError`
            If its numbers have 8 bits already and another precision is asked for, or if they shall have 8 and it is
            trained or not on a processor.
        """
        if self.dtype == dtype:
            return self
        if self._is_int8:
            raise Int8Error(f"A biLM of 8-bit numbers cannot be converted to {dtype}: read it anew.")
        if dtype != torch.int8:
            return self.to(dtype)
        if any(weight.requires_grad for weight in self.parameters()):
            raise Int8Error(
                "A biLM of 8-bit numbers is for inference only: freeze it first, `bilm.requires_grad_(False)`."
            )
        self.float()
        round_weights(self)
        return self

    @property
    def kept_words(self) -> int:
        """How many words' token vectors are kept between calls, at most."""
        table = self._word_table
        return 0 if table is None else table.most_words

    def keep_words(self, most: int, words: Iterable[str] = ()) -> None:
        """
        Has the token vectors of words kept between calls, for as long as the character CNN's weights are frozen
        (no parameter of it requires a gradient) and the same. Under autocast they are not used.

        A word's vector is then the same in all batches; without, it may differ in its last bits.

        # Parameters

        most : `int`
            Words to keep at most, see `WordTable`; 0 for none. If this is what it was, the words are kept too.
        words : `Iterable[str]`
            Their vectors are computed at once.

        # Raises

        `EmptyWordError`
            If a word is the empty string.
        """
        if most != self.kept_words:
            self._word_table = WordTable(most) if most else None
        # Shape: (words, 50)
        ids = batch_to_ids([sorted(set(words))])[0]
        for first in range(0, len(ids), _WORDS_AT_ONCE):
            self._token_vectors(ids[first : first + _WORDS_AT_ONCE].to(self.device))

    def ids(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """Character ids, see `batch_to_ids`. Shape `(batch, tokens, 50)`."""
        return batch_to_ids(sentences)

    def token_mask(self, ids: Tensor) -> Tensor:
        """
        The mask that `forward` gives, without running the biLM. Raises as `forward` does.

        Shape `(batch, tokens, 50)` to `(batch, tokens)`.
        """
        return _mask(ids)

    def sentence_key(self, ids: np.ndarray) -> bytes:
        """A sentence's character ids as 16-bit numbers; `ids` has the shape `(tokens, 50)`."""
        return ids.astype(np.int16).tobytes()

    def identity(self) -> Any:
        """The options."""
        return asdict(self.options)

    def reset_states(self) -> None:
        """Forgets the sentences before, if the biLM is stateful."""
        self._states = None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "BiLM":
        """Moves and converts the parameters, for `to`, `cuda`, `half`, ...; the kept words' vectors are left behind."""
        super()._apply(fn, recurse)
        table = self._word_table
        if table is not None:
            table.clear()
        return self

    def forward(self, character_ids: Tensor) -> BiLMOutput:
        """
        # Parameters

        character_ids : `Tensor`
            As from `batch_to_ids`; a row of zeros is no token, wherever it stands. Shape `(batch, tokens, 50)`.

        # Returns

        `BiLMOutput`
            The token layer first, `[x ; x]`; then each LSTM layer, the forward direction's half in front.

        # Raises

        `CharacterIdsError`
            If the shape or the ids are wrong.
        """
        # Shape: (batch, tokens)
        mask = _mask(character_ids)
        # Where the tokens stand in the flattened mask. Shape: (number,)
        places = mask.flatten().nonzero().squeeze(1)
        if not (len(mask) if self.stateful else len(places)):
            # No sentence makes a step.
            shape = (len(mask), self.num_layers, mask.shape[1], self.output_dim)
            return BiLMOutput(self.char_cnn.character_embedding.new_zeros(shape, dtype=wide(self.dtype)), mask)
        words, word_rows = distinct_words(torch.cat([self._boundaries, character_ids.flatten(end_dim=1)[places]]))
        # Shape: (distinct words, projection_dim)
        vectors = self._token_vectors(words)
        packing, tokens_in, tokens_out = self.pack_sentences(mask.sum(dim=1), mask.shape[1], len(places))
        # Shape: (2, packed, projection_dim)
        inputs = F.embedding(word_rows[tokens_in], vectors)
        outputs, states = self.lstm(inputs, packing.step_sizes, self._initial_states(packing))
        if self.stateful:
            self._keep(states, packing)
        # For each token the row of its vectors, those of each direction, in each layer's table.
        # Shape: (number, num_layers, 2)
        token_rows = word_rows[FIRST_TOKEN:].view(-1, 1, 1).expand(-1, 1, 2)
        rows = torch.cat([token_rows, tokens_out.unsqueeze(1).expand(-1, len(outputs), 2)], dim=1)
        tables = [vectors, *(output.flatten(end_dim=1) for output in outputs)]
        return BiLMOutput(_look_up(tables, rows, places, mask.shape), mask)

    def _token_vectors(self, words: Tensor) -> Tensor:
        """Of distinct words: shape `(words, 50)` to `(words, projection_dim)`."""
        is_trained = any(weight.requires_grad for weight in self.char_cnn.parameters())
        # Another thread may replace it.
        table = self._word_table
        if table is None or is_trained or torch.is_autocast_enabled(words.device.type):
            return self.char_cnn(words)
        return table.vectors(words, self.char_cnn)

    def pack_sentences(self, lengths: Tensor, longest: int, number: int) -> tuple[Packing, Tensor, Tensor]:
        """
        The sentences with their boundaries as packed sequences; for a subclass that packs them otherwise.

        # Parameters

        lengths : `Tensor`
            Tokens each sentence has. Shape `(batch,)`.
        longest, number : `int`
            Tokens that a sentence has at most, and that all have together.

        # Returns

        `Packing`
        `Tensor`
            Which of the batch's words (`<S>`, `</S>`, the tokens) each packed row reads, shape `(2, packed)`.
        `Tensor`
            Where each token's outputs are in `(2, packed)`, flattened. Shape `(number, 2)`.
        """
        # The last step, </S> forward and <S> backward, gives no output that is asked for, only the next state; nor
        # does the first of an empty sentence.
        steps = lengths + 2 if self.stateful else torch.where(lengths > 0, lengths + 1, 0)
        packing = pack(steps, longest + 2)
        firsts = lengths.cumsum(dim=0) - lengths
        # Each of shape: (packed,)
        step, length = packing.steps, lengths[packing.sequences]
        first = FIRST_TOKEN + firsts[packing.sequences]
        is_token = (step > 0) & (step <= length)
        forward = torch.where(is_token, first + step - 1, torch.where(step == 0, _START, _END))
        backward = torch.where(is_token, first + length - step, torch.where(step == 0, _END, _START))
        return packing, torch.stack([forward, backward]), packing.rows_both_ways(lengths, number, ahead=1)

    def _initial_states(self, packing: Packing) -> list[LstmState]:
        """In packed order."""
        batch = packing.step_sizes[0]
        if not self.stateful:
            return self.lstm.initial_states(batch)
        kept = self._states or self.lstm.initial_states(0)
        # Sentences at places that no batch has had so far begin with zeros.
        self._states = [LstmState(*(self._grown(part, batch) for part in state)) for state in kept]
        return [LstmState(*(part[:, packing.order] for part in state)) for state in self._states]

    def _grown(self, state: Tensor, batch: int) -> Tensor:
        """With zeros behind, if need be. Shape `(2, any, dim)` to `(2, batch or more, dim)`."""
        state = state.to(self.device, wide(self.dtype))
        return F.pad(state, (0, 0, 0, max(0, batch - state.shape[1])))

    def _keep(self, states: list[LstmState], packing: Packing) -> None:
        """Keeps the states for the next batch; those of places beyond this batch stay as they were."""
        assert self._states is not None
        self._states = [
            LstmState(*(kept.index_copy(1, packing.order, new.detach()) for kept, new in zip(*pair, strict=True)))
            for pair in zip(self._states, states, strict=True)
        ]


def _look_up(tables: list[Tensor], rows: Tensor, places: Tensor, shape: torch.Size) -> Tensor:
    """
    Puts the tokens' vectors where they belong, with a single copy.

    # Parameters

    tables : `list[Tensor]`
        One a layer, shape `(any, projection_dim)`.
    rows : `Tensor`
        Each token's rows in the tables, shape `(number, num_layers, 2)`.
    places : `Tensor`
        Where each token belongs in the flattened batch, shape `(number,)`.
    shape : `torch.Size`
        `(batch, tokens)`

    # Returns

    `Tensor`
        Shape `(batch, num_layers, tokens, 2 * projection_dim)`.
    """
    # A row of zeros comes first, for the places without a token.
    zeros = tables[0].new_zeros(1, tables[0].shape[1])
    starts = list(itertools.accumulate((len(table) for table in tables[:-1]), initial=1))
    all_rows = places.new_zeros(shape.numel(), len(tables), 2)
    all_rows[places] = rows + torch.tensor(starts, device=rows.device).unsqueeze(1)
    # Shape: (batch, num_layers, tokens, 2, projection_dim)
    vectors = F.embedding(all_rows.view(*shape, len(tables), 2).transpose(1, 2), torch.cat([zeros, *tables]))
    return vectors.flatten(start_dim=3)


def _mask(character_ids: Tensor) -> Tensor:
    """Where the tokens are: shape `(batch, tokens, 50)` to `(batch, tokens)`."""
    _check(character_ids)
    return (character_ids != 0).any(dim=-1)


def _check(character_ids: Tensor) -> None:
    if character_ids.dim() != 3 or character_ids.shape[2] != MAX_WORD_LENGTH:
        raise CharacterIdsError(
            f"The character ids have shape {tuple(character_ids.shape)}; "
            f"(batch, tokens, {MAX_WORD_LENGTH}) is needed, as from batch_to_ids."
        )
    # A byte holds too few numbers.
    if character_ids.dtype not in (torch.int64, torch.int32, torch.int16):
        raise CharacterIdsError(
            f"The character ids are {character_ids.dtype}; whole numbers of 16 bits or more are needed."
        )
    # On a GPU this would wait for the ids.
    if character_ids.device.type == "cpu" and character_ids.numel():
        lowest, highest = (int(bound) for bound in character_ids.aminmax())
        if lowest < 0 or highest >= NUM_CHARACTER_IDS:
            raise CharacterIdsError(
                f"There are character ids from {lowest} to {highest}; they must lie in 0..{NUM_CHARACTER_IDS - 1}."
            )


def _are_close(own: Tensor, other: Tensor) -> bool:
    other = other.to(own.device, own.dtype)
    if not own.is_floating_point():
        return bool((own.int() - other.int()).abs().le(1).all())
    return torch.allclose(own, other, rtol=2 * torch.finfo(own.dtype).eps, atol=1e-6)
