"""CoNLL-2003's columns."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import open_compressed
from allennlp.data import Instance, Vocabulary
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, MetadataField, SequenceLabelField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer, TokenIndexer
from allennlp.data.tokenizers import Token
from overrides import overrides

from elmo_tasks.files import decoded, numbered
from elmo_tasks.tasks.ner.schemes import SCHEMES, TagError, convert, split_tag

logger = logging.getLogger(__name__)

COLUMNS = {"pos": 1, "chunk": 2, "ner": -1}
"""Where CoNLL-2003 keeps its tags; the word is column 0."""

_DOCUMENT_START = "-DOCSTART-"
_BLANKS = " \t\r\n"


class _Line(NamedTuple):
    """A line that holds a token."""

    number: int
    columns: list[str]


class TagField(SequenceLabelField):
    """
    Tags, one a token. A tag that the vocabulary lacks, because training never saw it, gets index 0, the most frequent
    tag's, and a warning; the stock field raises a `KeyError`. Scores are computed from the tags' names, so it still
    counts as an error.
    """

    _warned: ClassVar[set[str]] = set()

    @overrides
    def index(self, vocab: Vocabulary) -> None:
        known = vocab.get_token_to_index_vocabulary(self._label_namespace)
        tags = [str(tag) for tag in self.labels]
        for tag in set(tags) - known.keys() - self._warned:
            self._warned.add(tag)
            logger.warning('The tag "%s" does not occur in training: the model can never predict it.', tag)
        self._indexed_labels = [known.get(tag, 0) for tag in tags]


@DatasetReader.register("elmo_conll2003")
class Conll2003Reader(DatasetReader):
    """
    Sentences and their tags from CoNLL-2003's columns (Tjong Kim Sang and De Meulder 2003): a token a line, the word
    in the first column, blank lines between sentences, `-DOCSTART-` lines between documents (skipped). UTF-8, plain
    or .gz.

    A file has at least two columns, separated by spaces or tabs, and the same number in every line. Its span tags may
    be in IOB1, BIO or BIOUL; they are told apart by themselves, and a tag that its scheme does not allow is read as
    conlleval reads it (see `schemes`). An instance has the fields `tokens`, `tags` and `metadata` (`words`, and the
    `tags` by name).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tag_column : `str` or `int`, optional (default = `"ner"`)
        `"ner"` (the last column), `"chunk"` (the third), `"pos"` (the second), or a column's number, counted from 0;
        negative numbers count from the last.
    coding_scheme : `str`, optional (default = `"BIOUL"`)
        The scheme the tags are given in: `"IOB1"`, `"BIO"` or `"BIOUL"`; a tagger's `label_encoding` is the same. None
        takes the tags as they are, for tags that mark no spans, such as parts of speech.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.

    # Raises

    `ConfigurationError`
        Where a file is not as said above: with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_conll2003".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tag_column: str | int = "ner",
        coding_scheme: str | None = "BIOUL",
        label_namespace: str = "labels",
        max_instances: int | None = None,
        serialization_dir: str | None = None,
    ) -> None:
        super().__init__(
            max_instances=max_instances,
            manual_distributed_sharding=True,
            manual_multiprocess_sharding=True,
            serialization_dir=serialization_dir,
        )
        if tag_column == 0 or not (isinstance(tag_column, int) or tag_column in COLUMNS):
            raise ConfigurationError(
                f"tag_column is {tag_column!r}; it must be one of {', '.join(COLUMNS)}, or a column's number "
                "(0 is the word's)."
            )
        if coding_scheme is not None and coding_scheme not in SCHEMES:
            raise ConfigurationError(
                f'coding_scheme is "{coding_scheme}"; it must be one of {", ".join(SCHEMES)}, or null.'
            )
        self._token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}
        self._column = COLUMNS[tag_column] if isinstance(tag_column, str) else tag_column
        self._coding_scheme = coding_scheme
        self._label_namespace = label_namespace

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for lines in self.shard_iterable(_sentences(file_path)):
            tags = [self._tag(line, file_path) for line in lines]
            yield self.text_to_instance([Token(line.columns[0]) for line in lines], tags)

    def _tag(self, line: _Line, file_path: PathOrStr) -> str:
        try:
            tag = line.columns[self._column]
        except IndexError:
            raise _error(
                file_path,
                line.number,
                f"there is no column {self._column} here, of {len(line.columns)}; see tag_column",
            ) from None
        if self._coding_scheme is not None:
            try:
                split_tag(tag)
            except TagError as error:
                advice = "set coding_scheme to null if the tags mark no spans, and tag_column if they stand elsewhere"
                raise _error(file_path, line.number, f"{error}; {advice}") from None
        return tag

    @overrides(check_signature=False)
    def text_to_instance(self, tokens: Sequence[Token], tags: Sequence[str] | None = None) -> Instance:
        """
        # Parameters

        tokens : `Sequence[Token]`
        tags : `Sequence[str]`, optional
            One a token, in any of the schemes IOB1, BIO and BIOUL. None where they are to be predicted.
        """
        text = TextField(list(tokens))
        metadata = {"words": [str(token.text) for token in tokens]}
        fields: dict[str, Field] = {"tokens": text, "metadata": MetadataField(metadata)}
        if tags is not None:
            metadata["tags"] = convert(tags, self._coding_scheme) if self._coding_scheme else list(tags)
            fields["tags"] = TagField(metadata["tags"], text, self._label_namespace)
        return Instance(fields)

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        instance["tokens"].token_indexers = self._token_indexers  # type: ignore[attr-defined]


def _sentences(file_path: PathOrStr) -> Iterator[list[_Line]]:
    """The sentences of a file, one by one, each checked for its columns."""
    sentence: list[_Line] = []
    first: _Line | None = None
    for number, text in _lines(file_path):
        columns = text.strip(_BLANKS).replace("\t", " ").split(" ")
        # Several blanks in a row separate once. Other kinds of white space, such as U+00A0, may stand inside a word.
        columns = [column for column in columns if column]
        if not columns or columns[0] == _DOCUMENT_START:
            if sentence:
                yield sentence
            sentence = []
            continue
        line = _Line(number, columns)
        first = first or line
        if len(columns) < 2:
            raise _error(file_path, number, f'expected a word and its tag, found only "{columns[0]}"')
        if len(columns) != len(first.columns):
            raise _error(
                file_path,
                number,
                f"{len(columns)} columns, but line {first.number} has {len(first.columns)}: {columns}",
            )
        sentence.append(line)
    if sentence:
        yield sentence
    if first is None:
        raise ConfigurationError(f"{file_path}: there is no sentence in this file.")


def _lines(file_path: PathOrStr) -> Iterator[tuple[int, str]]:
    with open_compressed(file_path, mode="rb", encoding=None) as file:
        yield from decoded(numbered(file, file_path, ConfigurationError), file_path, ConfigurationError)


def _error(file_path: PathOrStr, line: int, message: str) -> ConfigurationError:
    return ConfigurationError(f"{file_path}, line {line}: {message}.")
