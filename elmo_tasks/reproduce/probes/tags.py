"""
A run of table 6: `python -m elmo_tasks.reproduce.probes.tags CONFIG -s FOLDER`.

The config has `train` and `evaluation`, files that `read_tagged` reads, the tags' `column`, `split`, and, unless it is
of the most frequent tags, `elmo`. The metrics are `accuracy`, that of the mix of all layers where there are any, `mix`,
and `layer_0` and so on; and each of these for words that training has not seen, `accuracy_unseen` and so on.
"""

from pathlib import Path
from typing import Any

from elmo_tasks.probing.probe import MIX, check_tags, most_frequent_tags, probe, read_layers
from elmo_tasks.probing.tagged import read_all_tagged
from elmo_tasks.reproduce.probes.run import Metrics, main, source_of


def measure(config: dict[str, Any], folder: Path) -> Metrics:
    """The metrics, see above."""
    train, evaluation = (read_all_tagged(Path(config[part]), config["column"]) for part in ("train", "evaluation"))
    check_tags(train, evaluation)
    if "elmo" not in config:
        found = {"accuracy": most_frequent_tags(train, evaluation)}
    else:
        source = source_of(config)
        found = probe(read_layers(source, train), read_layers(source, evaluation))
        found["accuracy"] = found[MIX]
    unseen = {f"{name}_unseen": one.unseen for name, one in found.items() if one.unseen is not None}
    return {name: one.accuracy for name, one in found.items()} | unseen


if __name__ == "__main__":
    main(measure)
