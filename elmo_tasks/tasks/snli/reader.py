"""SNLI's pairs as instances."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_flag
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.labelled_text import labelled
from elmo_tasks.tasks.base.labels import check_labels
from elmo_tasks.tasks.base.reader import TextReader, good_ones
from elmo_tasks.tasks.base.text import Text
from elmo_tasks.tasks.snli.pairs import FIELDS, Pair, read_pairs

logger = logging.getLogger(__name__)


@DatasetReader.register("elmo_snli")
class SnliReader(TextReader):
    """
    Pairs of sentences from files like SNLI's (Bowman et al. 2015), such as MultiNLI's, SciTail's and HANS': a JSON
    object a line, UTF-8, plain or compressed. `gold_label` is any string, unless `labels` says which it may be; pairs
    whose annotators did not agree on one, "-", or whose label is kept secret, "hidden", are skipped, and their number
    is logged.

    An instance has the fields `premise`, `hypothesis`, `label` and `metadata` (`premise_tokens` and
    `hypothesis_tokens`, strings; and `label`, if there is one).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokens_from : `str`, optional (default = `"text"`)
        `"text"`: `sentence1` and `sentence2`, which `tokenizer` splits. `"binary_parse"`: the leaves of
        `sentence1_binary_parse` and `sentence2_binary_parse`, the Penn Treebank's tokens; brackets and quotation marks
        are spelt as in text, `(` and not `-LRB-`. `"tokens"`: `sentence1_tokens` and `sentence2_tokens`, lists of
        strings.
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text, that of files as well as that which a predictor is given.
    labels : `list[str]`, optional
        Those that the data may have, such as SNLI's "entailment", "neutral" and "contradiction". None: any.
    label_field : `str`, optional (default = `"gold_label"`)
        Where the label stands. None where pairs have no labels, for `predict --use-dataset-reader`: all are read.
    skip_bad_lines : `bool`, optional (default = `False`)
        Whether a line that is not as said above, or whose premise or hypothesis is empty, is skipped, counted and named
        instead of raised.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        Where a file is not as said above: with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_snli".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tokens_from: str = "text",
        tokenizer: Optional[Tokenizer] = None,
        labels: list[str] | None = None,
        label_field: str | None = "gold_label",
        skip_bad_lines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        if tokens_from not in FIELDS:
            raise ConfigurationError(f'tokens_from is "{tokens_from}"; it must be one of {", ".join(FIELDS)}.')
        check_flag(ConfigurationError, skip_bad_lines=skip_bad_lines)
        check_labels(labels)
        self._tokens_from = tokens_from
        self._tokenizer = tokenizer or SpacyRulesTokenizer()
        self._labels = labels
        self._label_field = label_field
        self._skip_bad_lines = skip_bad_lines

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        # Pairs and not lines are shared out, so that each process has as many; text is split in one process only.
        for premise, hypothesis, label in self.shard_iterable(self._pairs(file_path)):
            yield self.text_to_instance(premise, hypothesis, label)

    def _pairs(self, file_path: PathOrStr) -> Iterator[Pair]:
        """The pairs that have a gold label, or all where labels are not read."""
        read = without_label = 0
        pairs = read_pairs(file_path, self._tokens_from, self._labels, self._label_field)
        try:
            for pair in good_ones(pairs, file_path, "pair", self._skip_bad_lines):
                if pair.label is None and self._label_field is not None:
                    without_label += 1
                else:
                    read += 1
                    yield pair
        finally:
            # Also where `max_instances` ends the reading.
            logger.info("%s: %d pairs; skipped: %d without a gold label.", file_path, read, without_label)
        if not read:
            raise ConfigurationError(
                f"{file_path}: there is no pair with a gold label in this file; label_field: null reads those without."
            )

    @overrides(check_signature=False)
    def text_to_instance(self, premise: Text, hypothesis: Text, label: str | None = None) -> Instance:
        """
        # Parameters

        premise, hypothesis : `str` or `list[str]`
            Raw text, which the tokenizer splits, or tokens.
        label : `str`, optional
            None where it is to be predicted.
        """
        premise_tokens, hypothesis_tokens = self._tokens(premise), self._tokens(hypothesis)
        metadata = {
            "premise_tokens": [token.text for token in premise_tokens],
            "hypothesis_tokens": [token.text for token in hypothesis_tokens],
        }
        fields: dict[str, Field] = {
            "premise": TextField(premise_tokens),
            "hypothesis": TextField(hypothesis_tokens),
        }
        return labelled(fields, metadata, label)

    def _tokens(self, text: Text) -> list[Token]:
        return self._tokenizer.tokenize(text) if isinstance(text, str) else [Token(token) for token in text]
