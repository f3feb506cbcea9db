"""Texts with a class: TREC's questions, sentences of film reviews, Chinese hotel reviews; relations of SemEval-2010."""

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from elmo_tasks.reproduce.open_data.recipe import Maker, OriginalError, json_lines, shuffled, text_lines, whole

Rows = list[dict[str, str]]


def part(rows: Callable[[Sequence[Path]], Rows], seed: int, first: int, last: int | None) -> Maker:
    """
    The texts from number `first` to `last` (None: to the end), counted from 1, of those shuffled by `seed`.

    The development set comes first, then what is held back as a test set, then the training set.
    """
    return lambda originals: json_lines(shuffled(rows(originals), seed)[first - 1 : last])


def trec(originals: Sequence[Path]) -> Rows:
    """TREC's training questions: the class, a colon, the finer class, a space and the question."""
    rows = []
    for number, line in enumerate(whole(originals[0]).decode("latin-1").removesuffix("\n").split("\n"), 1):
        fine, space, text = line.strip().partition(" ")
        if not space or ":" not in fine:
            raise OriginalError(f"{originals[0]}, line {number}: this should be CLASS:class and a question: {line!r}.")
        rows.append({"text": text, "label": fine.partition(":")[0], "fine_label": fine})
    return rows


def polarity(originals: Sequence[Path]) -> Rows:
    """
    The positive sentences and then the negative ones.

    The file that the published results read has letters beyond ASCII wrong: each byte of their UTF-8 stands as a
    letter of its own. The slip is made here too, so that the file is the same.
    """
    rows = []
    for path, label in zip(originals, ("positive", "negative"), strict=True):
        data = whole(path)
        try:
            data.decode()
        except UnicodeDecodeError:
            # The official files are in Latin 1; some copies of them were converted.
            data = data.decode("latin-1").encode()
        sentences = data.decode("latin-1").removesuffix("\n").split("\n")
        rows += [{"text": sentence.strip(), "label": label} for sentence in sentences]
    return rows


def hotel(originals: Sequence[Path]) -> Rows:
    """The reviews, once each and without white space; in the table a label and a review are the last two columns."""
    names = {"1": "positive", "0": "negative"}
    labels: dict[str, str] = {}
    for columns in csv.reader(text_lines(originals[0])):
        text = "".join(columns[-1].split()) if len(columns) >= 2 else ""
        if text and columns[-2] in names:
            labels.setdefault(text, names[columns[-2]])
    if not labels:
        raise OriginalError(f"{originals[0]}: no line has a label, 0 or 1, before its review.")
    return [{"text": text, "label": label} for text, label in labels.items()]


def relations(first: int, last: int | None) -> Maker:
    """SemEval-2010's examples from number `first` to `last`, counted from 1: four lines each, the last one empty."""

    def make(originals: Sequence[Path]) -> Iterator[str]:
        lines = (line.rstrip() for line in text_lines(originals[0]))
        examples = iter(lambda: list(islice(lines, 4)), [])
        for number, example in enumerate(examples, 1):
            if len(example) != 4 or not example[0].startswith(f"{number}\t") or example[3]:
                raise OriginalError(f"{originals[0]}, line {4 * number - 3}: example {number} should begin here.")
            if first <= number and (last is None or number <= last):
                yield "\n".join(example) + "\n"

    return make
