"""CoNLL-2012's coreference as instances."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, ListField, MetadataField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_flag
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.labels import UNSEEN, OpenLabel
from elmo_tasks.tasks.base.reader import TextReader
from elmo_tasks.tasks.coreference.corpus import read_coreference
from elmo_tasks.tasks.coreference.genres import GENRE_NAMESPACE
from elmo_tasks.tasks.coreference.metric import Span


@DatasetReader.register("elmo_coref")
class CorefReader(TextReader):
    """
    Documents with coreference in CoNLL-2012's columns (Pradhan et al. 2012): a file, plain or compressed, or a folder,
    of which all files are read whose names end in `gold_conll` or `gold_conll.gz`. Each part of a document is one.

    Mentions may stand in one another and cross; chains that share a mention are one. Words that the columns write
    otherwise than text does, such as `-LRB-`, are read as text has them. An instance has the fields `sentences`,
    `metadata` (`name`, `sentences`, `speakers`, `clusters`) and, with `genre_pattern`, `genre`.

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        For raw text that the predictor is given. One whose tokens know their places (`idx`).
    genre_pattern : `str`, optional
        A regular expression whose group finds a document's genre at the beginning of its name: `"(..)/"` in
        OntoNotes' `nw/wsj/24/wsj_2400`. None: documents have no genres.
    remove_singletons : `bool`, optional (default = `False`)
        Whether clusters of a single mention are left out. The model finds none, so that a corpus that has them scores
        lower where they count.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        If the parameters are not as said above, or with the file, the line and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_coref".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        genre_pattern: str | None = None,
        remove_singletons: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        check_flag(ConfigurationError, remove_singletons=remove_singletons)
        self.tokenizer = tokenizer or SpacyRulesTokenizer()
        self._genre_pattern = None if genre_pattern is None else _compiled(genre_pattern)
        self._remove_singletons = remove_singletons

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for document in self.shard_iterable(read_coreference(file_path)):
            genre = None
            if self._genre_pattern is not None:
                match = self._genre_pattern.match(document.name)
                genre = match[1] if match is not None else None
            sentences = [[Token(word) for word in sentence] for sentence in document.sentences]
            yield self.text_to_instance(sentences, document.clusters, document.speakers, genre, document.name)

    @overrides(check_signature=False)
    def text_to_instance(
        self,
        sentences: Sequence[Sequence[Token]],
        clusters: Sequence[Sequence[Span]] | None = None,
        speakers: Sequence[Sequence[str]] | None = None,
        genre: str | None = None,
        name: str | None = None,
    ) -> Instance:
        """
        # Parameters

        sentences : `Sequence[Sequence[Token]]`
            There is a sentence at least, and in each a token.
        clusters : `Sequence[Sequence[Span]]`, optional
            None where they are to be predicted.
        speakers : `Sequence[Sequence[str]]`, optional
            Of each token. None: nobody is said to speak.
        genre, name : `str`, optional
        """
        metadata: dict[str, Any] = {
            "name": name,
            "sentences": [[str(token.text) for token in sentence] for sentence in sentences],
            "speakers": speakers,
        }
        if clusters is not None:
            fewest = 2 if self._remove_singletons else 1
            metadata["clusters"] = [list(cluster) for cluster in clusters if len(cluster) >= fewest]
        fields: dict[str, Field] = {
            "sentences": ListField([TextField(list(sentence)) for sentence in sentences]),
            "metadata": MetadataField(metadata),
        }
        if self._genre_pattern is not None:
            label = UNSEEN if genre is None else genre
            fields["genre"] = OpenLabel(label, GENRE_NAMESPACE, skip_indexing=genre is None)
        return Instance(fields)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigurationError(f"genre_pattern is {pattern!r}, no regular expression: {error}.") from None
    if compiled.groups != 1:
        raise ConfigurationError(f"genre_pattern is {pattern!r}; it must have one group, which finds the genre.")
    return compiled
