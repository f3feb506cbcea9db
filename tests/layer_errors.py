"""How far a biLM's layers are from another's, for the tests of its precisions."""

import torch
from torch import Tensor

from elmo_tasks.bilm import BiLM, find_bilm

TEXTS = [
    "The shares of the company fell by 12 % on Tuesday , its worst day since 1987 .",
    "Rockall Bank is 300 miles west of Scotland .",
    "I can n't wait for the new season #excited :) http://t.co/abc",
    "",
    "« Ça va ? » she asked .",
]
SENTENCES = [text.split() for text in TEXTS]


def mini(dtype: torch.dtype, stateful: bool = False) -> BiLM:
    return BiLM.from_files(*find_bilm("mini"), stateful=stateful, dtype=dtype)


def errors(actual: Tensor, expected: Tensor) -> Tensor:
    """Each layer's root mean square error, as a share of its root mean square. Shape `(num_layers,)`."""
    dims = (0, 2, 3)
    return ((actual - expected).square().mean(dims) / expected.square().mean(dims)).sqrt()
