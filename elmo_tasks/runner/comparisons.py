"""Scores of several seeds, and whether two experiments differ."""

import math
import statistics
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

_MOST_PERMUTATIONS = 200_000
"""Ten seeds against ten have 184,756."""


def mean_and_deviation(values: Sequence[float], are_shares: bool = True) -> str:
    """
    Shares in points: `"71.23 ± 0.45"`, the sample's standard deviation; without it for one value. What is no share is
    told as it is: `"0.7123 ± 0.0045"`.
    """
    scale, digits = (100, 2) if are_shares else (1, 4)
    mean = f"{scale * statistics.mean(values):.{digits}f}"
    return f"{mean} ± {scale * statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def error_reduction(baseline: float, score: float) -> float | None:
    """Which part of the baseline's errors is gone; scores in 0..1. None where the baseline has none."""
    return (score - baseline) / (1 - baseline) if baseline < 1 else None


def paired_t(first: Mapping[int, float], second: Mapping[int, float]) -> float | None:
    """
    Student's paired t-test, two-sided.

    # Parameters

    first, second : `Mapping[int, float]`
        Seed to score; the seeds that both have are paired.

    # Returns

    `float | None`
        The p-value; None with fewer than two pairs, or where all differences are the same.
    """
    seeds = sorted(first.keys() & second.keys())
    differences = [first[seed] - second[seed] for seed in seeds]
    if len(seeds) < 2 or max(differences) - min(differences) < 1e-12:
        return None
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def permutation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """
    The exact permutation test of the difference of two means, two-sided: of all ways to deal the scores out to two
    groups, the share that tells these apart at least as much. With three scores in each it is never below 0.1.

    # Returns

    `float | None`
        The p-value; None with fewer than two scores in a group, or with more than some ten, where a t-test will do.
    """
    ways = math.comb(len(first) + len(second), len(first))
    if min(len(first), len(second)) < 2 or ways > _MOST_PERMUTATIONS:
        return None

    def difference(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
        return np.abs(np.mean(one, axis=axis) - np.mean(other, axis=axis))

    result = stats.permutation_test(
        (np.asarray(first), np.asarray(second)),
        difference,
        # scipy's own two-sided value is twice the smaller share of one side, which is another one for unequal groups.
        alternative="greater",
        n_resamples=np.inf,
        vectorized=True,
    )
    return float(result.pvalue)


def epochs_to_reach(epochs: Sequence[float], score: float) -> int | None:
    """The first epoch, counted from 1, whose score is at least `score`; None where none is."""
    return next((number for number, reached in enumerate(epochs, 1) if reached >= score), None)
