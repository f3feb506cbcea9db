"""Pairs of sentences: SNLI's development set in two parts, and SNLI with human revisions."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from elmo_tasks.reproduce.open_data.recipe import OriginalError, json_lines, json_rows, shuffled, text_lines

_DEVELOPMENT_PAIRS = 1000


def snli_train(originals: Sequence[Path]) -> Iterator[str]:
    """All pairs but those of `snli_dev`."""
    return json_lines(_snli(originals[0])[_DEVELOPMENT_PAIRS:])


def snli_dev(originals: Sequence[Path]) -> Iterator[str]:
    """The first thousand pairs of SNLI's shuffled development set."""
    return json_lines(_snli(originals[0])[:_DEVELOPMENT_PAIRS])


def _snli(path: Path) -> list[dict[str, str]]:
    """The pairs on whose label the annotators agreed, tokenised as the Penn Treebank is, and shuffled."""
    from nltk.tokenize import TreebankWordTokenizer

    tokenize = TreebankWordTokenizer().tokenize
    pairs = [
        {
            "gold_label": row["gold_label"],
            "sentence1": " ".join(tokenize(row["sentence1"])),
            "sentence2": " ".join(tokenize(row["sentence2"])),
        }
        for row in json_rows(path)
        if row["gold_label"] != "-"
    ]
    return shuffled(pairs, seed=0)


def snli_revised(originals: Sequence[Path]) -> Iterator[str]:
    """All pairs of the table of original and revised pairs, as they are."""
    rows = csv.DictReader(text_lines(originals[0]), delimiter="\t")
    names = ("gold_label", "sentence1", "sentence2")
    if not set(names) <= set(rows.fieldnames or ()):
        raise OriginalError(f"{originals[0]}, line 1: the columns {', '.join(names)} should be named here.")
    return json_lines({name: row[name] for name in names} for row in rows)
