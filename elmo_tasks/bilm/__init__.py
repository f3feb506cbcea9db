"""The bidirectional language model: torch, numpy and h5py only."""

from elmo_tasks.bilm.characters import EmptyWordError, batch_to_ids
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.model import BiLM, CharacterIdsError
from elmo_tasks.bilm.options import BiLMOptions, OptionsError
from elmo_tasks.bilm.pretrained import BiLMFiles, PretrainedError, find_bilm
from elmo_tasks.bilm.weights import WeightsError

__all__ = [
    "BiLM",
    "BiLMFiles",
    "BiLMOptions",
    "BiLMOutput",
    "CharacterIdsError",
    "EmptyWordError",
    "LayerSource",
    "OptionsError",
    "PretrainedError",
    "WeightsError",
    "batch_to_ids",
    "find_bilm",
]
