"""What the tasks' metrics have in common: counts that add up over the workers of distributed training."""

from collections import Counter
from typing import Any

import torch.distributed as dist
from allennlp.common.util import is_distributed


def over_all_workers(counts: Counter[Any]) -> Counter[Any]:
    """The sum of what all workers of distributed training counted; elsewhere the counts themselves."""
    if not is_distributed():
        return counts
    shares: list[Counter[Any]] = [Counter()] * dist.get_world_size()
    dist.all_gather_object(shares, counts)
    return sum(shares, Counter())


def ratio(part: int, whole: int) -> float:
    """0 where there was nothing to be right."""
    return part / whole if whole else 0.0
