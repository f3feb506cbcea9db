"""Requests that come one by one, answered in batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

from elmo_tasks.serving.errors import ShuttingDownError


class _Waiting(NamedTuple):
    inputs: Any
    length: int
    answer: asyncio.Future[Any]


class Batches:
    """
    Answers inputs in batches: a batch is what has come while the one before it was being answered. So one that comes
    alone is answered at once, and the more come the larger the batches are. It belongs to one event loop.

    # Parameters

    answers : `Callable[[Sequence[Any]], Sequence[Any]]`
        The answers of a batch, one an input; a `RequestError` in an answer's place is raised to who asked.
    executor : `Executor`
        Where `answers` runs, one batch at a time.
    most : `int`
        Inputs of a batch.
    longest : `int`
        What a batch has at most of what `ask` is told the length in, padding counted: the number of inputs times the
        length of the longest. One that is longer is a batch of its own.
    """

    def __init__(
        self, answers: Callable[[Sequence[Any]], Sequence[Any]], executor: Executor, most: int, longest: int
    ) -> None:
        self._answers = answers
        self._executor = executor
        self._most = most
        self._longest = longest
        self._waiting: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, inputs: Any, length: int) -> Any:
        """The answer. Raises the `RequestError` in its place; `ShuttingDownError` after `close`."""
        one = _Waiting(inputs, length, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await one.answer

    def close(self) -> None:
        """Lets the batch that is being answered be the last. May be called by a signal's handler."""
        self._closed = True

    async def _work(self) -> None:
        while batch := self._next_batch():
            for one, outcome in zip(batch, await self._outcomes(batch), strict=True):
                # Who asked may have gone.
                if one.answer.done():
                    continue
                if isinstance(outcome, Exception):
                    one.answer.set_exception(outcome)
                else:
                    one.answer.set_result(outcome)
        self._worker = None

    def _next_batch(self) -> list[_Waiting]:
        """The first in the queue, and those behind it as long as they fit; without those whose askers have gone."""
        batch: list[_Waiting] = []
        longest = 0
        while self._waiting and len(batch) < self._most:
            if self._waiting[0].answer.done():
                self._waiting.popleft()
                continue
            longest = max(longest, self._waiting[0].length)
            if batch and longest * (len(batch) + 1) > self._longest:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _outcomes(self, batch: Sequence[_Waiting]) -> Sequence[Any]:
        if self._closed:
            return [ShuttingDownError("The server is ending.")] * len(batch)
        inputs = [one.inputs for one in batch]
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._answers, inputs)
        except Exception as error:
            return [error] * len(batch)
