"""Tags in CoNLL-U, the format of Universal Dependencies."""

import logging
from collections.abc import Iterator

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.columns import CONLLU_COLUMNS, UNSPECIFIED, Row, conllu_sentences
from elmo_tasks.tasks.base.tagged import text_lines

logger = logging.getLogger(__name__)


def read_tagged(file_path: PathOrStr, column: str | None) -> Iterator[tuple[list[str], list[str] | None]]:
    """
    The sentences of a file, plain or compressed, one by one: their words, and the words' tags. These are None where no
    word of the file has one, of which a warning tells.

    # Parameters

    file_path : `PathOrStr`
    column : `str`, optional
        One of `CONLLU_COLUMNS`, where the tags stand. None: they are not read.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not CoNLL-U, or says that there is no sentence.
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
    logger.warning(
        '%s: no word has a %s here, only "%s": they can be predicted, but neither learned from nor scored; see '
        "tag_column.",
        file_path,
        column,
        UNSPECIFIED,
    )
    return None
