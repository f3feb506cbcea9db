"""The actors of a Ray cluster, to which Ray Data hands the parts of a plan."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from elmo_tasks.vectors.parquet.embedding import Job, PartEmbedder
from elmo_tasks.vectors.parquet.plan import ParquetError
from elmo_tasks.vectors.parquet.workers import Engine, ray_data

_BLOCKS = 1024
"""Of parts, at most: the scheduler's work grows with them."""


class _Actor:
    """What an actor of the cluster holds: a biLM."""

    def __init__(self, job: Job, gpus: bool) -> None:
        # Ray shows an actor its own GPU only, as number 0.
        self._embedder = PartEmbedder(job, 0 if gpus else -1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"tokens": [self._embedder(int(number)) for number in batch["part"]]}


def embed_with_ray(job: Job, engine: Engine, left: Sequence[int]) -> Iterator[int]:
    """
    Makes the parts of these numbers, and gives the tokens of each. The folder, the texts and the biLM must be the same
    on all machines. An actor that dies is begun again, and its part too.

    # Raises

    `ParquetError`
        If Ray is not installed, or a part cannot be made.
    """
    ray = ray_data()
    if not ray.is_initialized():
        local = {} if engine.address else {"num_cpus": engine.workers * engine.threads, "include_dashboard": False}
        ray.init(address=engine.address, log_to_driver=False, logging_level=logging.WARNING, **local)
    # The command has a bar of its own.
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    done = ray.data.from_items(
        [{"part": number} for number in left], override_num_blocks=min(len(left), max(_BLOCKS, 8 * engine.workers))
    ).map_batches(
        _Actor,
        fn_constructor_args=(job, engine.gpus),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=engine.workers),
        num_cpus=engine.threads,
        num_gpus=1 if engine.gpus else 0,
    )
    try:
        for row in done.iter_rows():
            yield row["tokens"]
    except ray.exceptions.RayError as error:
        raise ParquetError(f"Ray: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """The last line that an actor has said, which is its error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
