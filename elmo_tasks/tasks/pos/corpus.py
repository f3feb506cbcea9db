"""Tags in CoNLL-U, the format of Universal Dependencies."""

from collections.abc import Iterator

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.columns import CONLLU_COLUMNS, UNSPECIFIED, Row, conllu_sentences
from elmo_tasks.tasks.base.tagged import text_lines


def read_tagged(file_path: PathOrStr, column: str | None) -> Iterator[tuple[list[str], list[str] | None]]:
    """
    The sentences of a file, plain or compressed, one by one: their words, and the words' tags, or None where they are
    not read.

    # Parameters

    file_path : `PathOrStr`
    column : `str`, optional
        One of `CONLLU_COLUMNS`, where the tags stand. None: they are not read.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not CoNLL-U, or says that no word in it has such a tag, or that there is no
        sentence.
    """
    word, tag = CONLLU_COLUMNS.index("form"), _tags_at(file_path, column)
    for rows in _sentences(file_path):
        yield [row.columns[word] for row in rows], None if tag is None else [row.columns[tag] for row in rows]


def _sentences(file_path: PathOrStr) -> Iterator[list[Row]]:
    return conllu_sentences(text_lines(file_path), file_path, ConfigurationError)


def _tags_at(file_path: PathOrStr, column: str | None) -> int | None:
    """The number of the tags' column. Reads up to the first tag, which usually is the first word's."""
    if column is None:
        return None
    number = CONLLU_COLUMNS.index(column)
    if any(row.columns[number] != UNSPECIFIED for rows in _sentences(file_path) for row in rows):
        return number
    raise ConfigurationError(
        f'{file_path}: no word has a {column} here, only "{UNSPECIFIED}"; set tag_column to another column, or to null '
        "to read words without tags, for prediction."
    )
