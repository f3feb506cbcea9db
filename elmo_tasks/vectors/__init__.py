"""What one does with a biLM or a transformer without AllenNLP: vectors, dumps of texts, static vectors, neighbours."""

from elmo_tasks.vectors.elmo import Elmo, ElmoError
from elmo_tasks.vectors.embedder import ElmoEmbedder, EmbedderError

__all__ = ["Elmo", "ElmoEmbedder", "ElmoError", "EmbedderError"]
