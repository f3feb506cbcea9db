"""The mixes of layers that models have trained: reading them from files, averaging, a table and a picture."""

from elmo_tasks.mixes.mix import NamedMix, TrainedMix, layer_names, mean_mix
from elmo_tasks.mixes.read import read_config, read_mixes, trained_mixes

__all__ = ["NamedMix", "TrainedMix", "layer_names", "mean_mix", "read_config", "read_mixes", "trained_mixes"]
