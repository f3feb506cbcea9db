"""What one does with a biLM without AllenNLP: vectors in Python, dumps of whole texts, static vectors, neighbours."""

from elmo_tasks.vectors.embedder import ElmoEmbedder, EmbedderError

__all__ = ["ElmoEmbedder", "EmbedderError"]
