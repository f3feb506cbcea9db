"""Whether there is the GPU that is asked for."""

from typing import Any

from elmo_tasks.checks import check_count


class DeviceError(ValueError):
    """There is no such GPU."""


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
