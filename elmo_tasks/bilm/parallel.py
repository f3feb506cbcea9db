"""The biLM's two directions side by side."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch
from torch import Tensor

DIRECTIONS = 2


_STARTING = threading.Lock()


@cache
def _workers(process: int, threads: int) -> ThreadPoolExecutor:
    """
    One thread a direction, each with so many of torch's. `process` keeps a forked child from waiting for its parent's
    threads.

    Torch's number is a thread's own, but what sets it sets that of all threads that first use torch later: it is set
    back for these as soon as the workers have theirs.
    """
    workers = ThreadPoolExecutor(DIRECTIONS, "elmo")
    both = threading.Barrier(DIRECTIONS)

    def start(direction: int) -> int:
        of_new_threads = torch.get_num_threads()
        both.wait()
        torch.set_num_threads(threads)
        return of_new_threads

    with _STARTING:
        of_new_threads, _ = workers.map(start, range(DIRECTIONS))
        # Not in this thread, which may have another number.
        last = threading.Thread(target=torch.set_num_threads, args=(of_new_threads,))
        last.start()
        last.join()
    return workers


def at_once(
    function: Callable[..., tuple[Tensor, ...]], tensors: Sequence[Tensor], *arguments: Any
) -> tuple[Tensor, ...]:
    """As `by_direction`, but always with one call for both directions."""
    with torch.no_grad():
        return function(*tensors, *arguments)


def by_direction(
    function: Callable[..., tuple[Tensor, ...]], tensors: Sequence[Tensor], *arguments: Any
) -> tuple[Tensor, ...]:
    """
    `function(*tensors, *arguments)`, without gradients, where every tensor's first dimension is the direction.

    On a GPU, where launches are dear, `function` is called once with both directions. On a processor with two cores
    or more it is called once for each, in two threads that share the cores: two separate products on one core each
    ran at 130 GFLOP/s apiece where one product on both cores ran at 140.

    # Parameters

    function : `Callable[..., tuple[Tensor, ...]]`
        Works on any number of directions; must not call `by_direction` itself.
    tensors : `Sequence[Tensor]`
        Each of shape `(2, ...)`.
    arguments : `Any`
        Passed on as they are.

    # Returns

    `tuple[Tensor, ...]`
        What `function` returns, each of shape `(2, ...)`.
    """
    threads = torch.get_num_threads()
    if tensors[0].device.type != "cpu" or threads < DIRECTIONS:
        return at_once(function, tensors, *arguments)

    def run(direction: int) -> tuple[Tensor, ...]:
        with torch.no_grad():  # the mode belongs to the thread
            return function(*(tensor[direction : direction + 1] for tensor in tensors), *arguments)

    results = _workers(os.getpid(), threads // DIRECTIONS).map(run, range(DIRECTIONS))
    return tuple(torch.cat(parts) for parts in zip(*results, strict=True))
