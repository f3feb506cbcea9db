import torch

from elmo_tasks.tasks.relations.positions import PositionEmbedding, distances


def test_distances_are_0_in_an_entity_and_counted_from_its_nearest_end() -> None:
    spans = torch.tensor([[2, 3], [0, 0], [4, 5]])
    assert distances(spans, 6).tolist() == [[-2, -1, 0, 0, 1, 2], [0, 1, 2, 3, 4, 5], [-4, -3, -2, -1, 0, 0]]


def test_each_distance_has_a_vector_of_its_own_and_those_too_far_away_the_farthest() -> None:
    embedding = PositionEmbedding(4, 2)
    vectors = embedding(torch.tensor([[-9, -2, -1, 0, 1, 2, 9]]))
    torch.testing.assert_close(vectors[0, 1:6], embedding.embedding.weight)
    assert torch.equal(vectors[0, 0], vectors[0, 1])
    assert torch.equal(vectors[0, 6], vectors[0, 5])
