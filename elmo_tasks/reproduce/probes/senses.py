"""
A run of table 5: `python -m elmo_tasks.reproduce.probes.senses CONFIG -s FOLDER`.

The config has `evaluation`, a list of texts with senses, each a list of its two files, `index`, WordNet's, `split`,
and, unless it is of the first senses, `elmo` and `corpus`, whose averages are taken. The metrics are `f1`, that of the
last layer where there are any, and `layer_0` and so on: means over the texts, as in the paper.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from elmo_tasks.probing.sense_averages import average_senses
from elmo_tasks.probing.sense_corpus import SenseCorpus
from elmo_tasks.probing.senses import first_sense_answers, nearest_answers, score
from elmo_tasks.probing.wordnet import first_senses
from elmo_tasks.reproduce.probes.run import Metrics, main, source_of

_AVERAGES = "averages.hdf5"


def measure(config: dict[str, Any], folder: Path) -> Metrics:
    """The metrics, see above."""
    texts = [_corpus(files) for files in config["evaluation"]]
    first = first_senses(Path(config["index"]))
    if "elmo" not in config:
        return {"f1": mean(score(first_sense_answers(first, text.data), text).f1 for text in texts)}
    source = source_of(config)
    averages = average_senses(source, _corpus(config["corpus"]), folder / _AVERAGES)
    answers = [nearest_answers(source, averages, first, text.data) for text in texts]
    found = {
        name: mean(score(of_text[name], text).f1 for of_text, text in zip(answers, texts, strict=True))
        for name in answers[0]
    }
    # Large, and made again in minutes.
    (folder / _AVERAGES).unlink()
    return found | {"f1": found[f"layer_{source.num_layers - 1}"]}


def _corpus(files: Sequence[str]) -> SenseCorpus:
    data, keys = map(Path, files)
    return SenseCorpus(data.name, data, keys)


if __name__ == "__main__":
    main(measure)
