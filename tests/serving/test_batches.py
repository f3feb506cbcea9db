import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from elmo_tasks.serving.batches import Batches
from elmo_tasks.serving.errors import BadInputError, ShuttingDownError


class Slow:
    """Answers a batch when it is let; an input that is negative has an error for an answer."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.may_go_on = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, inputs: Sequence[int]) -> list[Any]:
        self.batches.append(list(inputs))
        self.begun.release()
        assert self.may_go_on.acquire(timeout=30)
        return [BadInputError(f"{one}") if one < 0 else one * 10 for one in inputs]


async def ask_while_one_is_answered(
    slow: Slow, batches: Batches, first: int, others: Sequence[tuple[int, int]]
) -> list[Any]:
    """Asks the first, and the others with their lengths while that is being answered; then lets all be answered."""
    loop = asyncio.get_running_loop()
    asked = [asyncio.create_task(batches.ask(first, 1))]
    assert await loop.run_in_executor(None, slow.begun.acquire)
    asked += [asyncio.create_task(batches.ask(one, length)) for one, length in others]
    await asyncio.sleep(0)
    for _ in range(len(asked)):
        slow.may_go_on.release()
    return await asyncio.gather(*asked, return_exceptions=True)


def test_what_came_meanwhile_is_one_batch() -> None:
    slow = Slow()
    with ThreadPoolExecutor(1) as executor:
        batches = Batches(slow, executor, most=8, longest=100)
        answers = asyncio.run(ask_while_one_is_answered(slow, batches, 1, [(2, 1), (3, 1), (4, 1)]))
    assert answers == [10, 20, 30, 40]
    assert slow.batches == [[1], [2, 3, 4]]


def test_what_nobody_waits_for_is_not_answered() -> None:
    slow = Slow()

    async def steps(batches: Batches) -> list[int]:
        asked = [asyncio.create_task(batches.ask(1, 1))]
        assert await asyncio.get_running_loop().run_in_executor(None, slow.begun.acquire)
        asked += [asyncio.create_task(batches.ask(one, 1)) for one in (2, 3, 4)]
        await asyncio.sleep(0)
        # One that has begun, the next, and the last.
        for gone in (0, 1, 3):
            asked[gone].cancel()
        for _ in range(3):
            slow.may_go_on.release()
        return [await asked[2], await batches.ask(5, 1)]

    with ThreadPoolExecutor(1) as executor:
        batches = Batches(slow, executor, most=8, longest=100)
        assert asyncio.run(steps(batches)) == [30, 50]
    assert slow.batches == [[1], [3], [5]]


@pytest.mark.parametrize(
    ("most", "longest", "expected"),
    [
        (2, 100, [[2, 3], [4, 5], [6]]),
        # 2 of length 3 take 6, a third one 9; 20 is alone, though it is more than there may be.
        (8, 8, [[2, 3], [4], [5], [6]]),
        (8, 60, [[2, 3, 4], [5, 6]]),
    ],
)
def test_a_batch_has_its_limits(most: int, longest: int, expected: list[list[int]]) -> None:
    slow = Slow()
    others = [(2, 3), (3, 3), (4, 3), (5, 20), (6, 1)]
    with ThreadPoolExecutor(1) as executor:
        batches = Batches(slow, executor, most, longest)
        answers = asyncio.run(ask_while_one_is_answered(slow, batches, 1, others))
    assert answers == [10, 20, 30, 40, 50, 60]
    assert slow.batches == [[1], *expected]


def test_an_error_goes_to_who_asked() -> None:
    slow = Slow()
    with ThreadPoolExecutor(1) as executor:
        batches = Batches(slow, executor, most=8, longest=100)
        first, bad, good = asyncio.run(ask_while_one_is_answered(slow, batches, 1, [(-2, 1), (3, 1)]))
    assert (first, good) == (10, 30)
    assert isinstance(bad, BadInputError)


def test_a_fault_goes_to_all_of_the_batch_and_ends_nothing() -> None:
    def answers(inputs: Sequence[int]) -> list[int]:
        return [1 // one for one in inputs]

    async def ask(batches: Batches) -> list[Any]:
        first = await asyncio.gather(batches.ask(0, 1), batches.ask(0, 1), return_exceptions=True)
        return [*first, await batches.ask(1, 1)]

    with ThreadPoolExecutor(1) as executor:
        *faults, good = asyncio.run(ask(Batches(answers, executor, most=8, longest=100)))
    assert [type(fault) for fault in faults] == [ZeroDivisionError, ZeroDivisionError]
    assert good == 1


def test_after_the_end_what_has_begun_is_answered_and_no_more() -> None:
    async def ask(slow: Slow, batches: Batches) -> list[Any]:
        asked = [asyncio.create_task(batches.ask(one, 1)) for one in (1, 2)]
        assert await asyncio.get_running_loop().run_in_executor(None, slow.begun.acquire)
        asked.append(asyncio.create_task(batches.ask(3, 1)))
        await asyncio.sleep(0)
        batches.close()
        slow.may_go_on.release()
        return await asyncio.gather(*asked, return_exceptions=True)

    slow = Slow()
    with ThreadPoolExecutor(1) as executor:
        one, two, three = asyncio.run(ask(slow, Batches(slow, executor, most=1, longest=100)))
    assert one == 10
    assert isinstance(two, ShuttingDownError)
    assert isinstance(three, ShuttingDownError)
    assert slow.batches == [[1]]


def test_who_asked_may_go() -> None:
    async def ask(slow: Slow, batches: Batches) -> Any:
        gone = asyncio.create_task(batches.ask(1, 1))
        assert await asyncio.get_running_loop().run_in_executor(None, slow.begun.acquire)
        gone.cancel()
        other = asyncio.create_task(batches.ask(2, 1))
        for _ in range(3):
            slow.may_go_on.release()
        return await other

    slow = Slow()
    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(ask(slow, Batches(slow, executor, most=8, longest=100))) == 20
