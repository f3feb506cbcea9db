"""Against plain loops over single pairs without padding."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from elmo_tasks.modules.stacking import stack
from elmo_tasks.tasks.snli.attention import align, enhance

Array = np.ndarray
# The lengths of a batch's premises and of its hypotheses.
LENGTHS = [([1], [1]), ([3, 1, 5], [2, 4, 1]), ([2, 2], [7, 3])]


def texts(lengths: list[int], dim: int = 3) -> tuple[Tensor, Tensor]:
    """Random vectors, at the padding too."""
    return torch.randn(len(lengths), max(lengths), dim), torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def both(lengths: tuple[list[int], list[int]]) -> tuple[Tensor, Tensor, Iterator[tuple[Array, Array]]]:
    (premises, premise_mask), (hypotheses, hypothesis_mask) = map(texts, lengths)
    pairs = zip(
        (p.numpy()[m.numpy()] for p, m in zip(premises, premise_mask, strict=True)),
        (h.numpy()[m.numpy()] for h, m in zip(hypotheses, hypothesis_mask, strict=True)),
        strict=True,
    )
    return stack([premises, hypotheses]), stack([premise_mask, hypothesis_mask]), pairs


def attend_by_loops(text: Array, other: Array) -> Array:
    result = np.zeros_like(text)
    for i, token in enumerate(text):
        scores = [math.exp(sum(float(a) * float(b) for a, b in zip(token, one, strict=True))) for one in other]
        for score, one in zip(scores, other, strict=True):
            result[i] += score / sum(scores) * one
    return result


@pytest.mark.parametrize("lengths", LENGTHS)
def test_aligns_as_loops_do(lengths: tuple[list[int], list[int]]) -> None:
    encoded, mask, pairs = both(lengths)
    aligned = align(encoded, mask)
    batch = len(lengths[0])
    for number, (premise, hypothesis) in enumerate(pairs):
        for row, text, other in ((number, premise, hypothesis), (number + batch, hypothesis, premise)):
            np.testing.assert_allclose(aligned[row, : len(text)], attend_by_loops(text, other), atol=1e-5)
    assert torch.isfinite(aligned).all()


def test_enhances_with_difference_and_product() -> None:
    one, other = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[3.0, 5.0]]])
    assert enhance(one, other).tolist() == [[[1, 2, 3, 5, -2, -3, 3, 10]]]
