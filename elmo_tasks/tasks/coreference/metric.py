"""What the official scorer of CoNLL-2012 computes: MUC, B3 and CEAFe."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from allennlp.training.metrics import Metric
from overrides import overrides
from scipy.optimize import linear_sum_assignment

from elmo_tasks.tasks.base.metric import gathered

Span = tuple[int, int]
"""A mention: the first of its tokens in the document, and the one behind the last."""

Clusters = Sequence[Collection[Span]]
"""Mentions of the same, together; each mention is in one cluster."""


class Sums(NamedTuple):
    """What a score's recall and precision are made of. Such sums of documents are added before they are divided."""

    recalled: float
    gold: float
    precise: float
    predicted: float


def muc(predicted: Clusters, gold: Clusters) -> Sums:
    """
    Links (Vilain et al. 1995): a cluster of n mentions has n - 1. Of a predicted cluster those are right that are left
    when it falls apart into gold ones.
    """
    right = float(np.maximum(_overlaps(predicted, gold) - 1, 0).sum())
    return Sums(right, sum(len(one) - 1 for one in gold), right, sum(len(one) - 1 for one in predicted))


def b_cubed(predicted: Clusters, gold: Clusters) -> Sums:
    """
    Mentions (Bagga and Baldwin 1998): how much of a mention's gold cluster is in its predicted one, and of its
    predicted cluster in its gold one. A mention that is not in both has none, and counts.
    """
    overlaps = _overlaps(predicted, gold)
    squares = overlaps**2
    recalled = float((squares / np.array([[len(one) for one in gold]]).clip(1)).sum())
    precise = float((squares / np.array([[len(one)] for one in predicted]).reshape(-1, 1).clip(1)).sum())
    return Sums(recalled, sum(map(len, gold)), precise, sum(map(len, predicted)))


def ceaf_e(predicted: Clusters, gold: Clusters) -> Sums:
    """
    Clusters (Luo 2005): each predicted one is matched with a gold one of its own at most, so that the sum of what the
    pairs have in common, 2 |K and R| / (|K| + |R|), is as large as can be.
    """
    sizes = np.array([[len(one) + len(other) for other in gold] for one in predicted])
    overlaps = _overlaps(predicted, gold)
    similarities = 2 * overlaps / sizes.reshape(overlaps.shape).clip(1)
    right = float(similarities[linear_sum_assignment(similarities, maximize=True)].sum())
    return Sums(right, sum(map(bool, gold)), right, sum(map(bool, predicted)))


def _overlaps(predicted: Clusters, gold: Clusters) -> np.ndarray:
    """How many mentions each two clusters share. Shape `(predicted clusters, gold clusters)`."""
    shared = np.zeros((len(predicted), len(gold)))
    place = {mention: number for number, cluster in enumerate(gold) for mention in cluster}
    for number, cluster in enumerate(predicted):
        for mention in cluster:
            if mention in place:
                shared[number, place[mention]] += 1
    return shared


_MEASURES = {"muc": muc, "b3": b_cubed, "ceafe": ceaf_e}


@Metric.register("elmo_coref_scores")
class CorefScores(Metric):
    """
    The score of CoNLL-2012 (Pradhan et al. 2012): the mean of the F1 of MUC, B3 and CEAFe, as version 8.01 of its
    official scorer computes them (Pradhan et al. 2014). A mention is found if both its ends are right. Sums are over
    all documents, and over the workers of distributed training.

    Clusters of a single mention count in B3 and CEAFe as the scorer counts them, gold ones as well as predicted ones.
    OntoNotes has none.

    Registered as a `Metric` with name "elmo_coref_scores".
    """

    supports_distributed = True

    def __init__(self) -> None:
        self.reset()

    @overrides(check_signature=False)
    def __call__(
        self, predicted: Iterable[Clusters], gold: Iterable[Clusters], spans: Iterable[Collection[Span]]
    ) -> None:
        """
        # Parameters

        predicted, gold : `Iterable[Clusters]`
            The clusters of the same documents.
        spans : `Iterable[Collection[Span]]`
            All that might have become a mention in each document.
        """
        documents = [
            (
                [measure(one, other) for measure in _MEASURES.values()],
                _recall(candidates, other),
            )
            for one, other, candidates in zip(predicted, gold, spans, strict=True)
        ]
        for share in gathered(documents):
            for sums, recall in share:
                self._sums += np.array(sums)
                self._recall += np.array(recall)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """
        From 0 to 1: `conll-f1`, and `mention-recall`, the part of the gold mentions that are among `spans`; with
        `reset` also `muc-f1`, `b3-f1` and `ceafe-f1`, and precision and recall of each.
        """
        metrics: dict[str, float] = {}
        f1s: list[float] = []
        for name, sums in zip(_MEASURES, self._sums.tolist(), strict=True):
            recall, precision = _divided(sums[0], sums[1]), _divided(sums[2], sums[3])
            f1s.append(_divided(2 * precision * recall, precision + recall))
            metrics |= {f"{name}-precision": precision, f"{name}-recall": recall, f"{name}-f1": f1s[-1]}
        shown = {"conll-f1": sum(f1s) / len(f1s), "mention-recall": _divided(*self._recall.tolist())}
        if not reset:
            return shown
        self.reset()
        return shown | metrics

    @overrides
    def reset(self) -> None:
        # Rows as in `_MEASURES`, columns as in `Sums`.
        self._sums = np.zeros((len(_MEASURES), len(Sums._fields)))
        # Gold mentions among the spans, and all.
        self._recall = np.zeros(2)


def _recall(spans: Collection[Span], gold: Clusters) -> tuple[int, int]:
    there = set(spans)
    return sum(mention in there for cluster in gold for mention in cluster), sum(map(len, gold))


def _divided(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
