"""The words that are nearest to a word alone, without a context, for comparison (Peters et al. 2018, table 4)."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.vectors.dump.text import Sentence, read_sentences
from elmo_tasks.vectors.nearest import Nearest
from elmo_tasks.vectors.static_vectors import VectorsError, WordVectors, read_vectors, token_vectors, vector_of

_REMEMBERED_WORDS = 200_000


def nearest_without_context(
    word: str,
    bilm: LayerSource,
    corpus: Path,
    vectors: Path | None = None,
    k: int = 10,
    progress: Callable[[int], object] = lambda words: None,
) -> tuple[str, list[tuple[float, str]]]:
    """
    The words nearest to a word alone, for comparison with `nearest_occurrences`.

    # Parameters

    word : `str`
        Is looked up in lower case where `vectors` has it so only.
    bilm : `LayerSource`
    corpus : `Path`
        Its words are compared by the biLM's token layer, unless there are `vectors`.
    vectors : `Path`, optional (default = `None`)
        Words' vectors in GloVe's text format, to be used in the token layer's place.
    k : `int`
        Neighbours to find.
    progress : `Callable[[int], object]`
        Is told the number of words of each batch.

    # Returns

    `tuple[str, list[tuple[float, str]]]`
        The word as it was looked up, and its neighbours as `nearest_words` gives them.

    # Raises

    `VectorsError`
        If `vectors` has no such word.
    """
    if vectors is None:
        (_, (wanted,)) = next(token_vectors(bilm, [word]))
        batches = token_vectors(bilm, distinct_words(read_sentences(corpus)))
    else:
        word, wanted = _look_up(word, vectors)
        batches = read_vectors(vectors)
    return word, nearest_words(word, wanted, _told(batches, progress), k)


def _look_up(word: str, vectors: Path) -> tuple[str, np.ndarray]:
    try:
        return word, vector_of(word, vectors)
    except VectorsError:
        # Many published vectors are of lower-cased words only.
        if word == word.lower():
            raise
        return word.lower(), vector_of(word.lower(), vectors)


def _told(batches: Iterable[WordVectors], progress: Callable[[int], object]) -> Iterator[WordVectors]:
    for batch in batches:
        progress(len(batch.words))
        yield batch


def nearest_words(
    word: str, vector: np.ndarray, batches: Iterable[WordVectors], k: int = 10
) -> list[tuple[float, str]]:
    """
    The words with the nearest vectors by cosine, without a context.

    # Parameters

    word : `str`
        Is not among its own neighbours.
    vector : `np.ndarray`
        Its vector, shape `(dim,)`.
    batches : `Iterable[WordVectors]`
        The words among which they are sought, with their vectors, shape `(words, dim)`.
    k : `int`, optional (default = `10`)
        How many to find, at most.

    # Returns

    `list[tuple[float, str]]`
        Cosines and words, the nearest first.
    """
    nearest = Nearest[str](k)
    wanted = _normalized(vector)
    for words, vectors in batches:
        # Shape: (words,)
        cosines = _normalized(vectors) @ wanted
        for index in np.argsort(-cosines, kind="stable"):
            if not nearest.wants(cosine := float(cosines[index])):
                break
            if words[index] != word:
                nearest.offer(cosine, words[index], words[index])
    return nearest.best()


def _normalized(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)


def distinct_words(corpus: Iterable[Sentence]) -> Iterator[str]:
    """The words of a corpus as they come, each once; of a very large vocabulary some more often, to bound memory."""
    seen: set[str] = set()
    for sentence in corpus:
        for word in sentence.tokens:
            if word not in seen:
                if len(seen) == _REMEMBERED_WORDS:
                    seen.clear()
                seen.add(word)
                yield word
