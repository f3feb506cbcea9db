import numpy as np
import pytest
import torch

from elmo_tasks.modules.pooling import mean_and_max


@pytest.mark.parametrize("lengths", [[1], [4, 1, 2]])
def test_pools_as_numpy_does(lengths: list[int]) -> None:
    vectors = torch.randn(len(lengths), max(lengths), 3)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    # Below what the padding holds, and above.
    for shift in (-10.0, 10.0):
        pooled = mean_and_max((vectors + shift) * mask[:, :, None], mask)
        for row, length in enumerate(lengths):
            text = (vectors[row, :length] + shift).numpy()
            np.testing.assert_allclose(pooled[row], np.concatenate([text.mean(axis=0), text.max(axis=0)]), atol=1e-5)
