import os
import signal
import threading

import pytest
import torch
from torch import Tensor

from elmo_tasks.bilm.parallel import at_once, by_direction


@pytest.fixture
def two_threads() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


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
