"""Sentences with two entities as instances."""

import logging
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, SpanField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_flag
from elmo_tasks.tasks.base.labelled_text import LabelledTextReader, labelled
from elmo_tasks.tasks.base.labels import check_labels
from elmo_tasks.tasks.base.reader import good_ones
from elmo_tasks.tasks.base.text import Text
from elmo_tasks.tasks.relations.corpus import ENTITIES, Example, Span, read_examples

logger = logging.getLogger(__name__)


@DatasetReader.register("elmo_relations")
class RelationReader(LabelledTextReader):
    """
    Sentences with two marked entities and the relation between them, UTF-8, plain or compressed, in one of two forms:

    - SemEval-2010 task 8's, read by position: a line with a number, a tab and the text in double quotes, in which the
      entities are marked, `<e1>so</e1>`; a line with the label, such as `Cause-Effect(e2,e1)`; a line that begins with
      `Comment:`; a blank line. Texts without labels may follow one another directly.
    - JSON lines, where the first line begins with `{`. An object has such a `text`, or a `text` without marks or a list
      of `tokens`, with `e1` and `e2`: `[start, end]`, from the first up to and without the last, in characters (as
      Python counts them, from 0) or tokens. Its `label` may be missing.

    Marks are no tokens: neither the words' vectors nor the biLM see them. A raw text is cut where an entity begins and
    ends before it is split into tokens, so that an entity has tokens of its own even in `the<e1>staff</e1>`.

    An instance has the fields `tokens`, `e1`, `e2` (their first and last token), `label` and `metadata` (`tokens`,
    strings; `e1` and `e2`, `[start, end]` in tokens; and `label`, if there is one).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text, that of files as well as that which a predictor is given.
    labels : `list[str]`, optional
        Those that the data may have. None: any.
    skip_bad_lines : `bool`, optional (default = `False`)
        Whether an example that is not as said above is skipped, counted and named instead of raised.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        Where a file is not as said above, with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_relations".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        labels: list[str] | None = None,
        skip_bad_lines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, tokenizer, **kwargs)
        check_flag(ConfigurationError, skip_bad_lines=skip_bad_lines)
        check_labels(labels)
        self._labels = labels
        self._skip_bad_lines = skip_bad_lines

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        # Examples and not lines are shared out, so that each process has as many; each is split in one process only.
        for example in self.shard_iterable(self._examples(file_path)):
            yield self.text_to_instance(*example)

    def _examples(self, file_path: PathOrStr) -> Iterator[Example]:
        read = unlabelled = 0
        try:
            for example in good_ones(
                read_examples(file_path, self._labels), file_path, "example", self._skip_bad_lines
            ):
                read += 1
                unlabelled += example.label is None
                yield example
        finally:
            # Also where `max_instances` ends the reading.
            if unlabelled:
                logger.warning(
                    "%s: %d of %d examples have no label: they can be predicted, but neither learned from nor scored.",
                    file_path,
                    unlabelled,
                    read,
                )

    @overrides(check_signature=False)
    def text_to_instance(self, text: Text, e1: Span, e2: Span, label: str | None = None) -> Instance:
        """
        # Parameters

        text : `str` or `list[str]`
            Raw text without marks, which the tokenizer splits, or tokens.
        e1, e2 : `tuple[int, int]`
            Each entity from its first up to and without its last character of raw text, or token.
        label : `str`, optional
            None where it is to be predicted.

        # Raises

        `ConfigurationError`
            If the tokenizer finds no token in an entity.
        """
        spans = {"e1": e1, "e2": e2}
        if isinstance(text, str):
            tokens, spans = self._split_around(text, spans)
        else:
            tokens = self.split(text)
        field = TextField(tokens)
        fields: dict[str, Field] = {"tokens": field}
        for entity, (start, end) in spans.items():
            if start == end:
                raise ConfigurationError(f"The tokenizer finds no token in {entity} of: {str(text)[:200]}")
            fields[entity] = SpanField(start, end - 1, field)
        metadata: dict[str, Any] = {"tokens": [token.text for token in tokens]}
        metadata |= {entity: list(spans[entity]) for entity in ENTITIES}
        return labelled(fields, metadata, label)

    def _split_around(self, text: str, spans: dict[str, Span]) -> tuple[list[Token], dict[str, Span]]:
        """The tokens, and the entities in tokens."""
        ends = sorted({0, len(text), *spans["e1"], *spans["e2"]})
        tokens: list[Token] = []
        # How many tokens there are before each end.
        before = {0: 0}
        for start, end in pairwise(ends):
            tokens += self.split(text[start:end])
            before[end] = len(tokens)
        return tokens, {entity: (before[start], before[end]) for entity, (start, end) in spans.items()}
