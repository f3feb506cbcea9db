"""Sentences packed into windows of fixed size, for training with the LSTM's state carried from window to window."""

import random
from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.data import DataLoader, DatasetReader, Instance, TensorDict, Vocabulary
from allennlp.nn.util import move_to_device
from overrides import overrides
from torch import distributed

from elmo_tasks.bilm.characters import join_rows, word_row
from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.pretraining.corpus import (
    SENTENCE_END,
    SENTENCE_START,
    find_shards,
    sentence_stream,
)
from elmo_tasks.pretraining.vocabulary import check_sorted_by_frequency, softmax_rows
from elmo_tasks.private import unknown_token

IGNORED = -1
"""The target where there is nothing to predict: a stream has run out."""

_CHECKED_SENTENCES = 20_000

Pair = tuple[str, str]
"""A token and the one to predict from it."""

Rows = list[tuple[list[Pair], list[Pair]]]
"""The pairs of one window, forward and backward, of each stream."""


def sentence_pairs(sentence: list[str]) -> tuple[list[Pair], list[Pair]]:
    """
    What the forward and the backward direction read and predict of one sentence. Both are `len(sentence) + 1` long, so
    that the two directions' windows cover the same sentences.
    """
    tokens = [SENTENCE_START, *sentence, SENTENCE_END]
    backward = tokens[::-1]
    return list(pairwise(tokens)), list(pairwise(backward))


class Stream:
    """One row of the batch: sentence after sentence, handed out in pieces of one window's length."""

    def __init__(self, sentences: Iterator[list[str]]) -> None:
        self._sentences = sentences
        self._waiting: tuple[list[Pair], list[Pair]] = ([], [])

    def take(self, length: int) -> tuple[list[Pair], list[Pair]]:
        """The next pairs of each direction; fewer than `length`, or none, where the corpus ends."""
        while len(self._waiting[0]) < length and (sentence := next(self._sentences, None)) is not None:
            for waiting, pairs in zip(self._waiting, sentence_pairs(sentence), strict=True):
                waiting.extend(pairs)
        taken = self._waiting[0][:length], self._waiting[1][:length]
        for waiting in self._waiting:
            del waiting[:length]
        return taken


@DataLoader.register("elmo_lm_windows")
class WindowDataLoader(DataLoader):
    """
    Deals a corpus's sentences to `batch_size` streams and cuts them into windows of `window` tokens (Peters et al. 2018
    trained with windows of 20). Each direction has its own windows of the same sentences, the backward one's reversed
    sentence by sentence. Memory does not grow with the corpus, but for a byte a sentence, of up to 128 files, where it
    is shuffled.

    In a distributed training each process takes its share of the sentences.

    A batch has `characters`, the character ids of its distinct words, shape `(distinct words, 50)`; `inputs`, for each
    token which of them it is; and `targets`, the vocabulary id minus 1 of the word to predict (-1 where there is none),
    both of shape `(2, batch_size, window)`.

    # Parameters

    reader : `DatasetReader`
        Not used to read, but for `iter_instances`; AllenNLP passes it.
    data_path : `str | list[str]`
        The corpus, as `find_shards` takes it.
    batch_size : `int`
        Streams.
    window : `int`
        Tokens.
    shuffle_buffer : `int`
        Sentences held to shuffle among. 0 keeps the order of the files and gives every token of the corpus exactly
        once, as a held-out text needs it; with shuffling, an epoch ends when a stream runs out.
    batches_per_epoch : `int | None`
        Cut the passes over the corpus into epochs of so many batches, the next beginning where one ended.
    max_batches : `int | None`
        Read no more than so many, from the corpus's beginning: for a look at a long held-out text.
    seed : `int`
    check_order : `bool`
        With shuffling: check that the vocabulary is sorted by the words' frequency in this corpus. Without it a
        vocabulary of another corpus can be used, whose sampled softmax is then estimated from samples that fit less
        well.

    # Raises

    `ConfigurationError`
        Names the parameter that is none of these, or a path that names no corpus.

    Registered as a `DataLoader` with name "elmo_lm_windows".
    """

    def __init__(
        self,
        reader: DatasetReader,
        data_path: str | list[str],
        batch_size: int = 128,
        window: int = 20,
        shuffle_buffer: int = 0,
        batches_per_epoch: int | None = None,
        max_batches: int | None = None,
        seed: int = 13370,
        check_order: bool = True,
    ) -> None:
        check_count(ConfigurationError, batch_size=batch_size, window=window)
        check_count(ConfigurationError, least=0, shuffle_buffer=shuffle_buffer, seed=seed)
        check_count(ConfigurationError, optional=True, batches_per_epoch=batches_per_epoch, max_batches=max_batches)
        check_flag(ConfigurationError, check_order=check_order)
        self._reader, self._data_path = reader, data_path
        self._shards = find_shards(data_path)
        self._batch_size, self._window = batch_size, window
        self._shuffle_buffer, self._seed = shuffle_buffer, seed
        self._batches_per_epoch, self._max_batches = batches_per_epoch, max_batches
        self._check_order = check_order
        self._length: int | None = None
        self._passes = 0
        self._endless: Iterator[Rows] | None = None
        self._softmax_rows: dict[str, int] = {}
        self._unknown = 0
        self._device: torch.device | None = None

    @overrides
    def __len__(self) -> int:
        """Batches in an epoch. Counts the corpus's tokens once, where `batches_per_epoch` does not say it."""
        if self._batches_per_epoch:
            return self._batches_per_epoch
        if self._length is None:
            sentences = Tqdm.tqdm(self._sentences(), desc="counting tokens", unit=" sentences")
            tokens = sum(len(sentence) + 1 for sentence in sentences)
            # Streams end at different tokens: the true number can differ by a few.
            self._length = -(-tokens // (self._batch_size * self._window))
            if self._max_batches is not None:
                self._length = min(self._length, self._max_batches)
        return self._length

    @overrides
    def __iter__(self) -> Iterator[TensorDict]:
        return map(self._batch, self._epoch())

    def skip_epoch(self) -> int:
        """Passes over an epoch's text without making its batches; gives their number."""
        return sum(1 for _ in self._epoch())

    @overrides
    def iter_instances(self) -> Iterator[Instance]:
        return self._reader.read(self._data_path)  # type: ignore[arg-type]  # a list of any paths

    @overrides
    def index_with(self, vocab: Vocabulary) -> None:
        if self._shuffle_buffer and self._check_order:
            check_sorted_by_frequency(vocab, islice(sentence_stream(self._shards), _CHECKED_SENTENCES))
        self._softmax_rows = softmax_rows(vocab)
        self._unknown = self._softmax_rows[unknown_token(vocab)]

    @overrides
    def set_target_device(self, device: torch.device) -> None:
        self._device = device

    def _sentences(self, rng: random.Random | None = None) -> Iterator[list[str]]:
        part = (distributed.get_rank(), distributed.get_world_size()) if is_distributed() else (0, 1)
        return sentence_stream(self._shards, self._shuffle_buffer if rng else 0, rng, part)

    def _epoch(self) -> Iterator[Rows]:
        if not self._batches_per_epoch:
            return self._not_empty(islice(self._one_pass(), self._max_batches))
        if self._endless is None:
            self._endless = self._all_passes()
        return islice(self._endless, self._batches_per_epoch)

    def _all_passes(self) -> Iterator[Rows]:
        while True:
            batches = self._one_pass()
            if (first := next(batches, None)) is None:
                raise ConfigurationError(
                    f"{self._data_path} is too short to fill one window of {self._window} tokens in each of "
                    f"{self._batch_size} streams: take fewer streams, or a larger corpus."
                )
            yield first
            yield from batches

    def _not_empty(self, batches: Iterator[Rows]) -> Iterator[Rows]:
        """Nothing read has no loss, which would look like the best of all."""
        first = next(batches, None)
        if first is None:
            raise ConfigurationError(
                f"{self._data_path} has no text, or not enough to fill a window of {self._window} tokens in each of "
                f"{self._batch_size} streams."
            )
        yield first
        yield from batches

    def _one_pass(self) -> Iterator[Rows]:
        rng = random.Random(self._seed + self._passes) if self._shuffle_buffer else None
        self._passes += 1
        sentences = self._sentences(rng)
        streams = [Stream(sentences) for _ in range(self._batch_size)]
        while True:
            rows = [stream.take(self._window) for stream in streams]
            lengths = [len(forward) for forward, _ in rows]
            if not any(lengths) or (self._shuffle_buffer and min(lengths) < self._window):
                return
            yield rows

    def _batch(self, rows: Rows) -> TensorDict:
        index: dict[str, int] = {SENTENCE_START: 0}
        inputs = np.zeros((2, self._batch_size, self._window), dtype=np.int64)
        targets = np.full((2, self._batch_size, self._window), IGNORED, dtype=np.int64)
        for row, directions in enumerate(rows):
            for direction, pairs in enumerate(directions):
                if pairs:
                    inputs[direction, row, : len(pairs)] = [index.setdefault(word, len(index)) for word, _ in pairs]
                    targets[direction, row, : len(pairs)] = [
                        self._softmax_rows.get(target, self._unknown) for _, target in pairs
                    ]
        characters = join_rows([word_row(word, of_vocabulary=True) for word in index])
        arrays = {"characters": characters, "inputs": inputs, "targets": targets}
        batch: TensorDict = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return batch if self._device is None else move_to_device(batch, self._device)
