"""The clock, the memory, and what the processor can do at best."""

import gc
import logging
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

Work = Callable[[], float]
"""Does something once and returns the seconds that count."""

_STATUS = Path("/proc/self/status")
_TIMES, _STEAL = Path("/proc/stat"), 7
_PROCESSES = multiprocessing.get_context("forkserver")
# Imported once, by the server; what it forks begins with the libraries in place.
_PROCESSES.set_forkserver_preload(["elmo_tasks", "allennlp.modules.elmo"])


def seconds(work: Callable[[], object]) -> float:
    """How long something takes. Garbage is collected before, not meanwhile."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Stolen:
    """
    The share of the processors' time that the host of a virtual machine gives to others while the context lasts.

    `share` is 0 where the system does not say (Linux says it in /proc/stat).
    """

    share = 0.0

    def __enter__(self) -> "Stolen":
        self._before = _ticks()
        return self

    def __exit__(self, *error: object) -> None:
        spent = [now - before for now, before in zip(_ticks(), self._before, strict=True)]
        self.share = spent[_STEAL] / sum(spent) if sum(spent) else 0.0


def _ticks() -> list[int]:
    """Of all processors: user, nice, system, idle, iowait, irq, softirq, steal."""
    if not _TIMES.exists():
        return [0] * (_STEAL + 1)
    return [int(ticks) for ticks in _TIMES.read_text(encoding="utf-8").split("\n", 1)[0].split()[1 : _STEAL + 2]]


def in_turn(works: Mapping[str, Work], runs: int, warm_up: bool = True) -> dict[str, list[float]]:
    """
    Each work's seconds, run by run. They take turns, so that what else the machine does meets all of them, and each run
    begins with another one.

    # Parameters

    works : `Mapping[str, Work]`
    runs : `int`
    warm_up : `bool`
        Whether there is one run before that does not count.

    # Returns

    `dict[str, list[float]]`
        `runs` figures for each.
    """
    if warm_up:
        for work in works.values():
            work()
    times: dict[str, list[float]] = {name: [] for name in works}
    order = list(works)
    for _ in range(runs):
        for name in order:
            times[name].append(works[name]())
        order.append(order.pop(0))
    return times


@dataclass(frozen=True)
class Rates:
    """
    Matrix products measured here, in GFLOP/s (a multiplication and an addition are two).

    # Parameters

    fp32, bf16 : `float`
        A large square product.
    step_fp32, step_bf16 : `float`
        One LSTM step of the original shape: `(64 x 512) (512 x 16384)`.
    """

    fp32: float
    bf16: float
    step_fp32: float
    step_bf16: float

    @property
    def has_bf16(self) -> bool:
        """Whether bf16 products run on units of their own; where they do not, they are no faster than fp32."""
        return self.bf16 > 1.2 * self.fp32


def measure_rates(quick: bool) -> Rates:
    """The best of several products of each kind."""
    large, step = ((128, 128, 128), (8, 16, 512)) if quick else ((2048, 2048, 2048), (64, 512, 16384))
    return Rates(
        fp32=_product(large, torch.float32),
        bf16=_product(large, torch.bfloat16),
        step_fp32=_product(step, torch.float32),
        step_bf16=_product(step, torch.bfloat16),
    )


def _product(sizes: tuple[int, int, int], dtype: torch.dtype) -> float:
    rows, inner, columns = sizes
    left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(inner, columns, dtype=dtype)
    result = torch.empty(rows, columns, dtype=dtype)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(left, right, out=result)
        times.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / min(times) / 1e9


def peak_memory(function: Callable[..., object], *arguments: Any) -> float | None:
    """
    The most memory that `function(*arguments)` takes in a process of its own, beyond the imported libraries.

    # Parameters

    function : `Callable`
        Of a module, so that another process can find it.

    # Returns

    `float` or None
        MiB; None where the system does not say (it does on Linux).

    # Raises

    `RuntimeError`
        If the function fails there.
    """
    if not _STATUS.exists():
        return None
    here, there = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_measured, args=(there, torch.get_num_threads(), function, arguments))
    process.start()
    there.close()
    try:
        peak: float = here.recv()
    except EOFError:
        raise RuntimeError(f"{function.__module__}.{function.__name__} failed in a process of its own.") from None
    finally:
        process.join()
    return peak


def _measured(answer: Connection, threads: int, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)
    before = _status("VmRSS")
    function(*arguments)
    answer.send(max(_status("VmHWM") - before, 0.1))


def _status(key: str) -> float:
    (kibibytes,) = re.findall(rf"^{key}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    return int(kibibytes) / 1024


@dataclass
class Side:
    """
    One of the two that are compared.

    # Parameters

    seconds : `list[float]`
        One a run.
    memory : `float`, optional
        MiB at the peak.
    """

    seconds: list[float]
    memory: float | None = None

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)
