import random

import pytest
import torch

from elmo_tasks.tasks.coreference.spans import (
    DISTANCE_BUCKETS,
    Spans,
    all_spans,
    best_scored,
    best_spans,
    distance_buckets,
    nearest,
    number_of_spans,
)

CPU = torch.device("cpu")


def test_all_spans_are_within_sentences() -> None:
    spans = all_spans(torch.tensor([3, 1, 2]), 2)
    expected = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (5, 6)]
    assert spans.pairs() == expected
    assert spans.widths.tolist() == [end - start for start, end in expected]


@pytest.mark.parametrize("max_width", [1, 3, 10])
def test_the_number_of_all_spans(max_width: int) -> None:
    lengths = torch.tensor([1, 7, 0, 3, 12])
    assert number_of_spans(lengths, max_width) == len(all_spans(lengths, max_width).starts)


def test_all_spans_by_trying() -> None:
    chance = random.Random(1)
    for _ in range(50):
        lengths = [chance.randint(1, 6) for _ in range(chance.randint(1, 5))]
        width = chance.randint(1, 8)
        sentence = [number for number, length in enumerate(lengths) for _ in range(length)]
        expected = [
            (start, end)
            for start in range(len(sentence))
            for end in range(start + 1, len(sentence) + 1)
            if end - start <= width and sentence[start] == sentence[end - 1]
        ]
        assert all_spans(torch.tensor(lengths), width).pairs() == expected


def crosses(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[0] < one[1] < other[1] or other[0] < one[0] < other[1] < one[1]


def test_the_best_spans_that_do_not_cross_by_trying() -> None:
    chance = torch.Generator().manual_seed(1)
    for _ in range(100):
        lengths = torch.randint(1, 9, (3,), generator=chance)
        spans = all_spans(lengths, 6)
        scores = torch.randn(len(spans.starts), generator=chance)
        most = int(torch.randint(1, 12, (), generator=chance))
        kept: list[tuple[int, int]] = []
        for _, span in sorted(zip(scores.tolist(), spans.pairs(), strict=True), reverse=True):
            if len(kept) < most and not any(crosses(span, one) for one in kept):
                kept.append(span)
        best = best_spans(scores, spans, most)
        assert spans.at(best).pairs() == sorted(kept)


def test_spans_in_one_another_are_kept() -> None:
    spans = Spans(torch.tensor([0, 0, 1, 2]), torch.tensor([2, 4, 3, 4]))
    assert best_spans(torch.tensor([1.0, 2.0, 3.0, 0.0]), spans, 4).tolist() == [1, 2]


def test_the_nearest_antecedents() -> None:
    antecedents = nearest(4, 2, CPU)
    assert antecedents.mask.tolist() == [[False, False], [True, False], [True, True], [True, True]]
    assert antecedents.places[antecedents.mask].tolist() == [0, 1, 0, 2, 1]
    assert nearest(1, 250, CPU).places.shape == (1, 0)
    assert nearest(3, 250, CPU).places.shape == (3, 2)


def test_the_antecedents_with_the_best_scores() -> None:
    scores = torch.tensor([[9.0, 9, 9, 9], [1, 9, 9, 9], [1, 2, 9, 9], [3, 1, 2, 9]])
    antecedents = best_scored(scores, 2)
    assert antecedents.mask.tolist() == [[False, False], [True, False], [True, True], [True, True]]
    assert antecedents.places[antecedents.mask].tolist() == [0, 1, 0, 0, 2]
    assert best_scored(scores[:1, :1], 2).places.shape == (1, 0)


@pytest.mark.parametrize(
    ("bucket", "distances"),
    list(enumerate([[1], [2], [3], [4], [5, 6, 7], [8, 15], [16, 31], [32, 63], [64, 65, 5000]])),
)
def test_distances(bucket: int, distances: list[int]) -> None:
    assert distance_buckets(torch.tensor([distances])).tolist() == [[bucket] * len(distances)]
    assert bucket < DISTANCE_BUCKETS == 9
