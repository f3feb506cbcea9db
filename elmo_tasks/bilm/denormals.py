"""Numbers so small that processors fall back to a slow path."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """
    While it lasts, this thread's processor takes float32 numbers below 1.2e-38 for zero, as GPUs do. Usable as a
    decorator.

    Such numbers take an Intel Xeon a hundred cycles and more each, and the gradients of trained LSTMs are full of them:
    going back, a cell's is multiplied by the forget gate at each step.
    """
    before = _are_flushed()
    # False where the processor cannot: then nothing changes.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _are_flushed() -> bool:
    return not (torch.tensor(1e-30) * 1e-10).item()
