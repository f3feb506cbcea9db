"""Many trainings: several at a time, with a display of what runs, what is left, and how long it will take."""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from tqdm import tqdm

from elmo_tasks.device import usable_cores
from elmo_tasks.runner import environment
from elmo_tasks.runner.processes import Processes, RunError
from elmo_tasks.runner.runs import Run, train

_TICK = 1.0  # seconds between two looks at what runs


def check_done(runs: Sequence[Run]) -> None:
    """
    Raises `RunError` where a finished run in a folder is not the one that is wanted, with what differs.
    """
    problems = []
    for run in runs:
        if run.is_done and (differences := run.differences()):
            problems += [f"{run.folder} was trained with other settings:", *(f"    {line}" for line in differences)]
    if problems:
        raise RunError("\n".join([*problems, "Remove these folders to train again, or choose another one with -o."]))


def execute(runs: Sequence[Run], jobs: int | None = None) -> list[str]:
    """
    Does the runs that are not done. A run that fails does not stop the others.

    # Parameters

    runs : `Sequence[Run]`
    jobs : `int | None`
        Trainings at a time; by default one a GPU, or else one a core, but no more than there are runs left.

    # Returns

    `list[str]`
        Of each run that failed, its name and the end of its log.

    # Raises

    `RunError`
        Before anything is trained: where a finished run is not the one that is wanted.
    `SystemExit`
        On SIGTERM, as `KeyboardInterrupt` on Ctrl-C; the trainings are ended first, and can be gone on with.
    """
    check_done(runs)
    left = [run for run in runs if not run.is_done]
    if not left:
        return []
    slots = make_slots(jobs, len(left))
    processes, here = Processes(), environment.describe()
    free: queue.Queue[dict[str, str]] = queue.Queue()
    for slot in slots:
        free.put(slot)
    now: list[Run] = []

    def work(run: Run) -> None:
        slot = free.get()
        now.append(run)
        try:
            train(run, here, slot, processes)
        finally:
            now.remove(run)
            free.put(slot)

    pool = ThreadPoolExecutor(len(slots))
    try:
        with _ended_by_signal():
            return _watch({pool.submit(work, run): run for run in left}, runs, now)
    except BaseException:
        # Ctrl-C, or a signal to end: the trainings end too, and can be gone on with.
        processes.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM, which `kill` and batch systems send, is an exception like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _watch(futures: dict[Future[None], Run], runs: Sequence[Run], now: list[Run]) -> list[str]:
    """Shows the progress until all have ended; the failures."""
    failures: list[str] = []
    display = _Display(runs, futures.values())
    pending = set(futures)
    with display.bar:
        while pending:
            ended, pending = wait(pending, _TICK, FIRST_COMPLETED)
            for future in ended:
                error = future.exception()
                if error is not None and not isinstance(error, RunError | OSError | ValueError):
                    raise error
                if error is not None:
                    failures.append(str(error))
                display.say(futures[future], error)
            display.show(now)
    return failures


class _Display:
    """A bar on a terminal; elsewhere a line whenever a training ends."""

    def __init__(self, runs: Sequence[Run], left: Iterable[Run]) -> None:
        self._left = {run.name: run for run in left}
        self._total = len(runs)
        self._failed = 0
        self._start, self._done_before = time.perf_counter(), self._done()
        self.bar = tqdm(
            total=self._total,
            disable=None,
            bar_format="{percentage:3.0f}% |{bar:20}| {n:.1f} of {total} runs, {elapsed}, {postfix}",
        )

    def say(self, run: Run, error: BaseException | None) -> None:
        """That a training has ended."""
        del self._left[run.name]
        self._failed += error is not None
        outcome = "failed" if error is not None else _outcome(run)
        count = f"[{self._total - len(self._left)}/{self._total}]"
        tqdm.write(f"{count} {run.name}: {outcome}{self._time_left()}", file=sys.stderr)

    def show(self, now: Sequence[Run]) -> None:
        """What runs, and what is left."""
        if self.bar.disable:
            return
        names = ", ".join(f"{run.name} {run.progress:.0%}" for run in list(now))
        failed = f", {self._failed} failed" if self._failed else ""
        self.bar.n = self._done()
        self.bar.set_postfix_str(f"{len(self._left)} left{failed}{self._time_left()} | {names}")

    def _done(self) -> float:
        """In trainings, by their epochs."""
        return self._total - sum(1 - run.progress for run in self._left.values())

    def _time_left(self) -> str:
        """At the pace so far; a training that stops early is quicker."""
        done = self._done() - self._done_before
        if done <= 0 or not self._left:
            return ""
        pace = (time.perf_counter() - self._start) / done
        return f", about {duration(pace * (self._total - self._done()))} to go"


def _outcome(run: Run) -> str:
    seconds = run.record()["seconds"]
    return "done" if seconds is None else f"done in {duration(seconds)}"


def duration(seconds: float) -> str:
    """`"45 s"`, `"12 min"` or `"3.5 h"`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def make_slots(jobs: int | None, runs: int) -> list[dict[str, str]]:
    """The environment variables of each training at a time: the cores are shared out, and so are the GPUs."""
    import torch

    cores, gpus = usable_cores(), torch.cuda.device_count()
    jobs = max(1, min(jobs or gpus or cores, runs))
    threads = str(max(1, cores // jobs))
    # Threads that wait for each other while another process has their core do nothing but wait: a GRU of two threads
    # beside one busy process made 1.7 steps a second, and 3.0 when they slept instead. With the cores free a biLM's
    # training made 1.90 and 1.86.
    waiting = os.environ.get("OMP_WAIT_POLICY", "PASSIVE")
    slots = []
    for job in range(jobs):
        slot = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OMP_WAIT_POLICY": waiting}
        slot["TOKENIZERS_PARALLELISM"] = "false"
        if gpus > 1:
            slot["CUDA_VISIBLE_DEVICES"] = _visible(job % gpus)
        slots.append(slot)
    return slots


def _visible(gpu: int) -> str:
    """The name of one of the GPUs that this process sees."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[gpu] if given else str(gpu)
