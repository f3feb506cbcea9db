"""Corpora that are taken as they are, or nearly so."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from elmo_tasks.reproduce.open_data.recipe import json_rows, text_lines


def copy(originals: Sequence[Path]) -> Iterator[str]:
    """The original's lines."""
    return (f"{line}\n" for line in text_lines(originals[0]))


def minimal_pairs(originals: Sequence[Path]) -> Iterator[str]:
    """BLiMP's pairs: the sentences and what they test, one paradigm after the other."""
    names = ("sentence_good", "sentence_bad", "UID", "linguistics_term")
    for path in originals:
        for row in json_rows(path):
            yield json.dumps({name: row[name] for name in names}) + "\n"
