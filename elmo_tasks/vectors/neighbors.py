"""The occurrences of words that are nearest to one occurrence in its context (Peters et al. 2018, table 4)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm.batches import batches_by_length, windows
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.vectors.dump.text import Sentence, read_sentences
from elmo_tasks.vectors.nearest import Nearest, NeighborsError

CORPUS = Path(__file__).parent / "texts" / "sentences.txt"
"""The text in this package."""

_WINDOW_TOKENS = 32768
"""What is sorted by length, and in memory as text, at a time."""


class Occurrence(NamedTuple):
    """A word in its sentence."""

    tokens: Sequence[str]
    position: int
    """Counted from 0."""

    @property
    def word(self) -> str:
        return self.tokens[self.position]

    def marked(self, width: int = 15) -> str:
        """The word in brackets, with up to so many tokens on each side."""
        first, behind = max(0, self.position - width), self.position + 1 + width
        before = ["…"] * (first > 0) + list(self.tokens[first : self.position])
        after = [*self.tokens[self.position + 1 : behind], *["…"] * (behind < len(self.tokens))]
        return " ".join([*before, f"[{self.word}]", *after])


class Neighbor(NamedTuple):
    """An occurrence in a corpus, and how near it is."""

    cosine: float
    line: int
    """Of the corpus, counted from 1."""
    occurrence: Occurrence


def find_occurrence(sentence: str, word: str, number: int = 1) -> Occurrence:
    """
    Finds a word in a sentence, to look for its neighbours there.

    # Parameters

    sentence : `str`
        Tokenized: split at white space.
    word : `str`
        One of its tokens.
    number : `int`
        Which of its occurrences, counted from 1.

    # Returns

    `Occurrence`
        The sentence's tokens, and which of them it is.

    # Raises

    `NeighborsError`
        If the sentence has no such token, or not so many of them.
    """
    tokens = sentence.split()
    positions = [position for position, token in enumerate(tokens) if token == word]
    if not positions:
        raise NeighborsError(
            f'The sentence has no token "{word}". It is split at spaces, so punctuation needs spaces around it: '
            f"{' | '.join(tokens)}"
        )
    if not 1 <= number <= len(positions):
        raise NeighborsError(f'There is no occurrence {number} of "{word}": the sentence has {len(positions)}.')
    return Occurrence(tokens, positions[number - 1])


def nearest_occurrences(
    bilm: LayerSource,
    queries: Sequence[Occurrence],
    corpus: Iterable[Sentence],
    k: int = 10,
    layer: int | str = "last",
    same_word: bool = False,
    progress: Callable[[int], object] = lambda tokens: None,
    batch_tokens: int = 4096,
) -> list[list[Neighbor]]:
    """
    Searches a corpus in one pass, in bounded memory. Sentences that are a query's own are passed over, and a sentence
    that the corpus has several times counts once.

    # Parameters

    bilm : `LayerSource`
        A biLM or a transformer; stateless.
    queries : `Sequence[Occurrence]`
    corpus : `Iterable[Sentence]`
    k : `int`
        Neighbours to find for each query.
    layer : `int` or `str`
        A layer's number, 0 for the token layer; `"last"`; or `"mean"`, the mean of all.
    same_word : `bool`
        Whether only occurrences of the query's word count, in upper or lower case, or those of any word.
    progress : `Callable[[int], object]`
        Is told the number of tokens of each batch.
    batch_tokens : `int`
        Tokens of a batch at most, padding counted.

    # Returns

    `list[list[Neighbor]]`
        Those of each query, the nearest first.

    # Raises

    `NeighborsError`
        If there is no such layer.
    """
    number = layer_number(bilm, layer)
    # Shape: (queries, dim)
    wanted = torch.stack([_direction(bilm, query, number) for query in queries])
    found = [Nearest[tuple[Sentence, int]](k) for _ in queries]
    for batch, directions in _batches(bilm, corpus, [number], batch_tokens):
        # Shape: (batch, tokens, queries)
        cosines = (directions[:, 0] @ wanted.t()).cpu().numpy()
        for column, (query, nearest) in enumerate(zip(queries, found, strict=True)):
            _offer(nearest, query, batch, cosines[:, :, column], same_word)
        progress(sum(len(sentence.tokens) for sentence in batch))
    return [_neighbors(nearest) for nearest in found]


class CorpusIndex:
    """
    A corpus whose vectors stay in memory, for questions that come one by one; each is answered as
    `nearest_occurrences` does, in any layer. It takes `4 * (layers + 1) * dim` bytes a token: 4 kB with the biLM mini.

    # Parameters

    bilm : `LayerSource`
        A biLM or a transformer; stateless.
    corpus : `Iterable[Sentence]`
    progress : `Callable[[int], object]`
        Is told the number of tokens of each batch.
    batch_tokens : `int`
        Tokens of a batch at most, padding counted.
    """

    def __init__(
        self,
        bilm: LayerSource,
        corpus: Iterable[Sentence],
        progress: Callable[[int], object] = lambda tokens: None,
        batch_tokens: int = 4096,
    ) -> None:
        self._bilm = bilm
        # The mean of all is the last.
        self._numbers = [*range(bilm.num_layers), None]
        self._batches = []
        for batch, directions in _batches(bilm, corpus, self._numbers, batch_tokens):
            self._batches.append((batch, directions))
            progress(sum(len(sentence.tokens) for sentence in batch))

    def nearest(
        self, query: Occurrence, k: int = 10, layer: int | str = "last", same_word: bool = False
    ) -> list[Neighbor]:
        """The k nearest occurrences, see `nearest_occurrences`. Raises `NeighborsError` if there is no such layer."""
        number = layer_number(self._bilm, layer)
        column = self._numbers.index(number)
        # Shape: (dim,)
        wanted = _direction(self._bilm, query, number)
        nearest = Nearest[tuple[Sentence, int]](k)
        for batch, directions in self._batches:
            # Shape: (batch, tokens)
            cosines = (directions[:, column] @ wanted).cpu().numpy()
            _offer(nearest, query, batch, cosines, same_word)
        return _neighbors(nearest)


def layer_number(bilm: LayerSource, layer: int | str) -> int | None:
    """A layer's number, `None` for the mean of all. Raises `NeighborsError` if there is no such layer."""
    if layer == "mean":
        return None
    if layer == "last":
        return bilm.num_layers - 1
    if isinstance(layer, int) and 0 <= layer < bilm.num_layers:
        return layer
    raise NeighborsError(f'There is no layer "{layer}": it is 0 to {bilm.num_layers - 1}, "last" or "mean".')


def _batches(
    bilm: LayerSource, corpus: Iterable[Sentence], numbers: Sequence[int | None], batch_tokens: int
) -> Iterator[tuple[list[Sentence], Tensor]]:
    """Batches of a corpus's sentences with their directions, see `_directions`."""
    for window in windows(corpus, Sentence.num_tokens, _WINDOW_TOKENS):
        for batch in batches_by_length(window, Sentence.num_tokens, 64, batch_tokens):
            yield batch, _directions(bilm, [sentence.tokens for sentence in batch], numbers)


def _direction(bilm: LayerSource, query: Occurrence, number: int | None) -> Tensor:
    """That of one occurrence in one layer. Shape `(dim,)`."""
    return _directions(bilm, [query.tokens], [number])[0, 0, query.position]


def _directions(bilm: LayerSource, sentences: Sequence[Sequence[str]], numbers: Sequence[int | None]) -> Tensor:
    """
    The vectors of some layers, `None` for the mean of all, each of length 1, or of length 0 without a token. Shape
    `(batch, numbers, tokens, dim)`.
    """
    with torch.inference_mode():
        # Shape: (batch, num_layers, tokens, dim)
        layers = bilm(bilm.ids(sentences).to(bilm.device)).layers
        wanted = [layers.mean(dim=1) if number is None else layers[:, number] for number in numbers]
        return F.normalize(torch.stack(wanted, dim=1), dim=-1)


def _neighbors(nearest: Nearest[tuple[Sentence, int]]) -> list[Neighbor]:
    return [
        Neighbor(cosine, line + 1, Occurrence(tokens, place)) for cosine, ((line, _, tokens), place) in nearest.best()
    ]


def _offer(
    nearest: Nearest[tuple[Sentence, int]],
    query: Occurrence,
    batch: Sequence[Sentence],
    cosines: np.ndarray,
    same_word: bool,
) -> None:
    """`cosines`: shape `(batch, tokens)`."""
    counts = np.zeros(cosines.shape, dtype=bool)
    for row, sentence in enumerate(batch):
        if sentence.tokens != query.tokens:
            counts[row, : len(sentence.tokens)] = [
                not same_word or is_same_word(token, query.word) for token in sentence.tokens
            ]
    # Each of shape: (those that count,)
    rows, places = counts.nonzero()
    values = cosines[rows, places]
    for index in np.argsort(-values, kind="stable"):
        value = float(values[index])
        if not nearest.wants(value):
            break
        sentence, place = batch[rows[index]], int(places[index])
        nearest.offer(value, (tuple(sentence.tokens), place), (sentence, place))


def sentences_to_search(corpus: Path, queries: Iterable[Occurrence], same_word: bool) -> Iterator[Sentence]:
    """
    A corpus's sentences for `nearest_occurrences`: with `same_word` only those that have the word of a query.

    # Raises

    `NeighborsError`
        If there is no such file.
    """
    if not corpus.is_file():
        raise NeighborsError(f"There is no corpus {corpus}.")
    sentences = read_sentences(corpus)
    return with_words(sentences, (query.word for query in queries)) if same_word else sentences


def tokens_to_search(corpus: Path, queries: Sequence[Occurrence], same_word: bool) -> int:
    """The number of tokens of `sentences_to_search`. Raises `NeighborsError` if there are none."""
    total = sum(len(sentence.tokens) for sentence in sentences_to_search(corpus, queries, same_word))
    if not total:
        what = f'the word "{queries[0].word}"' if same_word else "a sentence"
        raise NeighborsError(f"{corpus} does not have {what}: give another corpus.")
    return total


def with_words(corpus: Iterable[Sentence], words: Iterable[str]) -> Iterator[Sentence]:
    """The sentences that have one of the words in them, in upper or lower case."""
    wanted = {word.casefold() for word in words}
    return (sentence for sentence in corpus if any(token.casefold() in wanted for token in sentence.tokens))


def is_same_word(word: str, other: str) -> bool:
    """Whether two words differ in upper and lower case at most."""
    return word.casefold() == other.casefold()
