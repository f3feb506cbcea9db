"""What the official conlleval computes."""

from collections import Counter
from collections.abc import Iterable, Sequence

from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.tasks.base.metric import over_all_workers, ratio, scores
from elmo_tasks.tasks.base.schemes import tags_to_spans


@Metric.register("elmo_conlleval")
class ConllEval(Metric):
    """
    Precision, recall and F1 of spans, in all and by type, and the accuracy of tokens, as conlleval computes them: a
    span is right if its type and both its ends are, and precision, recall or F1 is 0 where nothing was there to be
    right.

    The names are those of AllenNLP's `SpanBasedF1Measure` (`f1-measure-overall`, `f1-measure-PER`). Unlike that
    metric it takes tags as strings, so that a type that training never saw still counts as missed; it knows no
    "continued" spans (types beginning with `C-`); and it adds up over the workers of distributed training.

    # Parameters

    spans : `bool`
        Whether the tags mark spans. Otherwise, as with parts of speech, there is only the accuracy.

    Registered as a `Metric` with name "elmo_conlleval".
    """

    def __init__(self, spans: bool = True) -> None:
        self._spans = spans
        # How many of each ("gold", "PER"), ("predicted", "PER"), ("correct", "PER"), and of tokens as ("gold", None).
        self._counts: Counter[tuple[str, str | None]] = Counter()

    @overrides(check_signature=False)
    def __call__(self, predicted: Iterable[Sequence[str]], gold: Iterable[Sequence[str]]) -> None:
        """
        # Parameters

        predicted, gold : `Iterable[Sequence[str]]`
            The tags of the same sentences, in any of `schemes.SCHEMES`.
        """
        counts: Counter[tuple[str, str | None]] = Counter()
        for predicted_tags, gold_tags in zip(predicted, gold, strict=True):
            counts["gold", None] += len(gold_tags)
            counts["correct", None] += sum(map(str.__eq__, predicted_tags, gold_tags))
            if self._spans:
                predicted_spans, gold_spans = tags_to_spans(predicted_tags), tags_to_spans(gold_tags)
                counts.update(("predicted", span.type) for span in predicted_spans)
                counts.update(("gold", span.type) for span in gold_spans)
                counts.update(("correct", span.type) for span in set(predicted_spans) & set(gold_spans))
        self._counts += over_all_workers(counts)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """Figures from 0 to 1, by name."""
        counts = self._counts
        metrics = {"accuracy": ratio(counts["correct", None], counts["gold", None])}
        if self._spans:
            types = sorted({span_type for _, span_type in counts if span_type is not None})
            for span_type in types:
                metrics.update(scores(span_type, *(counts[what, span_type] for what in _WHAT)))
            metrics.update(scores("overall", *(sum(counts[what, span_type] for span_type in types) for what in _WHAT)))
        if reset:
            self.reset()
        return metrics

    @overrides
    def reset(self) -> None:
        self._counts = Counter()


_WHAT = ("correct", "predicted", "gold")
