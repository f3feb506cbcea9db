"""
What AllenNLP and torch keep private and this package cannot do without: each in a function that says what it is.

All were tried with AllenNLP 2.10.1, which is its last release, and with torch 2.13. They are used nowhere else, but
for what `compat/` replaces in AllenNLP, the command `elmo-predict`, which is AllenNLP's own with an option more, and,
as `bilm` stands alone, the version of a tensor in `bilm/weights_mark.py` and torch's `scan` in `bilm/onnx.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from allennlp.common import Registrable
    from allennlp.data import DataLoader, Vocabulary
    from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
    from allennlp.training import GradientDescentTrainer


def viewed_tensor(tensor: Tensor) -> Tensor:
    """The tensor that this one is a view of; itself, if it is none."""
    return tensor if tensor._base is None else tensor._base


def unregister(base: type[Registrable], name: str) -> None:
    """Frees a name for a class of ours; to register it with `exist_ok` would say so in the log at each start."""
    base._registry[base].pop(name, None)


def padding_token(vocabulary: Vocabulary) -> str:
    """The token of index 0 in padded namespaces."""
    return vocabulary._padding_token


def unknown_token(vocabulary: Vocabulary) -> str:
    """The token that stands for all that is not in a padded namespace."""
    return vocabulary._oov_token


def special_tokens(vocabulary: Vocabulary, namespace: str) -> set[int]:
    """The indices of padding and of the unknown in a padded namespace; one whose name ends in "labels" has none."""
    indices = vocabulary.get_token_to_index_vocabulary(namespace)
    if indices.get(padding_token(vocabulary)) != 0:
        return set()
    return {indices[token] for token in (padding_token(vocabulary), unknown_token(vocabulary)) if token in indices}


def embedder_names(embedder: BasicTextFieldEmbedder) -> Collection[str]:
    """The token indexers that a text field embedder has an embedder for."""
    return embedder._token_embedders.keys()


def validation_loader(trainer: GradientDescentTrainer) -> DataLoader | None:
    """Of the validation data, where there is any."""
    return trainer._validation_data_loader


def epochs_before(trainer: GradientDescentTrainer) -> int:
    """The epochs that were completed before training began here; more than 0 in a run that is recovered."""
    return trainer._start_after_epochs_completed
