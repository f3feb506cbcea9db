"""Sentences with a tag a word, of any column of a CoNLL or CoNLL-U file."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from elmo_tasks.columns import CONLLU_COLUMNS, Row, conll_sentences, conllu_sentences
from elmo_tasks.files import read_lines


class ProbeError(ValueError):
    """There is no such column, or nothing that a classifier could learn or be asked."""


class TaggedSentence(NamedTuple):
    """A sentence and its words' tags."""

    tokens: list[str]
    tags: list[str]


def is_conllu(path: Path) -> bool:
    """Whether a file's name says that it is CoNLL-U, compressed or not."""
    return ".conllu" in path.suffixes[-2:]


def read_tagged(path: Path, column: str | None = None, word_column: int = 0) -> Iterator[TaggedSentence]:
    """
    The sentences of a file, one by one.

    # Parameters

    path : `Path`
        CoNLL-U where its name ends in `.conllu`, compressed or not; any CoNLL columns otherwise.
    column : `str`, optional
        The tags': of CoNLL-U one of its columns' names, by default `"upos"`; of CoNLL a number, counted from 0, or from
        -1 for the last, which is the default.
    word_column : `int`
        Of CoNLL: the words'. CoNLL-2012 has them in column 3.

    # Raises

    `ProbeError`
        Names the file, and the line where there is one, that has no such column, or is not of the form.
    """
    if is_conllu(path):
        word, tag = CONLLU_COLUMNS.index("form"), _conllu_column(path, column or "upos")
        sentences = conllu_sentences(read_lines(path, ProbeError), path, ProbeError)
    else:
        word, tag = word_column, _conll_column(path, column or "-1")
        sentences = conll_sentences(read_lines(path, ProbeError), path, ProbeError)
    for rows in sentences:
        yield TaggedSentence([_cell(path, row, word) for row in rows], [_cell(path, row, tag) for row in rows])


def read_all_tagged(
    path: Path, column: str | None = None, word_column: int = 0, most: int | None = None
) -> list[TaggedSentence]:
    """As `read_tagged`; the first `most` sentences, if that is given."""
    return list(islice(read_tagged(path, column, word_column), most))


def _conllu_column(path: Path, column: str) -> int:
    if column not in CONLLU_COLUMNS:
        raise ProbeError(f'{path}: CoNLL-U has no column "{column}"; it has {", ".join(CONLLU_COLUMNS)}.')
    return CONLLU_COLUMNS.index(column)


def _conll_column(path: Path, column: str) -> int:
    if not column.removeprefix("-").isdecimal():
        raise ProbeError(
            f'{path}: the column "{column}" is no number, as a CoNLL file needs it: 0 is the first, -1 the last. (A '
            "CoNLL-U file's name ends in .conllu.)"
        )
    return int(column)


def _cell(path: Path, row: Row, column: int) -> str:
    try:
        return row.columns[column]
    except IndexError:
        raise ProbeError(
            f"{path}, line {row.number}: there is no column {column} here, of {len(row.columns)}."
        ) from None
