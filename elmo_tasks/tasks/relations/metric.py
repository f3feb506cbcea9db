"""The official score of SemEval-2010 task 8."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.tasks.base.metric import LabelCounts, ratio

_DIRECTION = re.compile(r"\(e[12],e[12]\)$")


def undirected(label: str) -> str:
    """The relation of a label such as `"Cause-Effect(e2,e1)"`."""
    return _DIRECTION.sub("", label)


@Metric.register("elmo_relation_scores")
class RelationScores(LabelCounts):
    """
    Precision, recall and F1 of relations as the official scorer of SemEval-2010 task 8, version 1.2, computes them in
    its "(9+1)-way evaluation taking directionality into account" (Hendrickx et al. 2010).

    A label is a relation with a direction. Only a prediction that has both right is right. One with the right relation
    in the wrong direction is an error of that relation's precision, and of its recall; one with another relation is an
    error of that one's precision, and of the gold one's recall. `macro-f1`, the official score, is the mean of the F1
    of the relations that occur among the gold labels; what is no relation, "Other", is left out of it, but lowers the
    precision of a relation that is predicted in its place.

    Figures are 0 where nothing was there to be right. Labels are compared as strings, so that one which training never
    saw still counts as missed, and counts add up over the workers of distributed training.

    # Parameters

    labels : `Iterable[str]`, optional (default = `()`)
        Labels whose relations' figures are always there; those of others are where they occur.
    negative_label : `str`, optional (default = `"Other"`)
        The label that is no relation. None: there is none.

    Registered as a `Metric` with name "elmo_relation_scores".
    """

    def __init__(self, labels: Iterable[str] = (), negative_label: str | None = "Other") -> None:
        super().__init__()
        self._labels = tuple(labels)
        self._negative = negative_label

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """
        `macro-f1`, and `accuracy`, that of the labels with their directions; and with `reset` also `macro-precision`,
        `macro-recall`, `micro-f1` and each relation's `precision-RELATION`, `recall-RELATION` and `f1-RELATION`.
        """
        gold, predicted, right = Counter[str](), Counter[str](), Counter[str]()
        for (one, other), count in self._pairs.items():
            gold[undirected(one)] += count
            # The right relation in the wrong direction too is a prediction of that relation.
            predicted[undirected(other)] += count
            right[undirected(one)] += count * (one == other)
        relations = [relation for relation in sorted(gold) if relation != self._negative]
        seen = sorted(gold.keys() | predicted.keys())
        precision = {relation: ratio(right[relation], predicted[relation]) for relation in seen}
        recall = {relation: ratio(right[relation], gold[relation]) for relation in seen}
        f1 = {relation: ratio(2 * right[relation], gold[relation] + predicted[relation]) for relation in seen}
        metrics = {"macro-f1": _mean(f1, relations), "accuracy": ratio(right.total(), gold.total())}
        if reset:
            metrics["macro-precision"] = _mean(precision, relations)
            metrics["macro-recall"] = _mean(recall, relations)
            micro = [sum(counts[relation] for relation in relations) for counts in (right, gold, predicted)]
            metrics["micro-f1"] = ratio(2 * micro[0], micro[1] + micro[2])
            for relation in dict.fromkeys([*map(undirected, self._labels), *seen]):
                for name, figures in (("precision", precision), ("recall", recall), ("f1", f1)):
                    metrics[f"{name}-{relation}"] = figures.get(relation, 0.0)
            self.reset()
        return metrics


def _mean(figures: dict[str, float], relations: Sequence[str]) -> float:
    return sum(figures[relation] for relation in relations) / len(relations) if relations else 0.0
