"""A trained mix of the biLM's layers (Peters et al. 2018, equation 1), and the mean of several."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class TrainedMix(NamedTuple):
    """The mix of one place where a model uses ELMo (Peters et al. 2018, equation 1)."""

    place: str
    """Such as `"input"`, `"output"`, or `"text_field_embedder.elmo"` for that embedder's `elmo`."""
    module: str
    """The mix's name among the model's modules."""
    weights: list[float] | None
    """The softmax-normalised weights `s_j`, the token layer's first; `None` where one layer is fixed."""
    gamma: float
    layer: str | int | None
    """The fixed layer as the config has it, `"last"` or a number; `None` with weights, or where no config says it."""
    trained: bool
    """Whether the config left the mix to be trained; `scalar_mix_parameters` does not."""
    transformer: bool = False
    """Whether the layers are a transformer's, the embedding layer first."""

    @property
    def note(self) -> str:
        """What is to be said beside the weights: that there are none, or that they are not trained; mostly nothing."""
        if self.weights is not None:
            return "" if self.trained else "not trained"
        if self.layer is None:
            return "one fixed layer"
        return f"{'last layer' if self.layer == 'last' else f'layer {self.layer}'} only, fixed"

    def __str__(self) -> str:
        """In one line: `token layer 0.26, biLSTM layer 1 0.51, biLSTM layer 2 0.23; gamma 1.08`."""
        weights = self.weights or []
        shares = [f"{name} {weight:.2f}" for name, weight in zip(names_of_layers([self]), weights, strict=True)]
        return f"{', '.join(shares) or self.note}; gamma {self.gamma:.2f}"


NamedMix = tuple[str, TrainedMix]
"""A mix and the name of its model."""


def layer_names(number: int) -> list[str]:
    """What the biLM's layers are called, the token layer counted."""
    return ["token layer", *(f"biLSTM layer {layer}" for layer in range(1, number))][:number]


def names_of_layers(mixes: Sequence[TrainedMix]) -> list[str]:
    """What the layers of all mixes are called, as many as the longest mix has: by number, where a mix is no biLM's."""
    number = most_layers(mixes)
    if any(mix.transformer for mix in mixes):
        return [f"layer {layer}" for layer in range(number)]
    return layer_names(number)


def most_layers(mixes: Sequence[TrainedMix]) -> int:
    """The largest number of weights that a mix has; 0 where all are of one fixed layer."""
    return max((len(mix.weights) for mix in mixes if mix.weights), default=0)


def mean_mix(mixes: Sequence[TrainedMix]) -> TrainedMix:
    """
    The mean weights and gamma of the mixes that trainings with other seeds have at the same place.

    # Parameters

    mixes : `Sequence[TrainedMix]`
        One at least; all else is the first one's.
    """
    weights = [mix.weights for mix in mixes if mix.weights is not None]
    mean = [statistics.mean(layer) for layer in zip(*weights, strict=True)] or None
    return mixes[0]._replace(weights=mean, gamma=statistics.mean(mix.gamma for mix in mixes))
