import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.probing import classifier as module
from elmo_tasks.probing.classifier import LinearClassifier, Scaling, predict, train_classifier


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several parts of the few words here."""
    monkeypatch.setattr(module, "_WORDS_AT_ONCE", 64)


def examples(layers: int = 1) -> tuple[Tensor, Tensor]:
    """Words of three tags that overlap: shapes `(layers, 300, 5)` and `(300,)`."""
    tags = torch.arange(300) % 3
    centres = torch.randn(3, 5)
    return centres[tags] + torch.randn(layers, 300, 5), tags


def objective(classifier: LinearClassifier, layers: Tensor, tags: Tensor, l2: float) -> float:
    return float(F.cross_entropy(classifier(layers), tags) + l2 / 2 * classifier.weight.square().sum())


@pytest.mark.parametrize("l2", [1e-3, 1e-1])
def test_one_layer_is_scikit_learns_regression(l2: float) -> None:
    layers, tags = examples()
    ours = train_classifier(layers, tags, 3, l2)
    theirs = LogisticRegression(C=1 / (l2 * len(tags)), tol=1e-8, max_iter=1000).fit(layers[0].numpy(), tags.numpy())
    probabilities = ours(layers).softmax(dim=-1).numpy()
    np.testing.assert_allclose(probabilities, theirs.predict_proba(layers[0].numpy()), atol=2e-3)
    assert predict(ours, layers).tolist() == theirs.predict(layers[0].numpy()).tolist()


def test_training_twice_gives_the_same_bits() -> None:
    layers, tags = examples(3)
    weights = [train_classifier(layers.half(), tags, 3).weight for _ in range(2)]
    assert torch.equal(*weights)


def test_a_mix_takes_the_layers_that_tell_the_tags() -> None:
    layers, tags = examples(3)
    layers[0], layers[2] = torch.randn(2, 300, 5)
    mix = train_classifier(layers, tags, 3, 1e-3)
    weights = mix.layer_weights()
    assert weights.sum() == pytest.approx(1)
    assert weights[1] > 0.9
    # With these weights the mix is one layer, whose best classifier is no better.
    mixed = torch.einsum("l,lwd->wd", weights, layers)[None]
    alone = train_classifier(mixed, tags, 3, 1e-3)
    assert objective(mix, layers, tags, 1e-3) == pytest.approx(objective(alone, mixed, tags, 1e-3), abs=1e-4)
    # And no layer alone is better than the mix, which could take it alone.
    for layer in range(3):
        single = train_classifier(layers[layer : layer + 1], tags, 3, 1e-3)
        assert objective(single, layers[layer : layer + 1], tags, 1e-3) > objective(mix, layers, tags, 1e-3) - 1e-4


def test_scaling_is_scikit_learns() -> None:
    train, evaluation = torch.randn(2, 200, 4) * torch.tensor([1e-3, 1.0, 50.0, 0.0]) + 3.0, torch.randn(2, 7, 4)
    scaling = Scaling(train)
    for layers in (train, evaluation):
        expected = [
            StandardScaler().fit(one.double()).transform(other) for one, other in zip(train, layers, strict=True)
        ]
        scaled = scaling.apply_(layers.clone())
        np.testing.assert_allclose(scaled[..., :3], np.stack(expected)[..., :3], rtol=2e-2, atol=2e-3)
        # A dimension that was always the same says nothing, whatever it is later.
        assert not scaled[..., 3].any()


def test_scaling_is_in_place_and_in_half_precision() -> None:
    layers = (torch.randn(1, 200, 4) * 7 + 2).half()
    scaled = Scaling(layers).apply_(layers)
    assert scaled is layers
    assert layers.dtype == torch.float16
    torch.testing.assert_close(layers.float().mean(dim=1), torch.zeros(1, 4), atol=1e-3, rtol=0)
    torch.testing.assert_close(layers.float().std(dim=1, correction=0), torch.ones(1, 4), atol=1e-3, rtol=0)
