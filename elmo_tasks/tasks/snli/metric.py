"""Accuracy and each label's figures where several labels count as one."""

from collections.abc import Iterable, Mapping, Sequence

from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.tasks.base.label_scores import LabelScores


@Metric.register("elmo_merged_label_scores")
class MergedLabelScores(LabelScores):
    """
    `LabelScores` of data that has fewer labels than the model, such as HANS (McCoy et al. 2019), whose
    "non-entailment" is SNLI's "neutral" or "contradiction".

    # Parameters

    labels : `Iterable[str]`, optional (default = `()`)
        The model's; see `LabelScores`.
    merged : `Mapping[str, str]`, optional
        Labels, predicted or given, and what each counts as. Others count as they are.

    Registered as a `Metric` with name "elmo_merged_label_scores".
    """

    def __init__(self, labels: Iterable[str] = (), merged: Mapping[str, str] | None = None) -> None:
        self._merged = dict(merged or {})
        super().__init__(dict.fromkeys(self._names(labels)))

    def _names(self, labels: Iterable[str]) -> list[str]:
        return [self._merged.get(label, label) for label in labels]

    @overrides(check_signature=False)
    def __call__(self, predicted: Sequence[str], gold: Sequence[str]) -> None:
        """
        # Parameters

        predicted, gold : `Sequence[str]`
            One label an instance.
        """
        super().__call__(self._names(predicted), self._names(gold))
