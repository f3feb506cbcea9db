"""The averages of a corpus's vectors by sense, in a file that can be gone on with after a kill and used again."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import h5py
import numpy as np

from elmo_tasks.bilm.batches import windows
from elmo_tasks.bilm.hdf5 import writing_hdf5
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.files import check_own, one_line, sha256
from elmo_tasks.probing.layers import sentence_layers
from elmo_tasks.probing.sense_corpus import (
    Instance,
    SenseCorpus,
    SenseSentence,
    SensesError,
    read_keys,
    read_sentences,
    senses_of,
)
from elmo_tasks.probing.wordnet import Entry, entry_of

_ATTRIBUTE = "elmo_tasks_senses"
_WINDOW_TOKENS = 32768
_SAVE_SECONDS = 60.0
_ROUNDING = 1e-5


class SenseAverages:
    """
    Of each sense the sum of its instances' vectors in each layer, and their number.

    # Parameters

    senses : `Sequence[str]`
        Sense keys.
    sums : `np.ndarray`
        Shape `(senses, layers, dim)`, float32.
    counts : `np.ndarray`
        Shape `(senses,)`, int64.
    """

    def __init__(self, senses: Sequence[str], sums: np.ndarray, counts: np.ndarray) -> None:
        self.senses = senses
        self.sums = sums
        self.counts = counts
        self._rows = {sense: row for row, sense in enumerate(senses)}
        self._of_entry: defaultdict[Entry, list[int]] = defaultdict(list)
        for row, sense in enumerate(senses):
            self._of_entry[entry_of(sense)].append(row)

    def add(self, senses: Iterable[str], vectors: np.ndarray) -> None:
        """An instance's vectors, shape `(layers, dim)`, to each of its senses."""
        for sense in senses:
            row = self._rows[sense]
            self.sums[row] += vectors
            self.counts[row] += 1

    def nearest(self, entry: Entry, vectors: np.ndarray) -> list[str] | None:
        """
        Of each layer, the sense of the entry whose average has the largest cosine with an instance's vector; of those
        that are as near, up to rounding, the one with the most instances. None where there is no sense of the entry.

        # Parameters

        entry : `Entry`
        vectors : `np.ndarray`
            Shape `(layers, dim)`.
        """
        rows = [row for row in self._of_entry.get(entry, ()) if self.counts[row]]
        if not rows:
            return None
        # A sum has the direction of its average. Shape: (senses, layers)
        cosines = (_directions(self.sums[rows]) * _directions(vectors)).sum(axis=-1)
        # In the token layer all senses that were met as the same word have the same direction.
        is_nearest = cosines > cosines.max(axis=0) - _ROUNDING
        # Shape: (layers,)
        best = np.where(is_nearest, self.counts[rows][:, None], 0).argmax(axis=0)
        return [self.senses[rows[number]] for number in best]


@dataclass(frozen=True)
class Contents:
    """
    What is in a file of averages.

    # Parameters

    bilm, data, keys : `str`
        SHA-256 of what they are of.
    sentences, instances : `int`
        How many of the corpus are in them.
    is_whole : `bool`
        Whether those are all.
    """

    bilm: str
    data: str
    keys: str
    sentences: int = 0
    instances: int = 0
    is_whole: bool = False

    def is_of_same(self, other: "Contents") -> bool:
        """Whether two files are of the same source and corpus."""
        return (self.bilm, self.data, self.keys) == (other.bilm, other.data, other.keys)


def average_senses(
    source: LayerSource,
    corpus: SenseCorpus,
    path: Path,
    force: bool = False,
    progress: Callable[[int], object] = lambda instances: None,
) -> SenseAverages:
    """
    A corpus's averages, which are kept in a file as they grow: where it has them all, it is only read; where it has
    those of a part of the corpus, the rest is added.

    # Parameters

    source : `LayerSource`
        Stateless.
    corpus : `SenseCorpus`
    path : `Path`
        The HDF5 file: 4 bytes a sense, layer and dimension, as in memory.
    force : `bool`
        Whether it may replace a file of another source or corpus.
    progress : `Callable[[int], object]`
        Is told the number of instances that were added, or were there.

    # Raises

    `SensesError`
        If a file is not of its form, senses are missing, or what is at `path` is something else.
    """
    keys = read_keys(corpus.keys)
    contents = Contents(bilm_digest(source), sha256(corpus.data), sha256(corpus.keys))
    if not force:
        check_own(path, lambda: _is_of_same(path, contents), SensesError)
    averages = _none(source, sorted({sense for senses in keys.values() for sense in senses}), corpus.keys)
    if path.exists() and _is_of_same(path, contents):
        contents, averages = read_averages(path)
    progress(contents.instances)
    if contents.is_whole:
        return averages
    saved = time.monotonic()
    waiting = islice(read_sentences(corpus.data), contents.sentences, None)
    for window in windows(waiting, _num_tokens, _WINDOW_TOKENS):
        number = 0
        for instance, vectors in instance_vectors(source, window):
            averages.add(senses_of(instance.id, keys, corpus.keys), vectors)
            number += 1
            progress(1)
        contents = replace(contents, sentences=contents.sentences + len(window), instances=contents.instances + number)
        if time.monotonic() - saved > _SAVE_SECONDS:
            _write(path, contents, averages)
            saved = time.monotonic()
    _write(path, replace(contents, is_whole=True), averages)
    return averages


def instance_vectors(source: LayerSource, sentences: Iterable[SenseSentence]) -> Iterator[tuple[Instance, np.ndarray]]:
    """Each instance with its vectors, of several words their mean: shape `(layers, dim)`, float32."""
    for sentence, layers in sentence_layers(source, sentences):
        of_sentence = layers.float().cpu().numpy()
        for instance in sentence.instances:
            yield instance, of_sentence[:, instance.words].mean(axis=1)


def read_averages(path: Path) -> tuple[Contents, SenseAverages]:
    """A file of averages. Raises `SensesError` where it is none, or damaged."""
    with _opened(path) as file:
        averages = SenseAverages(list(file["senses"].asstr()[:]), file["sums"][:], file["counts"][:])
        return Contents(**json.loads(file.attrs[_ATTRIBUTE])), averages


def _is_of_same(path: Path, wanted: Contents) -> bool:
    try:
        with _opened(path) as file:
            return Contents(**json.loads(file.attrs[_ATTRIBUTE])).is_of_same(wanted)
    except SensesError:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path) as file:
            yield file
    except (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise SensesError(f"{path} is no file of averages by sense, or is damaged: {one_line(error)}.") from None


def _write(path: Path, contents: Contents, averages: SenseAverages) -> None:
    with writing_hdf5(path) as file:
        file.attrs[_ATTRIBUTE] = json.dumps(asdict(contents))
        file.create_dataset("senses", data=averages.senses, dtype=h5py.string_dtype())
        # With check sums, so that damage is noticed.
        file.create_dataset("sums", data=averages.sums, fletcher32=True)
        file.create_dataset("counts", data=averages.counts, fletcher32=True)


def _none(source: LayerSource, senses: Sequence[str], path: Path) -> SenseAverages:
    sums = np.zeros((len(senses), source.num_layers, source.output_dim), dtype=np.float32)
    try:
        return SenseAverages(senses, sums, np.zeros(len(senses), dtype=np.int64))
    except SensesError as error:
        raise SensesError(f"{path}: {error}.") from None


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Each of length 1, or 0. Shape `(..., dim)`."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def _num_tokens(sentence: SenseSentence) -> int:
    return len(sentence.tokens)
