"""Filling the activations cache before the first epoch."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, Field, Vocabulary
from allennlp.data.fields import ListField, TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer, TokenIndexer
from allennlp.training.callbacks import TrainerCallback
from allennlp.training.gradient_descent_trainer import GradientDescentTrainer
from overrides import overrides
from torch import Tensor

from elmo_tasks.bilm.model import BiLM
from elmo_tasks.embedders.character_indexer import ElmoCharacterIndexer
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder
from elmo_tasks.embedders.transformer_indexer import ElmoTransformerIndexer
from elmo_tasks.private import validation_loader


@TrainerCallback.register("elmo_fill_cache")
class FillCache(TrainerCallback):
    """
    Runs the frozen biLM over the training and validation data before the first epoch, in larger batches than the
    task's, and keeps the layers in the `"cache"` of the `elmo` embedders: the first epoch then finds them, as later
    ones do. What the cache has already is passed over.

    # Parameters

    serialization_dir : `str`
        Given by AllenNLP.

    # Raises

    `ConfigurationError`
        When training begins, if no `elmo` embedder of the model has a cache.

    Registered as a `TrainerCallback` with name "elmo_fill_cache".
    """

    @overrides
    def on_start(self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        embedders = (module for module in trainer.model.modules() if isinstance(module, ElmoTokenEmbedder))
        frozen = {embedder.frozen for embedder in embedders if embedder.frozen and embedder.frozen.cache}
        if not frozen:
            raise ConfigurationError(
                'elmo_fill_cache fills the cache of an "elmo" embedder, and none of the model has one: give the '
                'embedder "cache", or remove the callback.'
            )
        loaders = [loader for loader in (trainer.data_loader, validation_loader(trainer)) if loader is not None]
        for bilm in frozen:
            ids_name = bilm.bilm.ids_name
            total = _count(loaders, ids_name)
            sentences = (_ids(*text, trainer.model.vocab) for text in _texts(loaders, ids_name))
            with Tqdm.tqdm(total=total, desc="filling ELMo's cache", unit=" sentences") as progress:
                for done in bilm.fill_cache(sentences, trainer.cuda_device):
                    progress.update(done)


def _texts(loaders: Iterable[DataLoader], ids_name: str) -> Iterator[tuple[TextField, TokenIndexer]]:
    """Each text of the instances with each indexer of it that makes the ids of this name."""
    for loader in loaders:
        for instance in loader.iter_instances():
            for text in chain.from_iterable(map(_text_fields, instance.fields.values())):
                for indexer in (text.token_indexers or {}).values():
                    if _ids_name(indexer) == ids_name:
                        yield text, indexer


def _ids_name(indexer: TokenIndexer) -> str | None:
    """What an indexer of ELMo's ids calls them."""
    if isinstance(indexer, ElmoTransformerIndexer):
        return indexer.pieces.name
    return BiLM.ids_name if isinstance(indexer, (ElmoCharacterIndexer, ELMoTokenCharactersIndexer)) else None


def _text_fields(field: Field) -> Iterator[TextField]:
    if isinstance(field, TextField):
        yield field
    elif isinstance(field, ListField):
        yield from chain.from_iterable(map(_text_fields, field.field_list))


def _ids(text: TextField, indexer: TokenIndexer, vocabulary: Vocabulary) -> Tensor:
    """Shape `(tokens, ids of a token)`."""
    indexed = indexer.tokens_to_indices(text.tokens, vocabulary)
    (ids,) = indexer.as_padded_tensor_dict(indexed, indexer.get_padding_lengths(indexed)).values()
    return ids


def _count(loaders: Iterable[DataLoader], ids_name: str) -> int | None:
    """How many texts there are; `None` where one would have to read the data once more to know."""
    if any(getattr(loader, "max_instances_in_memory", None) is not None for loader in loaders):
        return None
    return sum(1 for _ in _texts(loaders, ids_name))
