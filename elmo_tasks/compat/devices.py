"""
GPUs that are not there.

What it mends: torch 2.6 and later look for a device where AllenNLP 2.10.1 only names it, and some of AllenNLP's
functions never look.
How one sees it: `Cannot access accelerator device when none is available`, or `Torch not compiled with CUDA enabled`.
Until when: as long as AllenNLP is used.
"""

from typing import Any

import torch
from allennlp.common import Params
from allennlp.common import util as common_util
from allennlp.models import Model

from elmo_tasks.compat.replacing import replacement, stock_of
from elmo_tasks.device import check_device


def apply() -> None:
    """Applies all of it."""
    name_missing_gpus()


def name_missing_gpus() -> None:
    """
    Has AllenNLP say that there is no such GPU, where it trains a model and where it loads one.

    What broke: `RuntimeError: Cannot access accelerator device when none is available` in AllenNLP's own check; and
    `evaluate --cuda-device 0`, `load_archive` and `Predictor.from_path`, which do not check: `AssertionError: Torch not
    compiled with CUDA enabled`.
    With which version: torch 2.6 at the latest, whose `torch.device(0)` looks for the device; the second one with any.
    When it can go: not while AllenNLP is used.
    """

    def int_to_device(device: int | torch.device) -> torch.device:
        if isinstance(device, torch.device):
            return device
        check_device(device)
        return torch.device("cpu" if device < 0 else f"cuda:{device}")

    stock = stock_of(Model.load.__func__)  # type: ignore[attr-defined]

    def load(
        cls: type[Model], config: Params, serialization_dir: Any, weights_file: Any = None, cuda_device: int = -1
    ) -> Model:
        check_device(cuda_device)
        return stock(cls, config, serialization_dir, weights_file, cuda_device)

    # The check takes it from there at each call.
    common_util.int_to_device = int_to_device
    Model.load = classmethod(replacement(load, stock))  # type: ignore[method-assign, assignment]
