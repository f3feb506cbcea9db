"""Several models and a corpus, answering requests in batches and within limits; knows nothing of HTTP."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from elmo_tasks.serving.batches import Batches
from elmo_tasks.serving.errors import (
    BadInputError,
    NoNeighborsError,
    ShuttingDownError,
    TooLongError,
    TooManyRequestsError,
    UnknownModelError,
)
from elmo_tasks.serving.served import ServedModel
from elmo_tasks.vectors.nearest import NeighborsError
from elmo_tasks.vectors.neighbors import CorpusIndex, Neighbor, Occurrence


class Limits(NamedTuple):
    """What requests may take."""

    characters: int = 5000
    """Of an input's texts together."""
    requests: int = 64
    """That may wait for their answers at once."""
    batch_size: int = 16
    """Requests of a batch."""

    @property
    def bytes(self) -> int:
        """Of a request's body: a character takes 12 bytes of JSON at most."""
        return 12 * self.characters + 10_000


DEFAULT_LIMITS = Limits()


class Service:
    """
    Answers requests, all models in one thread, so that they do not take the processor from one another.

    # Parameters

    models : `Sequence[ServedModel]`
        Each has a name of its own.
    limits : `Limits`
    corpus : `Path`, optional
        What `indices` were made of.
    indices : `Mapping[str, CorpusIndex]`
        By the models' names; not all need have one.
    """

    def __init__(
        self,
        models: Sequence[ServedModel],
        limits: Limits = DEFAULT_LIMITS,
        corpus: Path | None = None,
        indices: Mapping[str, CorpusIndex] | None = None,
    ) -> None:
        self.models = {model.name: model for model in models}
        self.limits = limits
        self.corpus = corpus
        self.indices = indices or {}
        self._executor = ThreadPoolExecutor(1, "models")
        # A batch of long texts takes no more than the longest that is allowed.
        self._batches = {
            model.name: Batches(model.answers, self._executor, limits.batch_size, limits.characters) for model in models
        }
        self._in_flight = 0
        self._closing = False

    def close(self) -> None:
        """Answers what is being answered and nothing more. May be called by a signal's handler."""
        self._closing = True
        for batches in self._batches.values():
            batches.close()

    @property
    def is_answering(self) -> bool:
        """Whether anybody waits for an answer."""
        return self._in_flight > 0

    def finish(self) -> None:
        """Waits for what is being answered."""
        self._executor.shutdown()

    async def answer(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """
        A model's answer.

        # Raises

        `RequestError`
            Of any kind: there is no such model, the input is too long or not what the model reads, too much is in
            flight, or the server is ending.
        """
        self._model(name)
        length = self._checked_length(inputs)
        with self._admitted():
            answer: dict[str, Any] = await self._batches[name].ask(inputs, length)
            return answer

    async def neighbors(
        self, name: str, query: Occurrence, k: int, layer: int | str, same_word: bool
    ) -> list[Neighbor]:
        """
        The occurrences in the corpus that are nearest to one in a text, by the model's biLM.

        # Raises

        `RequestError`
            As `answer`; or if the model has no biLM.
        """
        self._model(name)
        if name not in self.indices:
            raise NoNeighborsError(f'The model "{name}" has no biLM whose vectors could be compared.')
        self._checked_length(query.tokens)
        if not query.tokens or not all(query.tokens) or not 0 <= query.position < len(query.tokens):
            raise BadInputError("There must be tokens, none of them empty, and a position among them, counted from 0.")
        index = self.indices[name]
        with self._admitted():
            loop = asyncio.get_running_loop()
            try:
                return await loop.run_in_executor(self._executor, index.nearest, query, k, layer, same_word)
            except NeighborsError as error:
                raise BadInputError(str(error)) from None

    def _model(self, name: str) -> ServedModel:
        if name not in self.models:
            raise UnknownModelError(f'There is no model "{name}"; there are: {", ".join(self.models)}.')
        return self.models[name]

    def _checked_length(self, inputs: Any) -> int:
        length = _length(inputs)
        if length > self.limits.characters:
            raise TooLongError(f"The input has {length} characters; {self.limits.characters} are allowed.")
        return length

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self._closing:
            raise ShuttingDownError("The server is ending.")
        if self._in_flight >= self.limits.requests:
            raise TooManyRequestsError(f"{self._in_flight} requests are waiting for their answers: try again later.")
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1


def _length(value: Any) -> int:
    """The characters of all texts in an input, where each value counts for one at least."""
    if isinstance(value, dict):
        return sum(map(_length, value.values()))
    if isinstance(value, list):
        return sum(map(_length, value))
    return max(1, len(value)) if isinstance(value, str) else 1
