"""Which workers make a plan's parts, and whether the packages that they need are there."""

from dataclasses import dataclass
from typing import Any

import torch

from elmo_tasks.checks import check_count
from elmo_tasks.vectors.parquet.folder import arrow
from elmo_tasks.vectors.parquet.plan import ParquetError


@dataclass(frozen=True)
class Engine:
    """
    Who makes the parts.

    # Parameters

    name : `str`
        `"local"`: this machine alone. `"ray"`: the cluster of `address`, or, without one, one on this machine.
    workers : `int`
        Each holds a biLM of its own.
    threads : `int`
        A worker's cores. It has a part in a vector's last bits; the number of workers has none.
    gpus : `bool`
        Whether a worker has a GPU: with `"local"` worker i takes GPU i, of a Ray cluster each takes one.
    address : `str`, optional
        A running cluster's: `"auto"`, or `"ray://HOST:PORT"`.
    """

    name: str = "local"
    workers: int = 1
    threads: int = 1
    gpus: bool = False
    address: str | None = None

    def __post_init__(self) -> None:
        if self.name not in ("local", "ray"):
            raise ParquetError(f'The engine is "{self.name}"; it must be "local" or "ray".')
        check_count(ParquetError, workers=self.workers, threads=self.threads)
        if self.address is not None and self.name != "ray":
            raise ParquetError('An address goes with the engine "ray" only.')
        # Known before a text is read.
        arrow()
        if self.name == "ray":
            ray_data()
        # What a running cluster has is not known here.
        if self.gpus and self.address is None and (seen := torch.cuda.device_count()) < self.workers:
            raise ParquetError(
                f"Each worker takes a GPU: there are to be {self.workers}, and torch sees {seen} GPUs. Begin fewer "
                "workers, or leave their work to the processor."
            )


def ray_data() -> Any:
    """The package ray, with its `data`. Raises `ParquetError` where it is not installed."""
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise ParquetError(
            f'The engine "ray" needs Ray Data, which is not installed ({error}): pip install "ray[data]>=2.50".'
        ) from None
    return ray
