"""Epochs of a tagger: with our ELMo and its cache, with stock's, and without any."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allennlp.common import Params

from benchmarks.inputs import ROOT, Place
from benchmarks.measure import Rates, Side, peak_memory
from benchmarks.report import Row, epoch_runs
from benchmarks.training import epoch_seconds

_CONFIG = ROOT / "training_configs" / "ner" / "wnut17_baseline.jsonnet"
_EPOCHS = {"ours": 3, "stock": 1, "none": 3}
"""Stock's epochs are all alike. Of the others the first is not like the rest."""


def _config(side: str, place: Place, epochs: int, cache: Path) -> dict[str, Any]:
    """The shipped config without ELMo; with it, the same and the embedder at its input."""
    _, train, dev = place.ner_corpus()
    overrides: dict[str, Any] = {
        "train_data_path": str(train),
        "validation_data_path": str(dev),
        "trainer.num_epochs": epochs,
    }
    if place.quick:
        overrides["dataset_reader.max_instances"] = 8
    config = Params.from_file(str(_CONFIG), overrides).as_dict(quiet=True)
    if side == "none":
        return config
    options_file, weight_file = (str(file) for file in place.bilm("small"))
    embedder: dict[str, Any] = {"options_file": options_file, "weight_file": weight_file, "dropout": 0}
    if side == "ours":
        embedder |= {"type": "elmo", "cache": str(cache)}
    else:
        embedder["type"] = "elmo_token_embedder"
    indexer = {"type": "elmo_character_ids" if side == "ours" else "elmo_characters"}
    config["dataset_reader"]["token_indexers"]["elmo"] = indexer
    config["model"]["text_field_embedder"]["token_embedders"]["elmo"] = embedder
    encoder = config["model"]["encoder"]
    if "input_size" in encoder:
        encoder["input_size"] += place.options("small").output_dim
    return config


def _train(side: str, place: Place, epochs: int) -> list[float]:
    """Each epoch's seconds; ours begins with an empty cache."""
    with tempfile.TemporaryDirectory(dir=place.folder) as cache:
        return epoch_seconds(_config(side, place, epochs, Path(cache) / "layers"), place.folder)


def rows(name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """The first epoch against stock's, later ones against those without ELMo."""
    # Written here, lest it count as memory.
    place.bilm("small")
    memory = {side: peak_memory(_train, side, place, min(epochs, 2)) for side, epochs in _EPOCHS.items()}
    first: dict[str, list[float]] = {side: [] for side in _EPOCHS}
    later: dict[str, list[float]] = {side: [] for side in _EPOCHS}
    for _ in range(epoch_runs(runs)):
        for side, epochs in _EPOCHS.items():
            times = _train(side, place, epochs)
            first[side].append(times[0])
            later[side].extend(times[1:])
    corpus = place.ner_corpus()[0]
    yield Row(
        f"{name}-first",
        f"NER epoch on {corpus}, small shape, the first with the cache",
        "the same config with stock's `elmo_token_embedder`",
        Side(first["ours"], memory["ours"]),
        Side(first["stock"], memory["stock"]),
        required=4,
    )
    yield Row(
        f"{name}-later",
        "the same, later epochs: times as long",
        "the same config without ELMo",
        Side(later["ours"], memory["ours"]),
        Side(later["none"], memory["none"]),
        required=1.5,
        at_most=True,
    )
