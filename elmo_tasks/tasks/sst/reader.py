"""Sentences and phrases with their sentiment as instances."""

from collections.abc import Iterable, Iterator
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.tasks.base.labelled_text import LabelledTextReader
from elmo_tasks.tasks.base.reader import good_ones
from elmo_tasks.tasks.sst.trees import read_trees

PHRASES = ("roots", "all")

_LABELS: dict[int, dict[str, str | None]] = {
    5: {"0": "0", "1": "1", "2": "2", "3": "3", "4": "4"},
    2: {"0": "0", "1": "0", "2": None, "3": "1", "4": "1"},
}
"""By the number of classes, each sentiment's label; None: it has none."""


@DatasetReader.register("elmo_sst")
class SstReader(LabelledTextReader):
    """
    Sentences, or their phrases too, from trees in the form of the Stanford Sentiment Treebank, UTF-8, plain or
    compressed: a tree a line, with a sentiment from 0 (very negative) to 4 (very positive) at each node, such as
    `(3 (2 It) (4 (4 works) (2 .)))`.

    Words are spelt as in text: `-LRB-` is read as a bracket, and `and\\/or` without the backslash. A phrase is a text
    of its own: the biLM, and its cache, see it without the sentence around it.

    An instance has the fields `tokens`, `label` and `metadata` (`tokens`, strings; and `label`, if there is one).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    phrases : `str`, optional (default = `"roots"`)
        `"roots"`: the sentences. `"all"`: each node of each tree, with the sentences among them; a phrase that is there
        several times is read several times.
    classes : `int`, optional (default = `5`)
        5: the labels are the sentiments. 2: the label is 0 for the sentiments 0 and 1, and 1 for 3 and 4; what is
        neutral is left out.
    min_tokens : `int`, optional (default = `1`)
        Sentences and phrases with fewer tokens are left out.
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits the raw text that a predictor is given.
    skip_bad_lines : `bool`, optional (default = `False`)
        Whether a line that is no such tree is skipped, counted and named instead of raised.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        If a parameter is none of the above; or where a file is not as said above, with the file, the line and what is
        wrong there, or if nothing of it is left.

    Registered as a `DatasetReader` with name "elmo_sst".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        phrases: str = "roots",
        classes: int = 5,
        min_tokens: int = 1,
        tokenizer: Optional[Tokenizer] = None,
        skip_bad_lines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, tokenizer, **kwargs)
        check_flag(ConfigurationError, skip_bad_lines=skip_bad_lines)
        check_count(ConfigurationError, min_tokens=min_tokens)
        if phrases not in PHRASES:
            raise ConfigurationError(f'phrases is "{phrases}"; it must be one of {", ".join(PHRASES)}.')
        if classes not in tuple(_LABELS):
            raise ConfigurationError(f"classes is {classes!r}; it must be 5 or 2.")
        self._reads_all = phrases == "all"
        self._labels = _LABELS[classes]
        self._min_tokens = min_tokens
        self._skip_bad_lines = skip_bad_lines

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        # Phrases and not lines are shared out, so that each process has as many.
        for tokens, label in self.shard_iterable(self._phrases(file_path)):
            yield self.text_to_instance(tokens, label)

    def _phrases(self, file_path: PathOrStr) -> Iterator[tuple[list[str], str]]:
        """Tokens and label."""
        is_empty = True
        for tree in good_ones(read_trees(file_path), file_path, "tree", self._skip_bad_lines):
            for sentiment, start, end in tree.nodes if self._reads_all else tree.nodes[:1]:
                label = self._labels[sentiment]
                if label is not None and end - start >= self._min_tokens:
                    is_empty = False
                    yield tree.words[start:end], label
        if is_empty:
            raise ConfigurationError(f"{file_path}: none of its phrases is left; see classes and min_tokens.")
