"""Texts and their translations as instances."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import END_SYMBOL, START_SYMBOL
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, MetadataField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer, TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.reader import TextReader, good_ones
from elmo_tasks.tasks.translation.corpus import Pair, read_pairs
from elmo_tasks.tasks.translation.joining import JOINER, with_joiners

logger = logging.getLogger(__name__)

TARGET_NAMESPACE = "target_tokens"
"""Of the vocabulary: the target language's tokens."""


@DatasetReader.register("elmo_translation")
class TranslationReader(TextReader):
    """
    Texts and their translations, UTF-8, plain or compressed, from one of these:

    - two parallel text files, a pair a line: `"data/train.{en,de}"` names `data/train.en`, the source, and
      `data/train.de`;
    - `.tsv`: source and target with a tab between them, without a line of names; a double quote is a character like
      others;
    - `.jsonl`: a JSON object a line.

    An instance has the fields `source`, `target` (between `@start@` and `@end@`; where tokens have no white space
    between them, a joiner, see `joining.py`) and `metadata` (`source_tokens`, strings, and `reference`, the target's
    text).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
        The source's. The target's tokens are words of the vocabulary's namespace `target_tokens`.
    source_tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Such as `"whitespace"` for text that is tokenized already.
    target_tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer("xx")`)
    lowercase_target : `bool`, optional (default = `False`)
        Whether translations are to be in lower case. What they are scored against stays as it is.
    source_field, target_field : `str`, optional (default = `"source"`, `"target"`)
        Of JSON objects. A `target_field` of None: targets are not read, for `allennlp predict --use-dataset-reader`.
    max_tokens : `int`, optional
        Pairs with more tokens on one side are left out of what is read, with a warning: a training's memory grows with
        the longest. Joiners, start and end do not count. None: all are read.
    skip_bad_lines : `bool`, optional (default = `False`)
        Whether a line that is not as said above, or whose source or target is empty, is skipped, counted and named
        instead of raised.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        Where a file is not as said above, with the file, the line and what is wrong there; if two parallel files have
        not as many lines, or all pairs are left out.

    Registered as a `DatasetReader` with name "elmo_translation".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        source_tokenizer: Optional[Tokenizer] = None,
        target_tokenizer: Optional[Tokenizer] = None,
        lowercase_target: bool = False,
        source_field: str = "source",
        target_field: str | None = "target",
        max_tokens: int | None = None,
        skip_bad_lines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        check_flag(ConfigurationError, lowercase_target=lowercase_target, skip_bad_lines=skip_bad_lines)
        check_count(ConfigurationError, optional=True, max_tokens=max_tokens)
        self._target_indexers = {
            "tokens": SingleIdTokenIndexer(TARGET_NAMESPACE, lowercase_tokens=lowercase_target),
        }
        self._source_tokenizer = source_tokenizer or SpacyRulesTokenizer()
        self._target_tokenizer = target_tokenizer or SpacyRulesTokenizer("xx")
        self._fields = (source_field, target_field)
        self._max_tokens = max_tokens
        self._skip_bad_lines = skip_bad_lines

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        for name, indexers in (("source", self._token_indexers), ("target", self._target_indexers)):
            if name in instance.fields:
                text: Any = instance[name]
                text.token_indexers = indexers

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        read = long = 0
        try:
            # Pairs and not lines are shared out, so that each process has as many; each is split in one process only.
            for pair in self.shard_iterable(self._pairs(file_path)):
                instance = self.text_to_instance(*pair)
                read += 1
                if self._is_long(instance):
                    long += 1
                else:
                    yield instance
            is_share = self.get_worker_info() is not None or self.get_distributed_info() is not None
            if read == long and not is_share:
                raise ConfigurationError(f"{file_path}: no pair is left; all have more than {self._max_tokens} tokens.")
        finally:
            # Also where `max_instances` ends the reading.
            if long:
                logger.warning(
                    "%s: %d of %d pairs have more than %d tokens and are left out.",
                    file_path,
                    long,
                    read,
                    self._max_tokens,
                )

    def _is_long(self, instance: Instance) -> bool:
        if self._max_tokens is None:
            return False
        texts: list[Any] = [instance[name] for name in ("source", "target") if name in instance.fields]
        return any(_text_length(text) > self._max_tokens for text in texts)

    def _pairs(self, file_path: PathOrStr) -> Iterator[Pair]:
        yield from good_ones(read_pairs(file_path, *self._fields), file_path, "pair", self._skip_bad_lines)

    @overrides(check_signature=False)
    def text_to_instance(self, source: str, target: str | None = None) -> Instance:
        """
        # Parameters

        source : `str`
        target : `str`, optional
            Its translation; None where that is to be found.
        """
        tokens = self._source_tokenizer.tokenize(source)
        metadata: dict[str, Any] = {"source_tokens": [token.text for token in tokens]}
        fields: dict[str, Field] = {"source": TextField(tokens), "metadata": MetadataField(metadata)}
        if target is not None:
            metadata["reference"] = target
            fields["target"] = self.target_field(with_joiners(self._target_tokenizer.tokenize(target)))
        return Instance(fields)

    def target_field(self, words: Iterable[str]) -> TextField:
        """The field `target` of a translation's tokens, joiners among them."""
        return TextField([Token(word) for word in (START_SYMBOL, *words, END_SYMBOL)])


def _text_length(field: TextField) -> int:
    """In tokens that are the text's own."""
    return sum(token.text not in (JOINER, START_SYMBOL, END_SYMBOL) for token in field.tokens)
