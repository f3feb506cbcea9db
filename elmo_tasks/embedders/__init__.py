"""What AllenNLP sees of the biLM: the token embedder `elmo`, and the mix of layers."""

from elmo_tasks.embedders.character_indexer import ElmoCharacterIndexer
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder
from elmo_tasks.embedders.fill_cache import FillCache
from elmo_tasks.embedders.frozen import FrozenBiLM
from elmo_tasks.embedders.scalar_mix import ScalarMix
from elmo_tasks.embedders.task_elmo import TaskElmo

__all__ = [
    "ElmoCharacterIndexer",
    "ElmoTokenEmbedder",
    "FillCache",
    "FrozenBiLM",
    "ScalarMix",
    "TaskElmo",
]
