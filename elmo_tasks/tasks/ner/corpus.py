"""CoNLL-2003's columns (Tjong Kim Sang and De Meulder 2003), as they stand in a file."""

from collections.abc import Iterator, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.columns import Row, check_same_columns, conll_sentences
from elmo_tasks.tasks.base.reader import bad_line
from elmo_tasks.tasks.base.schemes import TagError, split_tag
from elmo_tasks.tasks.base.tagged import text_lines


def read_sentences(file_path: PathOrStr, need_tags: bool = True) -> Iterator[list[Row]]:
    """
    The sentences of a file, plain or compressed, one by one.

    # Parameters

    file_path : `PathOrStr`
    need_tags : `bool`, optional (default = `True`)
        Whether a line with nothing but a word is an error.

    # Raises

    `ConfigurationError`
        Names the file and the line that has no tag, or not as many columns as the lines before; or says that there is
        no sentence.
    """
    first: Row | None = None
    least = 2 if need_tags else 1
    for sentence in conll_sentences(text_lines(file_path), file_path, ConfigurationError, least):
        first = first or sentence[0]
        check_same_columns(first, sentence[0], file_path, ConfigurationError)
        yield sentence


def read_words(rows: Sequence[Row], column: int, file_path: PathOrStr) -> list[str]:
    """The words of a sentence, which stand in a column. Raises `ConfigurationError` where there is none."""
    return [_cell(row, column, "word_column", file_path) for row in rows]


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
    tag = _cell(row, column, "tag_column", file_path)
    if is_span:
        try:
            split_tag(tag)
        except TagError as error:
            advice = "set coding_scheme to null if the tags mark no spans, and tag_column if they stand elsewhere"
            raise bad_line(file_path, row.number, f"{error}; {advice}") from None
    return tag


def _cell(row: Row, column: int, parameter: str, file_path: PathOrStr) -> str:
    try:
        return row.columns[column]
    except IndexError:
        message = f"there is no column {column} here, of {len(row.columns)}; see {parameter}"
        raise bad_line(file_path, row.number, message) from None
