import warnings
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from allennlp.training import GradientDescentTrainer, gradient_descent_trainer
from allennlp.training import util as training_util

from elmo_tasks.compat import gradients


def test_the_autocast_warning_is_silenced_for_allennlps_trainer_only() -> None:
    text = "`torch.cuda.amp.autocast(args...)` is deprecated."
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        gradients.silence_autocast_warning()
        for module in ("allennlp.training.gradient_descent_trainer", "users.own.module"):
            warnings.warn_explicit(text, FutureWarning, "file.py", 1, module=module)
    assert len(seen) == 1


@pytest.mark.parametrize("clip", [gradient_descent_trainer.clip_grad_norm_, training_util.clip_grad_norm_])
@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_sparse_gradients_are_clipped_as_dense_ones(clip: Any, max_norm: float) -> None:
    weights = {}
    for sparse in (False, True):
        torch.manual_seed(1)
        table, other = torch.nn.Parameter(torch.randn(5, 2)), torch.nn.Parameter(torch.randn(2))
        # A row that occurs twice.
        rows = torch.nn.functional.embedding(torch.tensor([1, 3, 1]), table, sparse=sparse)
        (rows * other).square().sum().backward()
        assert table.grad is not None
        assert other.grad is not None
        assert table.grad.is_sparse == sparse
        norm = clip([table, other], max_norm)
        weights[sparse] = [norm, table.grad.to_dense(), other.grad]
    torch.testing.assert_close(weights[True], weights[False])


def test_sparse_gradients_values_are_clipped_as_dense_ones() -> None:
    gradients = {}
    for sparse in (False, True):
        torch.manual_seed(1)
        model = torch.nn.Sequential(torch.nn.Embedding(5, 2, sparse=sparse), torch.nn.Linear(2, 2))
        # A row that occurs twice.
        model(torch.tensor([1, 3, 1])).square().sum().backward()
        trainer: Any = SimpleNamespace(model=model, _grad_clipping=0.2, _scaler=None)
        GradientDescentTrainer.clip_gradient(trainer)
        gradients[sparse] = [weight.grad.to_dense() for weight in model.parameters() if weight.grad is not None]
    torch.testing.assert_close(gradients[True], gradients[False])
    assert [gradient.abs().max().item() for gradient in gradients[True]] == pytest.approx([0.2] * 3)
