"""What the runs of both tables share: `python -m MODULE CONFIG -s FOLDER`, the source of layers, and metrics.json."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.files import read_object, writing
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.transformer import read_source, read_transformer

Metrics = Mapping[str, float]

_LAYERS = 3
"""Of the biLMs of the paper's tables, the token layer counted."""


def main(measure: Callable[[dict[str, Any], Path], Metrics]) -> None:
    """
    The command line of a run.

    # Parameters

    measure : `Callable[[dict[str, Any], Path], Metrics]`
        From the config, and a folder that it may write to, to the metrics, which are of the config's `split`: `"test"`
        or `"development"`.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("-s", dest="folder", type=Path, required=True)
    args = parser.parse_args()
    config = read_object(args.config, ReproductionError, split=str)
    prefix = "test" if config["split"] == "test" else "best_validation"
    args.folder.mkdir(parents=True, exist_ok=True)
    metrics = {f"{prefix}_{name}": value for name, value in measure(config, args.folder).items()}
    with writing(args.folder / "metrics.json") as temporary:
        temporary.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")


def source_of(config: Mapping[str, Any]) -> LayerSource:
    """
    The source of layers of a config's `elmo`: a `bilm` or a `transformer`, with its `weights`, `"trained"` or
    `"random"`; the latter are those of the config's seed.

    # Raises

    `PretrainedError`, `TransformerError`
        If it cannot be had.
    `ReproductionError`
        If it has fewer layers than the paper's tables.
    """
    elmo = config["elmo"]
    source = read_transformer(elmo["transformer"]) if "transformer" in elmo else read_source(elmo["bilm"])
    if source.num_layers < _LAYERS:
        raise ReproductionError(f"The paper's tables are of {_LAYERS} layers, and this has {source.num_layers}.")
    return source.untrained(config["random_seed"]) if elmo["weights"] == "random" else source
