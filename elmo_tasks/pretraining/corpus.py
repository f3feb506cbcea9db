"""A corpus for language modelling: shards of plain or gzipped text, one tokenized sentence a line, read as a stream."""

import glob
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Token
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from overrides import overrides

from elmo_tasks.files import read_lines

SENTENCE_START, SENTENCE_END = "<S>", "</S>"
"""The sentence boundaries, which the language model predicts like words. A corpus does not contain them."""

NAMESPACE = "words"
"""The vocabulary namespace of the words that the language model predicts."""

_OPEN_SHARDS = 128
"""Shards read side by side: files open at a time. A byte says which of them."""


def find_shards(paths: str | Sequence[str]) -> list[Path]:
    """
    The files of a corpus, in order.

    # Parameters

    paths : `str | Sequence[str]`
        Files, folders (each file in them) or patterns such as `"corpus/*.txt.gz"`; a string that names nothing as it is
        may hold several, separated by commas.

    # Raises

    `ConfigurationError`
        Where one of them names no file.
    """
    if isinstance(paths, str):
        paths = [paths] if named_by(paths) else paths.split(",")
    shards: list[Path] = []
    for pattern in paths:
        if not (found := named_by(pattern)):
            raise ConfigurationError(f'"{pattern}" names no corpus file: give a file, a folder or a pattern.')
        shards.extend(found)
    return shards


def named_by(pattern: str) -> list[Path]:
    """What a path or a pattern names; many names in one, which no path is as long as, name nothing."""
    if os.path.isfile(pattern):
        return [Path(pattern)]
    found = []
    if os.path.isdir(pattern):
        found = sorted(path for path in Path(pattern).iterdir() if path.is_file() and path.name[0] != ".")
    return found or sorted(Path(path) for path in glob.glob(pattern) if os.path.isfile(path))


def read_shard(path: str | Path) -> Iterator[list[str]]:
    """
    The tokens of each line that has any.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not UTF-8 text, or where a gzipped file breaks off.
    """
    for _, line in read_lines(path, ConfigurationError):
        if tokens := line.split():
            yield tokens


def shuffled(sentences: Iterable[list[str]], buffer_size: int, rng: random.Random) -> Iterator[list[str]]:
    """Sentences in random order, as far as a buffer of so many sentences can reorder them."""
    sentences = iter(sentences)
    buffer = list(islice(sentences, buffer_size))
    rng.shuffle(buffer)
    for sentence in sentences:
        position = rng.randrange(len(buffer))
        buffer[position], sentence = sentence, buffer[position]
        yield sentence
    yield from buffer


def count_sentences(shard: Path) -> int:
    """The lines of a shard that have any token. A shard is counted once in a process, as long as it stays as it is."""
    status = shard.stat()
    return _count_sentences(shard, status.st_size, status.st_mtime_ns)


@cache
def _count_sentences(shard: Path, size: int, changed: int) -> int:
    return sum(1 for _ in read_shard(shard))


def interleaved(shards: Sequence[Path], rng: random.Random) -> Iterator[list[str]]:
    """
    All shards' sentences, each shard's in order, merged at random: each sentence comes from any of those that are left
    with the same probability. So all parts of a corpus that has novels in some shards and captions in others are there
    from the beginning to the end, be their sentences long or short. The shards' sentences are counted for that before
    the first one is read. Of more shards than 128, so many are merged at a time.

    The order is drawn from `rng` as it is when the first sentence is asked for. What the caller draws from it between
    the sentences does not matter: each process that reads a part draws another number of times.
    """
    for first in range(0, len(shards), _OPEN_SHARDS):
        group = shards[first : first + _OPEN_SHARDS]
        # Each sentence's shard, a byte each.
        order = bytearray().join(bytes([number]) * count_sentences(shard) for number, shard in enumerate(group))
        rng.shuffle(order)
        # Of our own for the next group, and without a draw that the caller would notice.
        rng = random.Random(copy(rng).getrandbits(64))
        readers = [read_shard(shard) for shard in group]
        for number in order:
            # A file that was cut since it was counted ends before.
            if (sentence := next(readers[number], None)) is not None:
                yield sentence


def sentence_stream(
    shards: Sequence[Path], shuffle_buffer: int = 0, rng: random.Random | None = None, part: tuple[int, int] = (0, 1)
) -> Iterator[list[str]]:
    """
    One pass over the corpus.

    # Parameters

    shards : `Sequence[Path]`
    shuffle_buffer : `int`
        Sentences held to shuffle among; the shards are read side by side. 0 keeps the order of the files.
    rng : `random.Random | None`
        Required to shuffle.
    part : `tuple[int, int]`
        `(i, n)` gives every n-th sentence from the i-th on, for n processes that share a corpus.
    """
    index, number = part
    if not shuffle_buffer:
        return islice((sentence for shard in shards for sentence in read_shard(shard)), index, None, number)
    assert rng is not None
    shards = rng.sample(shards, len(shards))
    return shuffled(islice(interleaved(shards, rng), index, None, number), shuffle_buffer, rng)


@DatasetReader.register("elmo_corpus")
class CorpusReader(DatasetReader):
    """
    Reads a corpus for language modelling. Training takes its sentences through the data loader `elmo_lm_windows`, which
    needs no instances; the instances, a `TextField` `"tokens"` with the sentence's boundaries, are for AllenNLP's other
    tools.

    Registered as a `DatasetReader` with name "elmo_corpus".
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs)

    @overrides
    def _read(self, file_path: str) -> Iterable[Instance]:
        for sentence in self.shard_iterable(sentence_stream(find_shards(file_path))):
            yield self.text_to_instance(sentence)

    @overrides(check_signature=False)
    def text_to_instance(self, tokens: list[str]) -> Instance:
        """`tokens`: the words of a sentence, without boundaries."""
        words = [Token(word) for word in (SENTENCE_START, *tokens, SENTENCE_END)]
        return Instance({"tokens": TextField(words)})

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        tokens = instance["tokens"]
        assert isinstance(tokens, TextField)
        tokens.token_indexers = {"tokens": SingleIdTokenIndexer(NAMESPACE)}
