"""CoNLL-2003's columns (Tjong Kim Sang and De Meulder 2003), as they stand in a file."""

from collections.abc import Iterator, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.columns import Row, check_same_columns, conll_sentences
from elmo_tasks.tasks.base.reader import bad_line
from elmo_tasks.tasks.base.schemes import TagError, split_tag
from elmo_tasks.tasks.base.tagged import text_lines


def read_sentences(file_path: PathOrStr) -> Iterator[list[Row]]:
    """
    The sentences of a file, plain or compressed, one by one; the word is in the first column.

    # Raises

    `ConfigurationError`
        Names the file and the line that has no tag, or not as many columns as the lines before; or says that there is
        no sentence.
    """
    first: Row | None = None
    for sentence in conll_sentences(text_lines(file_path), file_path, ConfigurationError):
        first = first or sentence[0]
        check_same_columns(first, sentence[0], file_path, ConfigurationError)
        yield sentence


def read_tags(rows: Sequence[Row], column: int, are_spans: bool, file_path: PathOrStr) -> list[str]:
    """
    The tags of a sentence.

    # Parameters

    rows : `Sequence[Row]`
    column : `int`
        Where they stand; negative numbers count from the last.
    are_spans : `bool`
        Whether they must mark spans, in any of `schemes.SCHEMES`.
    file_path : `PathOrStr`
        For the error.

    # Raises

    `ConfigurationError`
        Names the file and the line whose tag is missing or marks no span.
    """
    return [_tag(row, column, are_spans, file_path) for row in rows]


def _tag(row: Row, column: int, is_span: bool, file_path: PathOrStr) -> str:
    try:
        tag = row.columns[column]
    except IndexError:
        message = f"there is no column {column} here, of {len(row.columns)}; see tag_column"
        raise bad_line(file_path, row.number, message) from None
    if is_span:
        try:
            split_tag(tag)
        except TagError as error:
            advice = "set coding_scheme to null if the tags mark no spans, and tag_column if they stand elsewhere"
            raise bad_line(file_path, row.number, f"{error}; {advice}") from None
    return tag
