"""
Files of columns, a token a line and blank lines between sentences: those of the CoNLL shared tasks, and CoNLL-U, the
format of Universal Dependencies. What the columns mean is for who reads them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CONLLU_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""CoNLL-U's columns by name."""

UNSPECIFIED = "_"
"""Stands in a column of CoNLL-U of which a word has nothing."""

_DOCUMENT_STARTS = (["-DOCSTART-"], ["#begin", "document"], ["#end", "document"])
"""How lines between documents begin: CoNLL-2003's, and those of CoNLL-2011 and 2012."""

_NO_WORD = re.compile(r"[0-9]+-[0-9]+|[0-9]+\.[0-9]+")


class Row(NamedTuple):
    """A line that holds a token."""

    number: int
    """In the file, counted from 1."""
    columns: list[str]


def conll_sentences(
    lines: Iterable[tuple[int, str]], name: object, error: type[Exception], least: int = 2
) -> Iterator[list[Row]]:
    """
    The sentences of a CoNLL file; its columns are separated by spaces or tabs. Lines between documents are skipped, and
    so are a sentence's comments, such as `# id 55 domain=en` (MultiCoNER's) and `# sent_id = 55`, in front of its first
    word. All else that begins with `#` is a word.

    # Parameters

    lines : `Iterable[tuple[int, str]]`
        Numbered from 1, as `files.read_lines` gives them.
    name : `object`
        The file's, for the errors.
    error : `type[Exception]`
        Is raised, with the file and the line, where one has no tag, or not as many columns as its sentence's first;
        and where there is no sentence.
    least : `int`, optional (default = `2`)
        How many columns there must be: 1 where words need no tags.
    """
    sentence: list[Row] = []
    is_empty = True
    for number, text in lines:
        # Several blanks in a row separate once. Other kinds of white space, such as U+00A0, may stand inside a word.
        columns = [column for column in text.replace("\t", " ").split(" ") if column]
        if not columns or columns[:1] in _DOCUMENT_STARTS or columns[:2] in _DOCUMENT_STARTS:
            if sentence:
                yield sentence
            sentence = []
            continue
        if not sentence and _is_comment(columns):
            continue
        is_empty = False
        if len(columns) < least:
            raise error(f'{name}, line {number}: expected a word and its tag, found only "{columns[0]}".')
        sentence.append(Row(number, columns))
        check_same_columns(sentence[0], sentence[-1], name, error)
    if sentence:
        yield sentence
    if is_empty:
        raise error(f"{name}: there is no sentence in this file.")


def _is_comment(columns: list[str]) -> bool:
    """Not every line that begins with `#` is one: `# SYM O O` is a word with its tags."""
    if len(columns) < 4 or columns[0] != "#":
        return False
    return columns[2] == "=" or (columns[1] == "id" and "=" in columns[-1])


def check_same_columns(first: Row, row: Row, name: object, error: type[Exception]) -> None:
    """Raises `error` where a row of the file has not as many columns as an earlier one."""
    if len(row.columns) != len(first.columns):
        raise error(
            f"{name}, line {row.number}: {len(row.columns)} columns, but line {first.number} has "
            f"{len(first.columns)}: {row.columns}."
        )


def conllu_sentences(lines: Iterable[tuple[int, str]], name: object, error: type[Exception]) -> Iterator[list[Row]]:
    """
    The sentences of a CoNLL-U file: ten columns, separated by tabs, so that words may have spaces inside. Comments are
    skipped, and so are what stands beside the words: the tokens that several words are written as (`1-2`), and words
    that are not written (`8.1`).

    # Parameters

    lines : `Iterable[tuple[int, str]]`
        Numbered from 1, as `files.read_lines` gives them.
    name : `object`
        The file's, for the errors.
    error : `type[Exception]`
        Is raised, with the file and the line, where one is not of that form, or its word is not the sentence's next;
        and where there is no sentence.
    """
    sentence: list[Row] = []
    is_empty = True
    for number, text in lines:
        if not text.strip(" \t"):
            if sentence:
                yield sentence
            sentence = []
        elif not text.startswith("#"):
            row = Row(number, text.split("\t"))
            _check_conllu(row, len(sentence) + 1, name, error)
            if not _NO_WORD.fullmatch(row.columns[0]):
                sentence.append(row)
                is_empty = False
    if sentence:
        yield sentence
    if is_empty:
        raise error(f"{name}: there is no sentence in this file.")


def _check_conllu(row: Row, following: int, name: object, error: type[Exception]) -> None:
    """`following` is the number in the sentence that the next word has."""
    where = f"{name}, line {row.number}"
    if len(row.columns) != len(CONLLU_COLUMNS):
        raise error(
            f"{where}: {len(row.columns)} columns; CoNLL-U has {len(CONLLU_COLUMNS)}, separated by single tabs."
        )
    if "" in row.columns:
        column = CONLLU_COLUMNS[row.columns.index("")]
        raise error(f'{where}: {column} is empty; "{UNSPECIFIED}" stands for nothing.')
    identifier = row.columns[0]
    if identifier != str(following) and not _NO_WORD.fullmatch(identifier):
        raise error(
            f'{where}: the id is "{identifier:.20}", and should be {following}: words are counted from 1, and a blank '
            "line ends a sentence."
        )
