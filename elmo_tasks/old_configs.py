"""Configs of AllenNLP 0.9, by the keys that show it, and what these are called now."""

from collections.abc import Iterator, Mapping
from typing import Any

from allennlp.common.checks import ConfigurationError

_PARTS = ("dataset_reader", "validation_dataset_reader", "model")

_TRAINING = {
    "iterator": "data_loader",
    "validation_iterator": "validation_data_loader",
    "vocabulary.directory_path": 'vocabulary.directory, with "type": "from_files"',
    "trainer.num_serialized_models_to_keep": "trainer.checkpointer.keep_most_recent_by_count",
    "trainer.keep_serialized_model_every_num_seconds": "trainer.checkpointer.save_every_num_seconds",
    "trainer.model_save_interval": "trainer.checkpointer.save_every_num_seconds",
    "trainer.shuffle": "data_loader.shuffle",
    "trainer.summary_interval": 'trainer.callbacks, with {"type": "tensorboard"}',
    "trainer.histogram_interval": 'trainer.callbacks, with {"type": "tensorboard"}',
    "trainer.should_log_parameter_statistics": 'trainer.callbacks, with {"type": "tensorboard"}',
    "trainer.should_log_learning_rate": 'trainer.callbacks, with {"type": "tensorboard"}',
}

_EMBEDDER_OPTIONS = ("embedder_to_indexer_map", "allow_unmatched_keys")


def check_not_old(config: Any, name: object, training: bool = True) -> None:
    """
    # Parameters

    config : `Any`
        As it is after evaluating jsonnet.
    name : `object`
        What it is called in the error.
    training : `bool`, optional (default = `True`)
        Whether the keys that only training reads count too; an archive does without them.

    # Raises

    `ConfigurationError`
        If the config is one of AllenNLP 0.9: with each key that shows it, and what it is called now.
    """
    if not isinstance(config, Mapping):
        return
    found = list(_of_training(config)) if training else []
    for part in _PARTS:
        found += _of_part(config.get(part), part)
    if found:
        now = "; ".join(f'"{old}" is now {new}' for old, new in found)
        raise ConfigurationError(f"{name} is a config of AllenNLP 0.9, and this is 2.10.1: {now}.")


def _of_training(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, new in _TRAINING.items():
        outer, _, key = path.rpartition(".")
        if key in (_mapping(config.get(outer)) if outer else config):
            yield path, new
    if isinstance(_mapping(config.get("trainer")).get("cuda_device"), list):
        yield "trainer.cuda_device", "distributed.cuda_devices where it is a list"
    # A reader of a config that has none of 0.9's keys may have an option of this name.
    if "data_loader" not in config and "lazy" in _mapping(config.get("dataset_reader")):
        yield "dataset_reader.lazy", "data_loader.max_instances_in_memory"


def _of_part(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What is old in a reader or a model, at any depth."""
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _of_part(inner, f"{path}.{number}")
    if not isinstance(value, Mapping):
        return
    if value.get("type") == "conll2003" and "coding_scheme" in value:
        yield f"{path}.coding_scheme", "convert_to_coding_scheme"
    if "word_splitter" in value:
        yield f"{path}.word_splitter", 'the tokenizer itself, such as {"type": "spacy"} or {"type": "whitespace"}'
    for key, inner in value.items():
        if key in ("initializer", "regularizer") and isinstance(inner, list):
            yield f"{path}.{key}", '{"regexes": [...]}'
        elif key.endswith("text_field_embedder"):
            yield from _of_embedder(_mapping(inner), f"{path}.{key}")
        yield from _of_part(inner, f"{path}.{key}")


def _of_embedder(embedder: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key in _EMBEDDER_OPTIONS:
        if key in embedder:
            yield f"{path}.{key}", "gone, as an embedder reads the indexer of its own name"
    if embedder.get("type", "basic") == "basic" and "token_embedders" not in embedder:
        for key, inner in embedder.items():
            if "type" in _mapping(inner):
                yield f"{path}.{key}", f"{path}.token_embedders.{key}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
