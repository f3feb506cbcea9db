"""Who makes a plan's parts: this process, processes beside it, or the actors of a Ray cluster."""

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from elmo_tasks.vectors.parquet.embedding import BiLMChoice, Job, PartEmbedder
from elmo_tasks.vectors.parquet.engine import Engine
from elmo_tasks.vectors.parquet.folder import claim, is_whole, remove_leftovers
from elmo_tasks.vectors.parquet.plan import ParquetError, Plan
from elmo_tasks.vectors.parquet.ray_engine import embed_with_ray

_DEATHS = 3
"""So often in a row a worker may end before it has made a part."""


def embed(plan: Plan, choice: BiLMChoice, folder: Path, engine: Engine) -> Iterator[int]:
    """
    Begins a run in the folder, or goes on with it: makes the parts that are not there yet. Nothing happens unless the
    iterator is consumed, to its end.

    # Parameters

    plan : `Plan`
        Its texts may have other names than when the run began, as long as they have the same lines.
    choice : `BiLMChoice`
        Where a worker finds the biLM, which must be the plan's.
    folder : `Path`
        Where the parts go; on several machines, one that all of them see.
    engine : `Engine`

    # Returns

    `Iterator[int]`
        The number of tokens of each part, once it is written; the ones that were there come first.

    # Raises

    `ParquetError`
        If something else is in the folder, or a worker cannot do its work, or dies again and again.
    """
    texts = [Path(text.name).resolve() for text in plan.texts]
    plan = claim(folder, plan)
    done = [number for number in range(len(plan.parts)) if is_whole(folder, plan, number)]
    yield from (plan.parts[number].tokens for number in done)
    left = sorted(set(range(len(plan.parts))) - set(done))
    if left:
        yield from _make(plan, Job(folder.resolve(), texts, choice.resolved(), engine.threads), engine, left)
    remove_leftovers(folder)


def _make(plan: Plan, job: Job, engine: Engine, left: Sequence[int]) -> Iterator[int]:
    """Makes the parts of these numbers, and gives the tokens of each."""
    if engine.name == "ray":
        yield from embed_with_ray(job, engine, left)
    elif engine.workers == 1:
        embedder = PartEmbedder(job, 0 if engine.gpus else -1)
        yield from (embedder(number) for number in left)
    else:
        yield from _Processes(plan, job, engine).run(left)


class _Processes:
    """
    Workers as processes. Worker i makes every n-th of the parts that are left; they are alike in size, so all end at
    about the same time. One that dies is begun again behind its last part.
    """

    def __init__(self, plan: Plan, job: Job, engine: Engine) -> None:
        self._plan, self._job, self._engine = plan, job, engine
        self._context = multiprocessing.get_context("spawn")
        self._left: dict[int, list[int]] = {}
        self._deaths: dict[int, int] = {}
        self._running: dict[Connection, tuple[int, SpawnProcess]] = {}

    def run(self, left: Sequence[int]) -> Iterator[int]:
        workers = min(self._engine.workers, len(left))
        try:
            for worker in range(workers):
                self._left[worker], self._deaths[worker] = list(left[worker::workers]), 0
                self._begin(worker)
            while self._running:
                for connection in wait(list(self._running)):
                    assert isinstance(connection, Connection)
                    yield from self._hear(connection)
        finally:
            for connection, (_, process) in self._running.items():
                process.terminate()
                process.join()
                connection.close()

    def _begin(self, worker: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        device = worker if self._engine.gpus else -1
        arguments = (self._job, device, self._left[worker], theirs)
        process = self._context.Process(target=_work, args=arguments, daemon=True)
        with _without_interrupts():
            process.start()
        theirs.close()
        self._running[ours] = (worker, process)

    def _hear(self, connection: Connection) -> Iterator[int]:
        worker, process = self._running[connection]
        try:
            said = connection.recv()
        except EOFError:
            del self._running[connection]
            connection.close()
            process.join()
            self._end(worker, process)
            return
        if isinstance(said, str):
            raise ParquetError(said)
        self._deaths[worker] = 0
        self._left[worker].remove(said)
        yield self._plan.parts[said].tokens

    def _end(self, worker: int, process: SpawnProcess) -> None:
        if not self._left[worker]:
            return
        self._deaths[worker] += 1
        if self._deaths[worker] == _DEATHS:
            code = process.exitcode or 0
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            raise ParquetError(
                f"A worker {how} {_DEATHS} times before it had made part {self._left[worker][0]}. Is the memory too "
                "small for so many workers? What is written stays; the same command goes on with it."
            )
        self._begin(worker)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """
    A process that is begun here is spared Ctrl-C from its birth on, as its imports would print a traceback of it. It is
    for the process that began this one, and ends it too.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(job: Job, device: int, numbers: list[int], parent: Connection) -> None:
    """In a worker: makes parts, and says the number of each, or what is wrong."""
    try:
        embedder = PartEmbedder(job, device)
        for number in numbers:
            embedder(number)
            parent.send(number)
    except (ValueError, OSError) as error:
        with suppress(OSError):
            parent.send(_told(error))


def _told(error: Exception) -> str:
    """An error's message; the system's, of a file, as people say it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error)
