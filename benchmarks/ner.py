"""Epochs of a tagger: with our ELMo and its cache, with stock's, and without any."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from allennlp.common import Params

from benchmarks.inputs import ROOT, Place, bilm_flops, read_sentences
from benchmarks.measure import Rates, Sample, Samples, collect, peak_memory
from benchmarks.report import Row, epoch_runs
from benchmarks.training import measure_epochs

_CONFIG = ROOT / "training_configs" / "ner" / "wnut17_baseline.jsonnet"
_EPOCHS = {"ours": 3, "stock": 1, "none": 3}
"""Stock's epochs are all alike. Of the others the first is not like the rest."""


def _config(side: str, place: Place, epochs: int, cache: Path) -> dict[str, Any]:
    """The shipped config without ELMo; with it, the same and the embedder at its input, and its cache filled before."""
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
        config["trainer"]["callbacks"] = ["elmo_fill_cache"]
    else:
        embedder["type"] = "elmo_token_embedder"
    indexer = {"type": "elmo_character_ids" if side == "ours" else "elmo_characters"}
    config["dataset_reader"]["token_indexers"]["elmo"] = indexer
    config["model"]["text_field_embedder"]["token_embedders"]["elmo"] = embedder
    encoder = config["model"]["encoder"]
    if "input_size" in encoder:
        encoder["input_size"] += place.options("small").output_dim
    return config


def _train(side: str, place: Place, epochs: int) -> list[Sample]:
    """Each epoch; ours begins with an empty cache."""
    with tempfile.TemporaryDirectory(dir=place.folder) as cache:
        return measure_epochs(_config(side, place, epochs, Path(cache) / "layers"), place.folder)


def _epochs(side: str, place: Place) -> Samples:
    """What is compared of them."""
    first, *later = _train(side, place, _EPOCHS[side])
    return {"ours": {"first": [first], "later": later}, "stock": {"stock": [first]}, "none": {"none": later}}[side]


def rows(name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """The first epoch against stock's, later ones against those without ELMo."""
    # Written here, lest it count as memory.
    place.bilm("small")
    memories = {side: peak_memory(_train, side, place, min(epochs, 2)) for side, epochs in _EPOCHS.items()}
    sides = collect([partial(_epochs, side, place) for side in _EPOCHS], epoch_runs(runs), place.patience)
    corpus, *files = place.ner_corpus()
    flops = bilm_flops(place.options("small"), read_sentences(*files))
    yield Row(
        f"{name}-first",
        f"NER epoch on {corpus}, small shape, the first with the cache",
        "the same config with stock's `elmo_token_embedder`",
        replace(sides["first"], memory=memories["ours"]),
        replace(sides["stock"], memory=memories["stock"]),
        required=4,
        # What the tagger itself takes is not to be had for less.
        floor=flops / rates.fp32 / 1e9 + sides["none"].median,
    )
    yield Row(
        f"{name}-later",
        "the same, later epochs: times as long",
        "the same config without ELMo",
        replace(sides["later"], memory=memories["ours"]),
        replace(sides["none"], memory=memories["none"]),
        required=1.5,
        at_most=True,
    )
