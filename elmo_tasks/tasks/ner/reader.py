"""CoNLL-2003's columns as instances."""

from collections.abc import Iterable, Sequence
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token
from overrides import overrides

from elmo_tasks.checks import check_count
from elmo_tasks.columns import Row
from elmo_tasks.tasks.base.reader import TextReader, bad_line
from elmo_tasks.tasks.base.schemes import SCHEMES, convert
from elmo_tasks.tasks.base.tagged import tagged_instance
from elmo_tasks.tasks.ner.corpus import read_sentences, read_tags, read_words

COLUMNS = {"pos": 1, "chunk": 2, "ner": -1}
"""Where CoNLL-2003 keeps its tags."""


@DatasetReader.register("elmo_conll2003")
class Conll2003Reader(TextReader):
    """
    Sentences and their tags from CoNLL-2003's columns (Tjong Kim Sang and De Meulder 2003): a token a line, blank
    lines between sentences. Skipped are `-DOCSTART-` lines between documents, and comments in front of a sentence, such
    as `# id 55 domain=en`. UTF-8, plain or compressed.

    A file has at least two columns, or one where no tags are read, separated by spaces or tabs, and the same number in
    every line. Its span tags may be in IOB1, BIO, BIOUL, BIOES or BMES; they are told apart by themselves, and a tag
    that its scheme does not allow is read as conlleval reads it (see `schemes`). An instance has the fields `tokens`,
    `tags` and `metadata` (`words`, and the `tags` by name).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tag_column : `str` or `int`, optional (default = `"ner"`)
        `"ner"` (the last column), `"chunk"` (the third), `"pos"` (the second), or a column's number, counted from 0;
        negative numbers count from the last. None where words have no tags, for `predict --use-dataset-reader`.
    word_column : `int`, optional (default = `0`)
        The words', counted from 0.
    coding_scheme : `str`, optional (default = `"BIOUL"`)
        The scheme the tags are given in: `"IOB1"`, `"BIO"`, `"BIOUL"`, `"BIOES"` or `"BMES"`; a tagger's
        `label_encoding` is the same. None takes the tags as they are, for tags that mark no spans, such as parts of
        speech.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        Where a file is not as said above: with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_conll2003".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tag_column: str | int | None = "ner",
        word_column: int = 0,
        coding_scheme: str | None = "BIOUL",
        label_namespace: str = "labels",
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        check_count(ConfigurationError, least=0, word_column=word_column)
        is_number = isinstance(tag_column, int) and not isinstance(tag_column, bool)
        is_name = isinstance(tag_column, str) and tag_column in COLUMNS
        column = COLUMNS.get(tag_column) if isinstance(tag_column, str) else tag_column
        if column == word_column or not (is_number or is_name or tag_column is None):
            raise ConfigurationError(
                f"tag_column is {tag_column!r}; it must be one of {', '.join(COLUMNS)}, or a column's number "
                f"({word_column} is the word's), or null."
            )
        if coding_scheme is not None and coding_scheme not in SCHEMES:
            raise ConfigurationError(
                f'coding_scheme is "{coding_scheme}"; it must be one of {", ".join(SCHEMES)}, or null.'
            )
        self._column = column
        self._word_column = word_column
        self._coding_scheme = coding_scheme
        self._label_namespace = label_namespace

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for rows in self.shard_iterable(read_sentences(file_path, need_tags=self._column is not None)):
            words = read_words(rows, self._word_column, file_path)
            yield self.text_to_instance([Token(word) for word in words], self._tags(rows, file_path))

    def _tags(self, rows: Sequence[Row], file_path: PathOrStr) -> list[str] | None:
        if self._column is None:
            return None
        if self._column + len(rows[0].columns) == self._word_column:
            # Counted from the last column.
            raise bad_line(file_path, rows[0].number, "words and tags would be of one column; see tag_column")
        return read_tags(rows, self._column, self._coding_scheme is not None, file_path)

    @overrides(check_signature=False)
    def text_to_instance(self, tokens: Sequence[Token], tags: Sequence[str] | None = None) -> Instance:
        """
        # Parameters

        tokens : `Sequence[Token]`
        tags : `Sequence[str]`, optional
            One a token, in any of `schemes.SCHEMES`. None where they are to be predicted.
        """
        if tags is not None and self._coding_scheme:
            tags = convert(tags, self._coding_scheme)
        return tagged_instance(tokens, tags, self._label_namespace)
