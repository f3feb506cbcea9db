import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from elmo_tasks.bilm.parallel import _workers, at_once, by_direction


def threads_of_torch(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def two_threads() -> Iterator[None]:
    yield from threads_of_torch(2)


@pytest.fixture
def four_threads() -> Iterator[None]:
    yield from threads_of_torch(4)


def in_a_new_thread(function: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def scaled_sums(tensor: Tensor, other: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    return tensor * factor, (tensor + other).sum(dim=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_gives_what_the_function_gives_for_both_directions(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    tensor, other = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    found = by_direction(scaled_sums, (tensor, other), 2.5)
    torch.set_num_threads(before)
    for one, expected in zip(found, scaled_sums(tensor, other, 2.5), strict=True):
        assert torch.equal(one, expected)


def test_at_once_is_one_call() -> None:
    calls = []
    tensor = torch.randn(2, 4, requires_grad=True)
    (found,) = at_once(lambda both: calls.append(both) or (both * 2,), (tensor,))
    assert torch.equal(found, tensor * 2)
    assert not found.requires_grad
    assert len(calls) == 1


def test_directions_run_side_by_side(two_threads: object) -> None:
    # Each waits for the other, so that one after the other would never end.
    both = threading.Barrier(2, timeout=300)

    def wait(tensor: Tensor) -> tuple[Tensor]:
        both.wait()
        return (tensor,)

    tensor = torch.randn(2, 4)
    assert torch.equal(by_direction(wait, (tensor,))[0], tensor)


def test_each_new_thread_has_as_many_of_torchs_as_the_first(four_threads: object) -> None:
    _workers.cache_clear()
    tensor, inside = torch.randn(2, 4), []

    def call() -> int:
        by_direction(lambda part: inside.append(torch.get_num_threads()) or (part,), (tensor,))
        return torch.get_num_threads()

    assert [in_a_new_thread(call) for _ in range(4)] == [4] * 4
    assert torch.get_num_threads() == 4
    assert in_a_new_thread(torch.get_num_threads) == 4
    # Both directions share them.
    assert inside == [2] * 8


def test_a_callers_own_number_is_not_that_of_all(four_threads: object) -> None:
    _workers.cache_clear()
    tensor, ready, go = torch.randn(2, 4), threading.Event(), threading.Event()

    def call() -> int:
        # A thread takes the number of all where it first asks for it, whatever it has set before.
        torch.get_num_threads()
        torch.set_num_threads(2)
        ready.set()
        go.wait(300)
        by_direction(lambda part: (part,), (tensor,))
        return torch.get_num_threads()

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(call)
        ready.wait(300)
        torch.set_num_threads(4)
        go.set()
        assert found.result() == 2
    assert in_a_new_thread(torch.get_num_threads) == 4


def test_callers_with_different_numbers_keep_their_workers(four_threads: object) -> None:
    tensor, seen = torch.randn(2, 4), set()
    for number in (4, 2) * 3:
        torch.set_num_threads(number)
        by_direction(lambda part: seen.add(threading.current_thread()) or (part,), (tensor,))
    assert len(seen) <= 4


def test_there_is_no_gradient(two_threads: object) -> None:
    tensor = torch.randn(2, 4, requires_grad=True)
    (found,) = by_direction(lambda part: (part * 2,), (tensor,))
    assert not found.requires_grad
    assert torch.is_grad_enabled()


def test_an_error_reaches_the_caller(two_threads: object) -> None:
    def fail(tensor: Tensor) -> tuple[Tensor]:
        raise ValueError("no such direction")

    with pytest.raises(ValueError, match="no such direction"):
        by_direction(fail, (torch.randn(2, 4),))


def test_a_forked_child_does_not_wait_for_its_parents_threads(two_threads: object) -> None:
    tensor = torch.randn(2, 4)
    by_direction(scaled_sums, (tensor, tensor), 1.0)
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # ends a child that waits
        found, _ = by_direction(scaled_sums, (tensor, tensor), 3.0)
        os._exit(0 if torch.equal(found, tensor * 3) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
