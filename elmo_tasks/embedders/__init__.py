"""
What AllenNLP sees of the biLM: the token embedder `elmo`, and the mix of layers.

A pretrained transformer (transformer/) takes a biLM's place in all of this.

Six classes have ELMo in them, from the engine to the task:

    CachedBiLM          bilm/        a frozen biLM that keeps sentences' layers on disk, and runs on new ones only
    FrozenBiLM          embedders/   a biLM (cached or not) that is not trained: one a process, one run a batch
    ElmoTokenEmbedder   embedders/   AllenNLP's "elmo", one place of use: a FrozenBiLM or a trained one, and its mix
    TaskElmo            embedders/   a task model's ELMo: embedders at its input, output or both; one run for all texts
    Elmo                vectors/     AllenNLP's class of that name, without AllenNLP: a biLM and its mixes
    ElmoEmbedder        vectors/     vectors in Python, without AllenNLP: tokens in, numpy arrays of all layers out
"""

from elmo_tasks.bilm.scalar_mix import ScalarMix
from elmo_tasks.embedders.character_indexer import ElmoCharacterIndexer
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder
from elmo_tasks.embedders.fill_cache import FillCache
from elmo_tasks.embedders.frozen import FrozenBiLM
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.embedders.transformer_indexer import ElmoTransformerIndexer

__all__ = [
    "ElmoCharacterIndexer",
    "ElmoTokenEmbedder",
    "ElmoTransformerIndexer",
    "FillCache",
    "FrozenBiLM",
    "ScalarMix",
    "TaskElmo",
]
