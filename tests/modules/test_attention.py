import numpy as np
import pytest
import torch

from elmo_tasks.modules.attention import attend


@pytest.mark.parametrize("queries", [1, 3])
def test_is_a_weighted_mean_without_padding(queries: int) -> None:
    """Against plain loops, whatever the padding holds."""
    lengths = [1, 4, 2]
    mask = torch.arange(4) < torch.tensor(lengths)[:, None]
    scores, vectors = torch.randn(3, queries, 4), torch.randn(3, 4, 5)
    vectors[~mask] = 100.0
    means = attend(scores, vectors, mask)
    assert means.shape == (3, queries, 5)
    for text, length in enumerate(lengths):
        for query in range(queries):
            weights = [np.exp(score) for score in scores[text, query, :length].tolist()]
            expected = sum(weight / sum(weights) * vectors[text, i].numpy() for i, weight in enumerate(weights))
            np.testing.assert_allclose(means[text, query], expected, atol=1e-5)


def test_vectors_keep_their_precision() -> None:
    """Under autocast a softmax is of full precision."""
    scores, vectors = torch.zeros(1, 1, 2), torch.ones(1, 2, 3, dtype=torch.bfloat16)
    assert attend(scores, vectors, torch.ones(1, 2, dtype=torch.bool)).dtype == torch.bfloat16
