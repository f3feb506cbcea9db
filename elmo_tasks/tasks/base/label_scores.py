"""Accuracy, macro F1, and each label's precision and recall, exactly."""

from collections import Counter
from collections.abc import Iterable

from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.tasks.base.metric import LabelCounts, ratio


@Metric.register("elmo_label_scores")
class LabelScores(LabelCounts):
    """
    How often one of several labels was right, in all and by label, as scikit-learn's `accuracy_score`, `f1_score` and
    `precision_recall_fscore_support` compute it.

    `macro-f1` is the mean of the F1 of the labels that were given or predicted, each with the same weight. A figure is
    0 where nothing was there to be right. Labels are compared as strings, so that one which training never saw still
    counts as missed, and counts add up over the workers of distributed training.

    # Parameters

    labels : `Iterable[str]`, optional (default = `()`)
        Those whose precision and recall are always there; that of others is where they occur.

    Registered as a `Metric` with name "elmo_label_scores".
    """

    def __init__(self, labels: Iterable[str] = ()) -> None:
        super().__init__()
        self._labels = tuple(labels)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """`accuracy` and `macro-f1`; and with `reset` the `precision-LABEL` and `recall-LABEL` of each label."""
        gold, predicted, right = Counter[str](), Counter[str](), Counter[str]()
        for (one, other), count in self._pairs.items():
            gold[one] += count
            predicted[other] += count
            right[one] += count * (one == other)
        seen = sorted(gold.keys() | predicted.keys())
        f1 = [ratio(2 * right[label], gold[label] + predicted[label]) for label in seen]
        metrics = {
            "accuracy": ratio(right.total(), gold.total()),
            "macro-f1": sum(f1) / len(f1) if f1 else 0.0,
        }
        if reset:
            for label in dict.fromkeys([*self._labels, *seen]):
                metrics[f"precision-{label}"] = ratio(right[label], predicted[label])
                metrics[f"recall-{label}"] = ratio(right[label], gold[label])
            self.reset()
        return metrics
