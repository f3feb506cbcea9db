"""What readers of tagged sentences share: files with a token a line, and sentences whose tokens have a tag each."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import ClassVar, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, MetadataField, SequenceLabelField, TextField
from allennlp.data.tokenizers import Token
from overrides import overrides

from elmo_tasks.files import decoded
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.reader import numbered_lines

logger = logging.getLogger(__name__)


class Line(NamedTuple):
    """A line that holds a token: its number in the file, counted from 1, and its columns."""

    number: int
    columns: list[str]


def text_lines(file_path: PathOrStr) -> Iterator[tuple[int, str]]:
    """
    The lines of a file in UTF-8, plain or compressed, numbered from 1; see `numbered_lines`.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not UTF-8.
    """
    for number, line in numbered_lines(file_path):
        yield number, decoded(line, f"{file_path}, line {number}", ConfigurationError)


def in_sentences(lines: Iterable[Line | None], file_path: PathOrStr) -> Iterator[list[Line]]:
    """
    The sentences of a file, one by one, as the lines of their tokens.

    # Parameters

    lines : `Iterable[Line | None]`
        None stands for whatever is between two sentences, once or more.
    file_path : `PathOrStr`
        For the error.

    # Raises

    `ConfigurationError`
        If there is no sentence.
    """
    sentence: list[Line] = []
    is_empty = True
    for line in chain(lines, [None]):
        if line is not None:
            sentence.append(line)
        elif sentence:
            yield sentence
            sentence, is_empty = [], False
    if is_empty:
        raise ConfigurationError(f"{file_path}: there is no sentence in this file.")


class TagField(SequenceLabelField):
    """
    Tags, one a token. A tag that the vocabulary lacks, because training never saw it, gets the most frequent tag's
    index and a warning; the stock field raises a `KeyError`. Scores are computed from the tags' names, so it still
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
        not_tags = special_tokens(vocab, self._label_namespace)
        most_frequent = next((index for index in known.values() if index not in not_tags), 0)
        self._indexed_labels = [known.get(tag, most_frequent) for tag in tags]


def tagged_instance(tokens: Sequence[Token], tags: Sequence[str] | None, label_namespace: str) -> Instance:
    """
    An instance with the fields `tokens`, `metadata` (`words`, and the `tags` by name) and, unless `tags` is None,
    `tags`: those of the tokens, one each.
    """
    text = TextField(list(tokens))
    metadata = {"words": [str(token.text) for token in tokens]}
    fields: dict[str, Field] = {"tokens": text, "metadata": MetadataField(metadata)}
    if tags is not None:
        metadata["tags"] = list(tags)
        fields["tags"] = TagField(metadata["tags"], text, label_namespace)
    return Instance(fields)
