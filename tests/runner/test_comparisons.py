import itertools
import statistics

import pytest
from scipy import stats

from elmo_tasks.reproduce.published import TABLE_1
from elmo_tasks.runner.comparisons import (
    epochs_to_reach,
    error_reduction,
    mean_and_deviation,
    paired_t,
    permutation,
)


def test_one_value_has_no_deviation() -> None:
    assert mean_and_deviation([0.5]) == "50.00"
    assert mean_and_deviation([0.5, 0.6]) == "55.00 ± 7.07"


def test_error_reduction_is_as_the_paper_reckons_it() -> None:
    for task, cells in TABLE_1.items():
        baseline, elmo = cells["baseline"], cells["elmo"]
        assert elmo.gain == pytest.approx(elmo.value - baseline.value, abs=0.011), task
        reduction = error_reduction(baseline.value / 100, elmo.value / 100)
        # Table 1 gives that of coreference as 9.8 and that of NER as 21.
        assert reduction == pytest.approx(elmo.error_reduction / 100, abs=0.002), task
    assert error_reduction(1.0, 0.5) is None


def test_the_t_test_pairs_seeds() -> None:
    first, second = {1: 0.7, 2: 0.9, 3: 0.5, 9: 0.1}, {3: 0.4, 2: 0.7, 1: 0.55, 4: 0.9}
    assert paired_t(first, second) == pytest.approx(stats.ttest_rel([0.7, 0.9, 0.5], [0.55, 0.7, 0.4]).pvalue)
    assert paired_t({1: 0.5}, {1: 0.4}) is None
    assert paired_t({1: 0.5, 2: 0.6}, {1: 0.4, 2: 0.5}) is None


def test_the_permutation_test_against_all_ways_to_deal() -> None:
    # Twice the smaller share of one side would be 0.18 here, not 0.25.
    first, second = [0.91, 0.98, 0.81], [0.9, 0.31, 0.73, 0.9, 0.68]
    seen = abs(statistics.mean(first) - statistics.mean(second))
    as_far_apart = []
    for dealt in itertools.combinations(range(8), 3):
        scores = first + second
        ours = [scores[index] for index in dealt]
        others = [scores[index] for index in range(8) if index not in dealt]
        as_far_apart.append(abs(statistics.mean(ours) - statistics.mean(others)) >= seen - 1e-12)
    assert permutation(first, second) == pytest.approx(statistics.mean(as_far_apart))
    assert permutation(second, first) == pytest.approx(statistics.mean(as_far_apart))
    assert permutation([0.9, 0.8, 0.7], [0.1, 0.2, 0.3]) == pytest.approx(0.1)
    assert permutation([0.9], [0.1, 0.2]) is None
    assert permutation([0.5] * 20, [0.6] * 20) is None


def test_epochs_to_reach() -> None:
    assert epochs_to_reach([0.1, 0.5, 0.4, 0.6], 0.5) == 2
    assert epochs_to_reach([0.1], 0.5) is None
