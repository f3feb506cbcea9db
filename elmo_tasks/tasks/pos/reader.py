"""CoNLL-U as instances."""

from collections.abc import Iterable, Sequence
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token
from overrides import overrides

from elmo_tasks.tasks.base.reader import TextReader
from elmo_tasks.tasks.base.tagged import tagged_instance
from elmo_tasks.tasks.pos.corpus import read_tagged

TAG_COLUMNS = ("upos", "xpos", "feats", "deprel")


@DatasetReader.register("elmo_conllu")
class ConlluReader(TextReader):
    """
    Words and their tags from CoNLL-U, the format of Universal Dependencies (Nivre et al. 2020): ten columns separated
    by tabs, a word a line, blank lines between sentences. UTF-8, plain or compressed.

    Comments, tokens that are made of several words (`1-2`) and empty nodes (`1.1`) are left out: what is read are the
    words, by their FORM. A tag may be `_`, "nothing", unless every word of a file has that. The tags mark no spans, so
    that the tagger `elmo_crf_tagger` needs `"label_encoding": null`. An instance has the fields `tokens`, `tags` and
    `metadata` (`words`, and the `tags` by name).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tag_column : `str`, optional (default = `"upos"`)
        The tags' column: `"upos"`, the universal parts of speech, `"xpos"`, the treebank's own, `"feats"`, all
        morphological features as one tag, or `"deprel"`, the relation to the head. None: tags are not read, for
        `predict --use-dataset-reader`.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        If `tag_column` is unknown; or where a file is not as said above: with the file, the line and what is wrong
        there.

    Registered as a `DatasetReader` with name "elmo_conllu".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tag_column: str | None = "upos",
        label_namespace: str = "labels",
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        if tag_column is not None and tag_column not in TAG_COLUMNS:
            raise ConfigurationError(
                f"tag_column is {tag_column!r}; it must be one of {', '.join(TAG_COLUMNS)}, or null."
            )
        self._tag_column = tag_column
        self._label_namespace = label_namespace

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for words, tags in self.shard_iterable(read_tagged(file_path, self._tag_column)):
            yield self.text_to_instance([Token(word) for word in words], tags)

    @overrides(check_signature=False)
    def text_to_instance(self, tokens: Sequence[Token], tags: Sequence[str] | None = None) -> Instance:
        """
        # Parameters

        tokens : `Sequence[Token]`
        tags : `Sequence[str]`, optional
            One a token. None where they are to be predicted.
        """
        return tagged_instance(tokens, tags, self._label_namespace)
