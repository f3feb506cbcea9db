"""
A pretrained transformer as a source of layers, in a biLM's place; without AllenNLP.

Importing this imports no transformers, which takes seconds: that is done when one is loaded.
"""

from elmo_tasks.transformer.choice import read_source, transformer_of
from elmo_tasks.transformer.model import PieceIdsError, Transformer
from elmo_tasks.transformer.pieces import TransformerError, WordPieces
from elmo_tasks.transformer.pretrained import hidden_size, read_transformer

__all__ = [
    "PieceIdsError",
    "Transformer",
    "TransformerError",
    "WordPieces",
    "hidden_size",
    "read_source",
    "read_transformer",
    "transformer_of",
]
