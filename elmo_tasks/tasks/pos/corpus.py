"""CoNLL-U, the format of Universal Dependencies, as it stands in a file."""

import re
from collections.abc import Iterator

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.reader import bad_line
from elmo_tasks.tasks.base.tagged import Line, in_sentences, text_lines

COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")

UNSPECIFIED = "_"
"""Stands in a column of which a word has nothing."""

_NO_WORD = re.compile("[0-9]+[-.][0-9]+")
"""Instead of a word's number: that of a token of several words (`1-2`), or of an empty node (`1.1`)."""


def read_tagged(file_path: PathOrStr, column: str) -> Iterator[tuple[list[str], list[str]]]:
    """
    The sentences of a file, plain or compressed, one by one: their words, and the words' tags.

    # Parameters

    file_path : `PathOrStr`
    column : `str`
        One of `COLUMNS`, where the tags stand.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not CoNLL-U, or says that no word in it has such a tag, or that there is no
        sentence.
    """
    place = COLUMNS.index(column)
    is_tagged = False
    for lines in in_sentences(_word_lines(file_path), file_path):
        tags = [line.columns[place] for line in lines]
        is_tagged = is_tagged or any(tag != UNSPECIFIED for tag in tags)
        yield [line.columns[1] for line in lines], tags
    if not is_tagged:
        raise ConfigurationError(
            f'{file_path}: no word has a {column} here, only "{UNSPECIFIED}"; set tag_column to another column.'
        )


def _word_lines(file_path: PathOrStr) -> Iterator[Line | None]:
    """The lines of words; comments, tokens of several words and empty nodes are left out."""
    words = 0
    for number, text in text_lines(file_path):
        if not text.strip(" \t"):
            yield None
            words = 0
            continue
        if text.startswith("#"):
            continue
        columns = text.split("\t")
        if len(columns) != len(COLUMNS):
            raise bad_line(
                file_path, number, f"{len(columns)} columns; CoNLL-U has {len(COLUMNS)}, separated by single tabs"
            )
        if "" in columns:
            raise bad_line(
                file_path, number, f'{COLUMNS[columns.index("")]} is empty; "{UNSPECIFIED}" stands for nothing'
            )
        if _NO_WORD.fullmatch(columns[0]):
            continue
        words += 1
        if columns[0] != str(words):
            advice = "words are counted from 1, and a blank line ends a sentence"
            raise bad_line(file_path, number, f'the id is "{columns[0]:.20}", and should be {words}: {advice}')
        yield Line(number, columns)
