"""Sentences with their predicates and arguments as instances."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, IndexField, ListField, MetadataField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token
from overrides import overrides

from elmo_tasks.checks import check_count
from elmo_tasks.tasks.base.conll2012 import Sentence, read_sentences
from elmo_tasks.tasks.base.reader import TextReader, warn_of
from elmo_tasks.tasks.base.tagged import TagField

NONE = -1
"""Stands among a sentence's predicates where there is none."""


@DatasetReader.register("elmo_srl")
class SrlReader(TextReader):
    """
    Sentences with their predicates and each predicate's arguments, from CoNLL-2012's columns: a file, plain or
    compressed, or a folder; see `read_documents`. `-LRB-` and its like are read as the brackets that they stand for.

    An instance is a sentence with all its predicates, so that the biLM reads it once. It has the fields `tokens`;
    `predicates`, one token each, the first one of "pick up", or `NONE` alone; `tags`, for each predicate the arguments
    in BIO, in which the predicate itself is V; and `metadata` (`words`; `predicates`, None where they are to be found;
    and the `tags` by name, if they are known).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    max_tokens : `int`, optional
        Longer sentences are left out, with a warning: for training, where a few of them take most of the memory.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        Where a file is not as said above, with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_srl".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        max_tokens: int | None = None,
        label_namespace: str = "labels",
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        check_count(ConfigurationError, optional=True, max_tokens=max_tokens)
        self._max_tokens = max_tokens
        self._label_namespace = label_namespace

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for sentence in self.shard_iterable(self._short_ones(file_path)):
            frames = sentence.frames()
            yield self.text_to_instance(
                [Token(word) for word in sentence.plain_words],
                [frame.predicate for frame in frames],
                [frame.tags for frame in frames],
            )

    def _short_ones(self, file_path: PathOrStr) -> Iterator[Sentence]:
        long: list[str] = []
        try:
            for sentence in read_sentences(file_path):
                if self._max_tokens is None or len(sentence.rows) <= self._max_tokens:
                    yield sentence
                else:
                    long.append(f"{sentence.file}, line {sentence.rows[0].line}")
        finally:
            # Also where `max_instances` ends the reading.
            warn_of(f"{file_path}: left out {len(long)} sentences of more than {self._max_tokens} tokens", long)

    @overrides(check_signature=False)
    def text_to_instance(
        self,
        tokens: Sequence[Token],
        predicates: Sequence[int] | None = None,
        tags: Sequence[Sequence[str]] | None = None,
    ) -> Instance:
        """
        # Parameters

        tokens : `Sequence[Token]`
        predicates : `Sequence[int]`, optional
            Each predicate's token, counted from 0. None where they are to be found.
        tags : `Sequence[Sequence[str]]`, optional
            Each predicate's arguments in BIO, one tag a token. None where they are to be predicted.

        # Raises

        `ConfigurationError`
            If there is no such token, or there are not as many tags as predicates and tokens.
        """
        for predicate in predicates or ():
            check_count(ConfigurationError, 0, len(tokens) - 1, predicate=predicate)
        if tags is not None:
            if len(tags) != len(predicates or ()):
                raise ConfigurationError(
                    f"There are tags of {len(tags)} predicates, and {len(predicates or ())} predicates."
                )
            for number, one in enumerate(tags):
                if len(one) != len(tokens):
                    raise ConfigurationError(
                        f"The sentence has {len(tokens)} tokens, and {len(one)} tags of predicate {number} (counted "
                        "from 0)."
                    )
        text = TextField(list(tokens))
        metadata: dict[str, Any] = {"words": [str(token.text) for token in tokens], "predicates": predicates}
        fields: dict[str, Field] = {
            "tokens": text,
            "predicates": ListField([IndexField(predicate, text) for predicate in predicates or [NONE]]),
            "metadata": MetadataField(metadata),
        }
        if tags is not None:
            metadata["tags"] = [list(of_predicate) for of_predicate in tags]
            # A list of fields cannot be empty.
            of_fields = metadata["tags"] or [["O"] * len(text)]
            fields["tags"] = ListField([TagField(one, text, self._label_namespace) for one in of_fields])
        return Instance(fields)
