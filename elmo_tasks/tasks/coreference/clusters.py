"""Clusters of mentions: made of antecedents, cut to a part of a document, counted from another token on."""

import torch
from torch import Tensor

from elmo_tasks.tasks.coreference.metric import Span
from elmo_tasks.tasks.coreference.spans import Spans


def joined(spans: list[Span], antecedents: list[int]) -> list[list[Span]]:
    """
    What is joined by antecedents, ordered by the first mentions.

    # Parameters

    spans : `list[Span]`
        In the document's order.
    antecedents : `list[int]`
        Of each span the number of an earlier one, or -1.
    """
    clusters: dict[int, list[Span]] = {}
    first: list[int] = []
    for number, antecedent in enumerate(antecedents):
        first.append(number if antecedent < 0 else first[antecedent])
        clusters.setdefault(first[-1], []).append(spans[number])
    return [cluster for cluster in clusters.values() if len(cluster) > 1]


def within(clusters: list[list[Span]], first: int, last: int, lone: bool) -> list[list[Span]]:
    """
    What is left of clusters in a part of the document.

    # Parameters

    clusters : `list[list[Span]]`
    first, last : `int`
        The part's first token, and the one behind its last.
    lone : `bool`
        Whether a single mention stays that is left of several: it is a mention still, but no cluster to be found.
    """
    found = []
    for cluster in clusters:
        inside = [(start, end) for start, end in cluster if first <= start and end <= last]
        if len(inside) > 1 or (inside and lone) or len(inside) == len(cluster):
            found.append(inside)
    return found


def moved(clusters: list[list[Span]], by: int) -> list[list[Span]]:
    """So many tokens further on."""
    return [[(start + by, end + by) for start, end in cluster] for cluster in clusters]


def cluster_numbers(spans: Spans, clusters: list[list[Span]]) -> Tensor:
    """Of each span its cluster's number, counted from 1, or 0. Shape `(spans,)`."""
    numbers = {mention: number for number, cluster in enumerate(clusters, start=1) for mention in cluster}
    return torch.tensor([numbers.get(span, 0) for span in spans.pairs()], device=spans.starts.device)
