"""Tags in CoNLL-U, the format of Universal Dependencies."""

from collections.abc import Iterator

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.columns import CONLLU_COLUMNS, UNSPECIFIED, conllu_sentences
from elmo_tasks.tasks.base.tagged import text_lines


def read_tagged(file_path: PathOrStr, column: str) -> Iterator[tuple[list[str], list[str]]]:
    """
    The sentences of a file, plain or compressed, one by one: their words, and the words' tags.

    # Parameters

    file_path : `PathOrStr`
    column : `str`
        One of `CONLLU_COLUMNS`, where the tags stand.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not CoNLL-U, or says that no word in it has such a tag, or that there is no
        sentence.
    """
    word, tag = CONLLU_COLUMNS.index("form"), CONLLU_COLUMNS.index(column)
    is_tagged = False
    for rows in conllu_sentences(text_lines(file_path), file_path, ConfigurationError):
        tags = [row.columns[tag] for row in rows]
        is_tagged = is_tagged or any(tag != UNSPECIFIED for tag in tags)
        yield [row.columns[word] for row in rows], tags
    if not is_tagged:
        raise ConfigurationError(
            f'{file_path}: no word has a {column} here, only "{UNSPECIFIED}"; set tag_column to another column.'
        )
