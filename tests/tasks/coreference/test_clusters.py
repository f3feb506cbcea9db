import torch

from elmo_tasks.tasks.coreference.clusters import cluster_numbers, joined, moved, within
from elmo_tasks.tasks.coreference.spans import Spans


def test_what_antecedents_join_is_a_cluster() -> None:
    spans = [(0, 1), (0, 3), (4, 5), (6, 7), (8, 9)]
    assert joined(spans, [-1, -1, 1, 0, 2]) == [[(0, 1), (6, 7)], [(0, 3), (4, 5), (8, 9)]]
    assert joined(spans, [-1] * 5) == []
    assert joined([], []) == []


def test_clusters_in_a_part_of_the_document() -> None:
    clusters = [[(0, 1), (4, 6), (7, 8)], [(0, 2), (5, 6)], [(3, 4)], [(2, 5), (5, 9)]]
    # Of the second a single mention is left; the third never had more; of the fourth none is whole.
    assert within(clusters, 3, 8, lone=False) == [[(4, 6), (7, 8)], [(3, 4)]]
    assert within(clusters, 3, 8, lone=True) == [[(4, 6), (7, 8)], [(5, 6)], [(3, 4)]]
    assert within(clusters, 0, 9, lone=True) == within(clusters, 0, 9, lone=False) == clusters


def test_clusters_counted_from_another_token_on() -> None:
    assert moved([[(0, 2), (5, 6)], []], 3) == [[(3, 5), (8, 9)], []]
    assert moved([[(3, 5)]], -3) == [[(0, 2)]]


def test_the_clusters_numbers() -> None:
    spans = Spans(torch.tensor([0, 0, 2, 5]), torch.tensor([1, 2, 3, 9]))
    assert cluster_numbers(spans, [[(0, 2)], [(2, 3), (0, 1), (7, 8)]]).tolist() == [2, 1, 2, 0]
