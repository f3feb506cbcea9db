import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError

from elmo_tasks.modules.pooling import POOLINGS, TextPooling, mean_and_max


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


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


@torch.no_grad()
@pytest.mark.parametrize("poolings", [["max"], ["attention"], ["mean", "max", "attention"], list(POOLINGS)])
def test_each_text_is_pooled_as_if_alone(poolings: list[str]) -> None:
    """Against NumPy, whatever the padding holds."""
    lengths = [3, 1, 5]
    pooling = TextPooling(4, poolings)
    vectors, mask = torch.randn(3, 5, 4), torch.arange(5) < torch.tensor(lengths)[:, None]
    vectors[~mask] = 100.0
    pooled = pooling(vectors, mask)
    assert pooled.shape == (3, pooling.get_output_dim())
    for row, length in enumerate(lengths):
        text = vectors[row, :length].numpy()
        ways = {"max": text.max(axis=0), "mean": text.mean(axis=0)}
        if "attention" in poolings:
            first, last = pooling.attention[0], pooling.attention[2]
            hidden = np.tanh(text @ first.weight.numpy().T + first.bias.numpy())
            ways["attention"] = softmax(hidden @ last.weight.numpy()[0]) @ text
        np.testing.assert_allclose(pooled[row], np.concatenate([ways[name] for name in poolings]), atol=1e-5)


@pytest.mark.parametrize("poolings", [[], ["last"], ["max", "first"], "max", ["max", "max"], [["max"]]])
def test_unknown_poolings_are_named(poolings: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="must be a list of some of max, mean, attention"):
        TextPooling(4, poolings)
