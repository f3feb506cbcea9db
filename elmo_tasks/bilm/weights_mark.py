"""Whether a module still has the weights that it had."""

from weakref import ref

import torch
from torch import nn


class WeightsMark:
    """
    Remembers a module's weights, to tell later whether they are still the same.

    Optimizer steps, loaded state dicts, moves to another device or precision and replaced parameters are noticed; what
    is written into a parameter's `.data` is not.

    # Parameters

    module : `nn.Module`
    """

    def __init__(self, module: nn.Module) -> None:
        self._weights = [(ref(weight), *_place_and_version(weight)) for weight in module.parameters()]

    def holds(self, module: nn.Module) -> bool:
        """Whether the module has the weights that were remembered."""
        weights = list(module.parameters())
        return len(weights) == len(self._weights) and all(
            weight is kept() and _place_and_version(weight) == (place, version)
            for weight, (kept, place, version) in zip(weights, self._weights, strict=True)
        )


def _place_and_version(weight: torch.Tensor) -> tuple[int, int]:
    # Outside of inference mode what was born in it cannot be changed, and has no version.
    return weight.data_ptr(), 0 if weight.is_inference() else weight._version
