"""Pretrained word vectors, which several tasks read."""

from pathlib import Path

from elmo_tasks.files import read_lines
from elmo_tasks.tasks.base.card import Corpus, Counts


def count_dimensions(path: Path) -> Counts:
    """The length of a file's first vector; the others are not looked at, for such a file has gigabytes."""
    _, line = next(read_lines(path, ValueError), (0, ""))
    return {"dimensions": len(line.rstrip().split(" ")) - 1}


def _glove(name: str, file: str, dimensions: int) -> Corpus:
    source, licence = "https://nlp.stanford.edu/projects/glove", "PDDL 1.0"
    return Corpus(name, source, licence, count_dimensions, {file: {"dimensions": dimensions}})


GLOVE_6B = _glove("GloVe 6B", "glove.6B.50d.txt", 50)
GLOVE_6B_100 = _glove("GloVe 6B, 100 dimensions", "glove.6B.100d.txt", 100)
GLOVE_840B = _glove("GloVe 840B", "glove.840B.300d.txt", 300)
GLOVE_6B_SUBSET = _glove("GloVe 6B, a subset", "glove/glove.6B.50d.subset.txt.gz", 50)
