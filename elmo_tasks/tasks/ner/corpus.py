"""CoNLL-2003's columns (Tjong Kim Sang and De Meulder 2003), as they stand in a file."""

from collections.abc import Iterator, Sequence

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.reader import bad_line
from elmo_tasks.tasks.base.schemes import TagError, split_tag
from elmo_tasks.tasks.base.tagged import Line, in_sentences, text_lines

_DOCUMENT_START = "-DOCSTART-"


def read_sentences(file_path: PathOrStr) -> Iterator[list[Line]]:
    """
    The sentences of a file, plain or compressed, one by one; the word is a line's first column.

    # Raises

    `ConfigurationError`
        Names the file and the line that has no tag, or not as many columns as the lines before; or says that there is
        no sentence.
    """
    return in_sentences(_token_lines(file_path), file_path)


def _token_lines(file_path: PathOrStr) -> Iterator[Line | None]:
    first: Line | None = None
    for number, text in text_lines(file_path):
        columns = text.strip(" \t").replace("\t", " ").split(" ")
        # Several blanks in a row separate once. Other kinds of white space, such as U+00A0, may stand inside a word.
        columns = [column for column in columns if column]
        if not columns or columns[0] == _DOCUMENT_START:
            yield None
            continue
        line = Line(number, columns)
        first = first or line
        if len(columns) < 2:
            raise bad_line(file_path, number, f'expected a word and its tag, found only "{columns[0]}"')
        if len(columns) != len(first.columns):
            raise bad_line(
                file_path,
                number,
                f"{len(columns)} columns, but line {first.number} has {len(first.columns)}: {columns}",
            )
        yield line


def read_tags(lines: Sequence[Line], column: int, are_spans: bool, file_path: PathOrStr) -> list[str]:
    """
    The tags of a sentence.

    # Parameters

    lines : `Sequence[Line]`
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
    return [_tag(line, column, are_spans, file_path) for line in lines]


def _tag(line: Line, column: int, is_span: bool, file_path: PathOrStr) -> str:
    try:
        tag = line.columns[column]
    except IndexError:
        message = f"there is no column {column} here, of {len(line.columns)}; see tag_column"
        raise bad_line(file_path, line.number, message) from None
    if is_span:
        try:
            split_tag(tag)
        except TagError as error:
            advice = "set coding_scheme to null if the tags mark no spans, and tag_column if they stand elsewhere"
            raise bad_line(file_path, line.number, f"{error}; {advice}") from None
    return tag
