"""What the tasks' metrics have in common: counts that add up over the workers of distributed training."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import torch.distributed as dist
from allennlp.common.util import is_distributed
from allennlp.training.metrics import Metric
from overrides import overrides

Share = TypeVar("Share")


def gathered(share: Share) -> list[Share]:
    """What each worker of distributed training has; elsewhere, the one share that there is."""
    if not is_distributed():
        return [share]
    shares = [share] * dist.get_world_size()
    dist.all_gather_object(shares, share)
    return shares


def over_all_workers(counts: Counter[Any]) -> Counter[Any]:
    """The sum of what all workers of distributed training counted; elsewhere the counts themselves."""
    return sum(gathered(counts), Counter())


def ratio(part: int, whole: int) -> float:
    """0 where there was nothing to be right."""
    return part / whole if whole else 0.0


def scores(name: str, correct: int, predicted: int, gold: int) -> dict[str, float]:
    """Precision, recall and F1 of so many things, named as AllenNLP's `SpanBasedF1Measure` names them."""
    return {
        f"precision-{name}": ratio(correct, predicted),
        f"recall-{name}": ratio(correct, gold),
        f"f1-measure-{name}": ratio(2 * correct, predicted + gold),
    }


class LabelCounts(Metric):
    """
    A metric of instances that have one label each: the subclass has `get_metric`. Labels are compared as strings, so
    that one which training never saw still counts as missed, and counts add up over the workers of distributed
    training.
    """

    def __init__(self) -> None:
        # How often each (gold, predicted) occurred.
        self._pairs: Counter[tuple[str, str]] = Counter()

    @overrides(check_signature=False)
    def __call__(self, predicted: Sequence[str], gold: Sequence[str]) -> None:
        """
        # Parameters

        predicted, gold : `Sequence[str]`
            One label an instance.
        """
        self._pairs += over_all_workers(Counter(zip(gold, predicted, strict=True)))

    @overrides
    def reset(self) -> None:
        self._pairs = Counter()
