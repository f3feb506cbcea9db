"""The precisions that a biLM can run in."""

import torch

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.int8,
}
"""By the names that configs use."""


class PrecisionError(ValueError):
    """A biLM, or a transformer, cannot run in the precision that is asked for."""


def wide(dtype: torch.dtype) -> torch.dtype:
    """The precision of what is added up and handed out: float32, or float64 where the weights have it."""
    return torch.promote_types(dtype, torch.float32)
