"""
ELMo for AllenNLP experiments.

Importing this package registers all that it offers with AllenNLP, now or when AllenNLP is imported; a line `elmo_tasks`
in a file `.allennlp_plugins` makes the `allennlp` command do so. It does not import AllenNLP: `elmo_tasks.bilm` and
`elmo_tasks.vectors`, and what of them is offered here, need torch, numpy and h5py only; `ElmoVectorizer` needs
scikit-learn too.
"""

from typing import TYPE_CHECKING, Any

from elmo_tasks.registration import register_with_allennlp

if TYPE_CHECKING:
    from elmo_tasks.bilm import batch_to_ids
    from elmo_tasks.pipelines.vectorizer import ElmoVectorizer
    from elmo_tasks.vectors import Elmo, ElmoEmbedder

__all__ = ["Elmo", "ElmoEmbedder", "ElmoVectorizer", "batch_to_ids"]

__version__ = "0.1.0"

register_with_allennlp()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Imports what is offered here when it is asked for: it imports torch."""
        if name in ("Elmo", "ElmoEmbedder"):
            from elmo_tasks import vectors

            return getattr(vectors, name)
        if name == "ElmoVectorizer":
            from elmo_tasks.pipelines.vectorizer import ElmoVectorizer

            return ElmoVectorizer
        if name == "batch_to_ids":
            from elmo_tasks.bilm import batch_to_ids

            return batch_to_ids
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
