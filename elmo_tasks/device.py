"""What there is to compute on: the cores that a process may use, and whether there is the GPU that is asked for."""

import os
from typing import Any

from elmo_tasks.checks import check_count


class DeviceError(ValueError):
    """There is no such GPU."""


def usable_cores() -> int:
    """
    How many of the processor's cores this process may use, which `taskset` or a container may have bounded; all of them
    where the system does not say.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_device(cuda_device: int, name: str = "cuda_device") -> None:
    """
    # Parameters

    cuda_device : `int`
        A GPU's number; -1 is the processor.
    name : `str`
        What the number was given as.

    # Raises

    `DeviceError`
        If there is no such GPU, or that is no number.
    """
    import torch

    given: dict[str, Any] = {name: cuda_device}
    check_count(DeviceError, least=-1, **given)

    number = torch.cuda.device_count()
    if cuda_device >= number:
        seen = f"torch sees {number} of them, counted from 0" if number else "torch sees none"
        raise DeviceError(f"{name} {cuda_device}: there is no such GPU; {seen}. -1 is the processor.")
