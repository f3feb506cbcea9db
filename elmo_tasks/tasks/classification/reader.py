"""Labelled texts as instances."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import ListField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.tasks.base.labelled_text import LabelledTextReader, labelled
from elmo_tasks.tasks.base.labels import check_labels
from elmo_tasks.tasks.base.reader import good_ones
from elmo_tasks.tasks.base.text import Text
from elmo_tasks.tasks.classification.corpus import Document, Form, read_documents

logger = logging.getLogger(__name__)

LONG_TEXTS = ("cut", "window")


@DatasetReader.register("elmo_classification")
class ClassificationReader(LabelledTextReader):
    """
    Texts and their labels, UTF-8, plain or compressed, from one of these:

    - `"jsonl"`: a JSON object a line. A text may be a list of tokens, which is taken as it is. A label is a string, a
      whole number (1.0 is read as 1), true or false.
    - `"tsv"`, `"csv"`: a table with tabs or commas between its columns. Where columns are named, the first line has
      their names; where they are numbered, there is no such line.
    - `"folders"`: a folder with a folder a label, in which each file is a text, such as IMDB's `train/pos/0_9.txt`.

    An instance has the fields `tokens`, `label` and `metadata` (`tokens`, strings; `tokens_left_out`, their number; and
    `label`, if there is one).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    file_format : `str`, optional
        One of the above. None: as the name ends (`.jsonl`, `.json`, `.ndjson`, `.tsv`, `.csv`, and `.gz` and so on
        behind it), and `"folders"` for a folder.
    text_column : `str`, `int` or a list of them, optional (default = `"text"`)
        The JSON field's or the column's name; or the column's number, counted from 0. A list: the texts of several
        columns, such as a title and a body, are one text with a space between them.
    label_column : `str` or `int`, optional (default = `"label"`)
        Likewise. None where texts have no labels, for `allennlp predict --use-dataset-reader`.
    quoting : `bool`, optional
        Whether a column of a table may stand in double quotes, with whatever else in it, line ends too, and double
        quotes doubled. None: in CSV it may, in TSV a double quote is a character like others.
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text, that of files as well as that which a predictor is given: such as `"whitespace"`,
        `"elmo_chinese_characters"` or `"elmo_jieba"`.
    labels : `list[str]`, optional
        Those that the data may have. None: any. Folders that are called otherwise are not read.
    max_tokens : `int`, optional
        What to do with longer texts is said by `long_texts`; their number is logged.
    long_texts : `str`, optional (default = `"cut"`)
        `"cut"`: their first tokens are kept. `"window"`: all are kept, in windows of `max_tokens` tokens, each of which
        the model reads by itself; in place of `tokens` an instance then has the field `windows`, a list of texts.
    skip_bad_lines : `bool`, optional (default = `False`)
        Whether a line or a file that is not as said above, or whose text is empty, is skipped, counted and named
        instead of raised.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        If the parameters do not fit together; or where a file is not as said above, with the file, the line and what is
        wrong there.

    Registered as a `DatasetReader` with name "elmo_classification".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        file_format: str | None = None,
        text_column: str | int | list[str | int] = "text",
        label_column: str | int | None = "label",
        quoting: bool | None = None,
        tokenizer: Optional[Tokenizer] = None,
        labels: list[str] | None = None,
        max_tokens: int | None = None,
        long_texts: str = "cut",
        skip_bad_lines: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, tokenizer, **kwargs)
        check_flag(ConfigurationError, skip_bad_lines=skip_bad_lines)
        check_labels(labels)
        check_count(ConfigurationError, optional=True, max_tokens=max_tokens)
        if long_texts not in LONG_TEXTS:
            raise ConfigurationError(f'long_texts is "{long_texts}"; it must be one of {", ".join(LONG_TEXTS)}.')
        if long_texts == "window" and max_tokens is None:
            raise ConfigurationError('long_texts is "window", and max_tokens does not say how long a window is.')
        self._form = Form(file_format, text_column, label_column, quoting)
        self._labels = labels
        self._max_tokens = max_tokens
        self._windowed = long_texts == "window"
        self._skip_bad_lines = skip_bad_lines

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        read = long = 0
        try:
            # Texts and not lines are shared out, so that each process has as many; each is split in one process only.
            for document in self.shard_iterable(self._documents(file_path)):
                instance = self.text_to_instance(*document)
                read += 1
                long += self._is_long(instance)
                yield instance
        finally:
            # Also where `max_instances` ends the reading.
            if long:
                done = "are read by windows" if self._windowed else "are cut"
                logger.warning(
                    "%s: %d of %d texts have more than %d tokens and %s.", file_path, long, read, self._max_tokens, done
                )

    def _is_long(self, instance: Instance) -> bool:
        field: Any = instance["metadata"]
        windows: Any = instance.fields.get("windows", ())
        return field["tokens_left_out"] > 0 or len(windows) > 1

    def _documents(self, file_path: PathOrStr) -> Iterator[Document]:
        documents = read_documents(file_path, self._form, self._labels)
        return good_ones(documents, file_path, "text", self._skip_bad_lines)

    @overrides(check_signature=False)
    def text_to_instance(self, text: Text, label: str | None = None) -> Instance:
        """
        # Parameters

        text : `str` or `list[str]`
            Raw text, which the tokenizer splits, or tokens.
        label : `str`, optional
            None where it is to be predicted.
        """
        tokens = self.split(text)
        size = self._max_tokens or len(tokens)
        kept = tokens if self._windowed else tokens[:size]
        metadata = {"tokens": [token.text for token in kept], "tokens_left_out": len(tokens) - len(kept)}
        if not self._windowed:
            return labelled({"tokens": TextField(kept)}, metadata, label)
        starts = range(0, max(len(kept), 1), size)
        windows = ListField([TextField(kept[start : start + size]) for start in starts])
        return labelled({"windows": windows}, metadata, label)
