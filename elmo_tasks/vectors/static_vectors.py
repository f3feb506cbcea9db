"""Vectors of words without a context: the biLM's own, and files of them in GloVe's text format."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.characters import EmptyWordError, join_rows, word_row
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.files import begins_with, check_is_file, check_own, read_lines, same_content, writing

MOST_DIGITS = 9
"""Significant digits that every float32 comes back from."""


class VectorsError(ValueError):
    """A file is no vocabulary or holds no vectors, or has none of a word. Lines are counted from 1."""


class WordVectors(NamedTuple):
    """The vectors of some words."""

    words: Sequence[str]
    vectors: np.ndarray
    """Shape `(words, dim)`, float32."""


def token_vectors(bilm: LayerSource, words: Iterable[str], at_once: int = 1024) -> Iterator[WordVectors]:
    """
    Words' vectors from their spelling alone: the character CNN, its highway layers and the projection, which is what
    the biLM's LSTMs read (x_k in Peters et al. 2018, section 3.1). The biLM's token layer has each of them twice, once
    a direction; here it is once. This is what bilm-tf's `dump_token_embeddings` writes.

    Of a transformer, the first of its hidden states that it gives, the embedding layer unless others were chosen, of
    each word as a text of its own.

    # Parameters

    bilm : `LayerSource`
    words : `Iterable[str]`
        Taken as text, but for `<S>` and `</S>`, which are the sentence boundaries, as in bilm-tf's vocabularies.
    at_once : `int`
        Words that are in memory at a time.

    # Returns

    `Iterator[WordVectors]`
        In the words' order, of dim `projection_dim` (512 in the original biLM); of a transformer, `output_dim`.

    # Raises

    `EmptyWordError`
        If a word is the empty string.
    """
    waiting = iter(words)
    while some := list(islice(waiting, at_once)):
        if "" in some:
            raise EmptyWordError("A word is the empty string, which has no vector.")
        with torch.inference_mode():
            # Shape: (words, dim)
            vectors = _spelled(bilm, some) if isinstance(bilm, BiLM) else _alone(bilm, some)
        yield WordVectors(some, vectors.float().cpu().numpy())


def _spelled(bilm: BiLM, words: Sequence[str]) -> Tensor:
    # Shape: (words, 50)
    ids = torch.from_numpy(join_rows([word_row(word, of_vocabulary=True) for word in words]))
    return bilm.char_cnn(ids.to(bilm.device))


def _alone(source: LayerSource, words: Sequence[str]) -> Tensor:
    return source(source.ids([[word] for word in words]).to(source.device)).layers[:, 0, 0]


def static_dim(bilm: LayerSource) -> int:
    """Length of the vectors of `token_vectors`."""
    return bilm.options.projection_dim if isinstance(bilm, BiLM) else bilm.output_dim


def read_vocabulary(path: str | Path) -> Iterator[str]:
    """
    The words of a file, one a line, plain or compressed.

    # Raises

    `VectorsError`
        Names the line that is empty, has white space in it, or is not UTF-8.
    """
    for number, line in _lines(Path(path)):
        if not line:
            raise VectorsError(f"{path}, line {number}: the line is empty; there must be a word on each.")
        if line.split() != [line]:
            raise VectorsError(
                f'{path}, line {number}: "{line}" has white space in it, and the vectors\' format separates by that.'
            )
        yield line


def count_words(vocabulary: str | Path) -> int:
    """The number of words of a vocabulary, see `read_vocabulary`. Raises `VectorsError` if it has none, or is none."""
    total = sum(1 for _ in read_vocabulary(vocabulary))
    if not total:
        raise VectorsError(f"{vocabulary} has no words.")
    return total


def write_words(
    bilm: LayerSource,
    vocabulary: str | Path,
    out: str | Path,
    digits: int = 6,
    force: bool = False,
    progress: Callable[[int], object] = lambda words: None,
) -> int:
    """
    Writes the `token_vectors` of a vocabulary.

    # Parameters

    bilm : `LayerSource`
    vocabulary : `str` or `Path`
        See `read_vocabulary`. It is read twice, so that a mistake in it shows before anything is computed.
    out : `str` or `Path`
        See `write_vectors`.
    digits : `int`
        See `write_vectors`.
    force : `bool`
        See `write_vectors`.
    progress : `Callable[[int], object]`
        Is told the number of words of each batch that is written.

    # Returns

    `int`
        The number of words.

    # Raises

    `VectorsError`
        If the vocabulary is none, or `out` is the same file, or another that is not to be replaced.
    """
    vocabulary, out = Path(vocabulary), Path(out)
    if out.is_dir() or (out.exists() and vocabulary.exists() and out.samefile(vocabulary)):
        what = "a folder" if out.is_dir() else "the vocabulary"
        raise VectorsError(f"The vectors cannot be written to {out}: that is {what}.")
    count_words(vocabulary)

    def batches() -> Iterator[WordVectors]:
        for batch in token_vectors(bilm, read_vocabulary(vocabulary)):
            yield batch
            progress(len(batch.words))

    return write_vectors(batches(), out, digits, force)


def write_vectors(batches: Iterable[WordVectors], path: str | Path, digits: int = 6, force: bool = False) -> int:
    """
    Writes GloVe's text format: a line a word, the word and its numbers separated by spaces.

    # Parameters

    batches : `Iterable[WordVectors]`
        The words have no white space.
    path : `str` or `Path`
        Gzipped if it ends with `.gz`; no other compression. Replaced once the new file is whole.
    digits : `int`
        Significant digits of a number, 1 to 9; 9 are exact.
    force : `bool`
        Whether a file that is there and differs from the new one is replaced.

    # Returns

    `int`
        The number of words.

    # Raises

    `VectorsError`
        If `digits` is none of these, or the file's name says another compression; or there is such a file and it is
        not to be replaced. In most cases that shows with the first batch.
    """
    if not 1 <= digits <= MOST_DIGITS:
        raise VectorsError(f"Numbers cannot have {digits} significant digits, but 1 to {MOST_DIGITS}.")
    path = Path(path)
    if path.suffix in (".bz2", ".xz"):
        raise VectorsError(f"{path}: vectors are written as text or as .gz, not as {path.suffix}.")
    is_gzip = path.suffix == ".gz"
    number = 0
    with writing(path) as temporary:
        with open(temporary, "wb") as raw:
            # Without the time and the temporary name in it the same vectors give the same file.
            file = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if is_gzip else raw
            for words, vectors in batches:
                text = _lines_of(words, vectors, digits)
                if not (number or force):
                    check_own(path, partial(begins_with, path, text), VectorsError)
                file.write(text)
                number += len(words)
            if is_gzip:
                file.close()
        if not force:
            check_own(path, partial(same_content, path, temporary), VectorsError)
    return number


def _lines_of(words: Sequence[str], vectors: np.ndarray, digits: int) -> bytes:
    lines = (
        " ".join([word, *(f"{value:.{digits}g}" for value in row)])
        for word, row in zip(words, vectors.tolist(), strict=True)
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def read_vectors(path: str | Path, at_once: int = 4096) -> Iterator[WordVectors]:
    """
    Vectors in GloVe's text format, plain or compressed, or in that of word2vec and fastText: their first line, two
    whole numbers, is passed over, and so is the space at the end of each line.

    # Parameters

    path : `str` or `Path`
    at_once : `int`
        Words that are in memory at a time.

    # Returns

    `Iterator[WordVectors]`
        In the file's order.

    # Raises

    `VectorsError`
        Names the line that is not a word and as many numbers as there are on the first one.
    """
    words: list[str] = []
    rows: list[np.ndarray] = []
    for number, line, dim in _word_lines(path):
        # A few of GloVe's words have spaces in them.
        word, *values = line.rsplit(" ", dim)
        words.append(word)
        rows.append(_numbers(values, dim, path, number))
        if len(words) == at_once:
            yield WordVectors(words, np.stack(rows))
            words, rows = [], []
    if words:
        yield WordVectors(words, np.stack(rows))


def vector_of(word: str, path: str | Path) -> np.ndarray:
    """
    A word's vector in a file, without reading the other words' numbers. Shape `(dim,)`, float32.

    # Raises

    `VectorsError`
        If the word is not there, or its line is not as `read_vectors` wants it.
    """
    for number, line, dim in _word_lines(path):
        # Looked at closely only where it begins right: "the 3 0.5 0.25" may have a vector of "the 3".
        if line.startswith(f"{word} ") and (fields := line.rsplit(" ", dim))[0] == word:
            return _numbers(fields[1:], dim, path, number)
    raise VectorsError(f'{path} has no vector of "{word}".')


def _word_lines(path: str | Path) -> Iterator[tuple[int, str, int]]:
    """Each word's line, its number, and how many numbers there are to be on it."""
    dim = 0
    for number, line in _lines(Path(path)):
        if number == 1 and _is_header(line):
            dim = int(line.split()[1])
            continue
        words_line = line.removesuffix(" ")
        dim = dim or words_line.count(" ")
        yield number, words_line, dim


def _is_header(line: str) -> bool:
    fields = line.split()
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _numbers(values: Sequence[str], dim: int, path: str | Path, number: int) -> np.ndarray:
    try:
        # Much faster than to leave the strings to numpy.
        numbers = np.array([float(value) for value in values], dtype=np.float32)
    except ValueError:
        numbers = np.array([])
    if not dim or len(numbers) != dim or not np.isfinite(numbers).all():
        raise VectorsError(f"{path}, line {number}: not a word and {dim or 'its'} numbers, separated by single spaces.")
    return numbers


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    check_is_file(path, VectorsError)
    yield from read_lines(path, VectorsError)
