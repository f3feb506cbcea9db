"""The clock, the memory, and what the processor can do at best."""

import gc
import logging
import math
import multiprocessing
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import torch

Work = Callable[[], float]
"""Does something once and returns the seconds that count."""

DISTURBED = 0.03
"""Of the processors' time taken by the host of a virtual machine, from which on a run is disturbed."""

_GLANCE = 0.5
"""Seconds after which the host is known to be quiet."""

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


class Sample(NamedTuple):
    """
    One measurement.

    # Parameters

    seconds : `float`
    stolen : `float`
        The share of the processors' time that the host took meanwhile.
    """

    seconds: float
    stolen: float

    @property
    def is_disturbed(self) -> bool:
        """Whether the host took so much that the figure is not the machine's."""
        return self.stolen > DISTURBED


Samples = Mapping[str, Sequence[Sample]]
"""What a work has measured, by name."""


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._ticks, self._start = _ticks(), time.perf_counter()

    def read(self) -> Sample:
        """`stolen` is 0 where the system does not say (Linux says it in /proc/stat)."""
        seconds = time.perf_counter() - self._start
        spent = [now - before for now, before in zip(_ticks(), self._ticks, strict=True)]
        return Sample(seconds, spent[_STEAL] / sum(spent) if sum(spent) else 0.0)


def _ticks() -> list[int]:
    """Of all processors: user, nice, system, idle, iowait, irq, softirq, steal."""
    if not _TIMES.exists():
        return [0] * (_STEAL + 1)
    return [int(ticks) for ticks in _TIMES.read_text(encoding="utf-8").split("\n", 1)[0].split()[1 : _STEAL + 2]]


def in_turn(works: Mapping[str, Work], runs: int, patience: float) -> dict[str, "Side"]:
    """Each work's seconds, as `collect` does it with `runs` and `patience`, after one run that does not count."""
    for work in works.values():
        work()
    return collect([partial(_sample, name, work) for name, work in works.items()], runs, patience)


def _sample(name: str, work: Work) -> Samples:
    stopwatch = Stopwatch()
    spent = work()
    return {name: [Sample(spent, stopwatch.read().stolen)]}


def collect(works: Sequence[Callable[[], Samples]], runs: int, patience: float) -> dict[str, "Side"]:
    """
    Samples that the host has left alone. The works take turns, so that what else the machine does meets all of them,
    and each round begins with another one. Those of whose samples too many are disturbed go on, as soon as the
    host is quiet, while there is patience.

    # Parameters

    works : `Sequence[Callable[[], Samples]]`
        Each has names of its own, always the same.
    runs : `int`
        Samples of each name that are wanted: the least disturbed ones.
    patience : `float`
        Seconds until what is disturbed has to do.

    # Returns

    `dict[str, Side]`
        By name.
    """
    measured: list[dict[str, list[Sample]]] = [defaultdict(list) for _ in works]
    order = list(range(len(works)))
    turn, deadline = 0, time.perf_counter() + patience
    while turn < runs or time.perf_counter() < deadline:
        lacking = [at for at in order if turn < runs or not _is_enough(measured[at], runs)]
        if not lacking:
            break
        for at in lacking:
            _wait_for_the_host(deadline)
            for name, samples in works[at]().items():
                measured[at][name].extend(samples)
        order.append(order.pop(0))
        turn += 1
    return {name: _least_disturbed(samples, runs) for of_work in measured for name, samples in of_work.items()}


def _is_enough(measured: Samples, runs: int) -> bool:
    return all(sum(not sample.is_disturbed for sample in samples) >= runs for samples in measured.values())


def _least_disturbed(samples: Sequence[Sample], runs: int) -> "Side":
    """Of those that are not disturbed the first, whatever the host took."""
    chosen = sorted(samples, key=lambda sample: max(sample.stolen, DISTURBED))[:runs]
    return Side([sample.seconds for sample in chosen], stolen=max(sample.stolen for sample in chosen))


def _wait_for_the_host(deadline: float) -> None:
    while time.perf_counter() < deadline:
        stopwatch = Stopwatch()
        time.sleep(_GLANCE)
        if not stopwatch.read().is_disturbed:
            return


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

    @property
    def without_bf16(self) -> str:
        """Why a row in bf16 is not measured."""
        return f"no units for bf16 here, a product runs at {self.bf16:.0f} GFLOP/s and one of fp32 at {self.fp32:.0f}"


def measure_rates(quick: bool, patience: float) -> Rates:
    """The best of several products of each kind; `patience` as in `collect`."""
    large, step = ((128, 128, 128), (8, 16, 512)) if quick else ((2048, 2048, 2048), (64, 512, 16384))
    kinds = {
        "fp32": (large, torch.float32),
        "bf16": (large, torch.bfloat16),
        "step_fp32": (step, torch.float32),
        "step_bf16": (step, torch.bfloat16),
    }
    sides = in_turn({name: _product(*kind) for name, kind in kinds.items()}, 10, patience)
    return Rates(**{name: 2 * math.prod(kinds[name][0]) / min(sides[name].seconds) / 1e9 for name in kinds})


def _product(sizes: tuple[int, int, int], dtype: torch.dtype) -> Work:
    rows, inner, columns = sizes
    left, right = torch.randn(rows, inner, dtype=dtype), torch.randn(inner, columns, dtype=dtype)
    result = torch.empty(rows, columns, dtype=dtype)
    return lambda: seconds(lambda: torch.mm(left, right, out=result))


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
    stolen : `float`
        The largest share of the processors' time that the host took in one run.
    """

    seconds: list[float]
    memory: float | None = None
    stolen: float = 0.0

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)
