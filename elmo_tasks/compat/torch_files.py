"""
What `torch.load` reads of the files that AllenNLP writes: the trainer's state, and tensor caches.

What it mends: torch 2.6 and later read tensors and plain values only; AllenNLP 2.10.1 writes some more.
How one sees it: `UnpicklingError: Weights only load failed`, with `train --recover` or a `TensorCache`.
Until when: until torch counts NumPy's numbers as safe, and reads pickle's newest protocol.
"""

import io

import numpy as np
import torch
from allennlp.common.file_utils import TensorCache


def apply() -> None:
    """Applies all of it."""
    allow_numpy_scalars()
    write_readable_tensor_caches()


def allow_numpy_scalars() -> None:
    """
    Lets `torch.load` read NumPy's numbers (float64, float32, int64, bool), and nothing else that it would not.

    What broke: `allennlp train --recover` dies with `UnpicklingError: Weights only load failed` where the trainer's
    state holds a NumPy number: a metric that returns one ("spearman_correlation" does), the scheduler "cosine".
    With which version: torch 2.6, from which `torch.load` reads tensors and plain Python values only unless told
    otherwise. Telling it to read anything would run whatever code a file brings, so these few types are named instead.
    When it can go: when torch lists NumPy's numbers as safe.
    """
    safe: list = [np.dtype]
    for kind in (np.float64, np.float32, np.int64, np.bool_):
        number = kind(0)
        # `__reduce__` gives the function that pickle files name, wherever this NumPy keeps it.
        safe += [number.__reduce__()[0], type(number.dtype)]
    torch.serialization.add_safe_globals(safe)


def write_readable_tensor_caches() -> None:
    """
    Has `TensorCache` write what it can read again. A cache that was written before must be made anew.

    What broke: `UnpicklingError: Weights only load failed ... Unsupported operand 149`. It writes with the newest
    protocol of pickle, of which `torch.load` reads the parts that it is sure of only.
    With which version: torch 2.6, see `allow_numpy_scalars`.
    When it can go: when torch reads all that it writes.
    """

    def __setitem__(self: TensorCache, key: str, tensor: torch.Tensor) -> None:
        if self.read_only:
            raise ValueError("cannot write to a read-only cache")
        tensor = tensor.cpu()
        buffer = io.BytesIO()
        # A clone: of a view all that it is a view of would be written.
        torch.save(tensor.detach().clone(), buffer)
        with self.lmdb_env.begin(write=True) as transaction:
            transaction.put(key.encode(), buffer.getbuffer())
        self.cache_cache[key] = tensor

    TensorCache.__setitem__ = __setitem__  # type: ignore[method-assign]
