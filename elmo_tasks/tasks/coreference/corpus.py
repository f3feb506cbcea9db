"""Documents with clusters of mentions, as they stand in CoNLL-2012's columns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.conll2012 import Document as Columns
from elmo_tasks.tasks.base.conll2012 import read_documents
from elmo_tasks.tasks.coreference.metric import Span


class Document(NamedTuple):
    """
    A document.

    # Parameters

    name : `str`
        With its part, such as `"nw/wsj/24/wsj_2400 000"`.
    sentences : `list[list[str]]`
        Each has a token at least; written as in text, see `plain_word`.
    speakers : `list[list[str]]`
        Of each token; `-` where nobody is said to speak.
    clusters : `list[list[Span]]`
        The mentions of each thing in their order, counted in the document's tokens; ordered by their first mentions.
    """

    name: str
    sentences: list[list[str]]
    speakers: list[list[str]]
    clusters: list[list[Span]]


def read_coreference(path: PathOrStr) -> Iterator[Document]:
    """
    The documents of a file, or of a folder's files, as `read_documents` says. Two chains that share a mention are one.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not as it should be.
    """
    return map(_document, read_documents(path))


def _document(document: Columns) -> Document:
    chains: dict[str, list[Span]] = {}
    before = 0
    for sentence in document.sentences:
        for mention in sentence.mentions():
            chains.setdefault(mention.chain, []).append((before + mention.start, before + mention.end))
        before += len(sentence.rows)
    return Document(
        f"{document.name} {document.part}",
        [sentence.plain_words for sentence in document.sentences],
        [sentence.speakers for sentence in document.sentences],
        joined(chains.values()),
    )


def joined(chains: Iterable[Sequence[Span]]) -> list[list[Span]]:
    """Clusters of which no two share a mention: those that do are put together. Mentions and clusters are ordered."""
    clusters: list[set[Span]] = []
    for chain in chains:
        sharing = [cluster for cluster in clusters if not cluster.isdisjoint(chain)]
        clusters = [cluster for cluster in clusters if cluster not in sharing]
        clusters.append(set(chain).union(*sharing))
    return sorted(sorted(cluster) for cluster in clusters)
