"""Training a biLM: tokens a second, and how much of the time the matrix products would need."""

import string
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from allennlp.common import Params

from benchmarks.inputs import ROOT, Place, char_cnn_flops, lstm_flops
from benchmarks.measure import Rates, Samples, collect, peak_memory
from benchmarks.report import Row, epoch_runs
from benchmarks.training import measure_epochs
from elmo_tasks.bilm import BiLMOptions

_CONFIG = ROOT / "training_configs" / "bilm" / "mini.jsonnet"
_WORDS = 40_000


def _text(place: Place) -> Path:
    """Random words in sentences, as frequent as a language's words are (Zipf's law)."""
    file = place.folder / "text.txt"
    if not file.exists():
        random = np.random.default_rng(1)
        types = 1000 if place.quick else _WORDS
        letters = np.array(list(string.ascii_lowercase))
        words = ["".join(random.choice(letters, length)) for length in random.integers(2, 12, size=types)]
        frequencies = 1 / (np.arange(types) + 2.7)
        tokens = random.choice(types, size=5_000 if place.quick else 500_000, p=frequencies / frequencies.sum())
        ends = np.cumsum(random.integers(10, 41, size=len(tokens) // 10))
        sentences = np.split(tokens, ends[ends < len(tokens)])
        file.write_text("\n".join(" ".join(words[token] for token in sentence) for sentence in sentences) + "\n")
    return file


def _config(place: Place, epochs: int, dtype: str) -> dict[str, Any]:
    text = str(_text(place))
    overrides: dict[str, Any] = {
        "train_data_path": text,
        "vocabulary.paths": text,
        "vocabulary.min_count": 1,
        "data_loader.batches_per_epoch": 1 if place.quick else 40,
        "trainer.num_epochs": epochs,
        "model.dtype": dtype,
    }
    if place.quick:
        overrides |= {"data_loader.batch_size": 4, "model.num_samples": 8, "model.options.lstm.dim": 16}
    config = Params.from_file(str(_CONFIG), overrides).as_dict(quiet=True)
    for key in ("validation_data_path", "validation_data_loader"):
        config.pop(key)
    config["trainer"].pop("validation_metric")
    return config


def _train(place: Place, dtype: str) -> Samples:
    """The second epoch: the first also meets cold caches."""
    return {"ours": measure_epochs(_config(place, 2, dtype), place.folder)[1:]}


def _step_flops(place: Place, config: dict[str, Any]) -> float:
    """Of a training step's matrix products: forward, and twice as many backward."""
    options = BiLMOptions.from_dict(config["model"]["options"])
    tokens = config["data_loader"]["batch_size"] * config["data_loader"]["window"]
    scored = config["model"]["num_samples"] + 1
    softmax = 2 * 2 * options.projection_dim * scored
    text = _text(place).read_text(encoding="utf-8").split()[:tokens]
    return 3 * (tokens * (lstm_flops(options) + softmax) + char_cnn_flops(options, set(text)))


def rows(dtype: str, name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """Ours alone: stock AllenNLP's models have no such training."""
    what = f'training the biLM "mini" (training_configs/bilm), {dtype}, a step\'s tokens in both directions'
    is_half = dtype != "float32"
    if is_half and not (rates.has_bf16 or place.quick):
        yield Row(name, what, note=rates.without_bf16)
        return
    config = _config(place, 1, dtype)
    batches = config["data_loader"]["batches_per_epoch"]
    memory = peak_memory(_train, place, dtype)
    sides = collect([partial(_train, place, dtype)], epoch_runs(runs), place.patience)
    yield Row(
        name,
        what,
        ours=replace(sides["ours"], memory=memory),
        tokens=batches * config["data_loader"]["batch_size"] * config["data_loader"]["window"],
        floor=batches * _step_flops(place, config) / (rates.bf16 if is_half else rates.fp32) / 1e9,
    )
