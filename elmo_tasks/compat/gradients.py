"""
The trainer's step: sparse gradients, and a warning about mixed precision.

What it mends: torch 2.0 and later clip no sparse gradients; torch 2.4 and later call two names old that AllenNLP
2.10.1's trainer says.
How one sees it: `NotImplementedError` at the first step with `grad_norm` or `grad_clipping` and a sparse embedding; a
`FutureWarning` at the first batch of each training.
Until when: until torch's functions for that take sparse gradients; as long as AllenNLP is used.
"""

import warnings
from collections.abc import Iterable

import torch
from allennlp.training import GradientDescentTrainer, gradient_descent_trainer
from allennlp.training import util as training_util

from elmo_tasks.compat.replacing import replacement, stock_of


def apply() -> None:
    """Applies all of it."""
    clip_sparse_gradients()
    clip_sparse_gradients_values()
    silence_autocast_warning()


def clip_sparse_gradients() -> None:
    """
    Lets a trainer's `grad_norm` meet sparse gradients, those of an embedding with `"sparse": true`.

    What broke: `NotImplementedError: Could not run 'aten::linalg_vector_norm' with arguments from the 'SparseCPU'`.
    With which version: torch 2.0 or so; found with 2.13.
    When it can go: when torch's `clip_grad_norm_` takes sparse gradients.
    """
    for module in (gradient_descent_trainer, training_util):
        module.clip_grad_norm_ = clip_grad_norm_  # type: ignore[attr-defined]


def clip_grad_norm_(parameters: Iterable[torch.nn.Parameter], max_norm: float) -> torch.Tensor:
    """As torch's, where none of the gradients is sparse."""
    parameters = list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not any(gradient.is_sparse for gradient in gradients):
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    # Rows that occur several times are summed first.
    values = [gradient.coalesce().values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = torch.stack([value.norm().to(values[0].device) for value in values]).norm()
    for gradient in gradients:
        gradient.mul_((max_norm / (norm + 1e-6)).clamp(max=1.0).to(gradient.device))
    return norm


def clip_sparse_gradients_values() -> None:
    """
    Lets a trainer's `grad_clipping` meet sparse gradients too; not in mixed precision, where they are unscaled first.

    What broke: `NotImplementedError: Could not run 'aten::clamp_min_' with arguments from the 'SparseCPU' backend`.
    With which version: torch 2.0 or so; found with 2.13.
    When it can go: when torch's `clip_grad_value_` takes sparse gradients.
    """
    stock = stock_of(GradientDescentTrainer.clip_gradient)

    def clip_gradient(self: GradientDescentTrainer) -> None:
        most = self._grad_clipping
        if most is None or self._scaler is not None:
            stock(self)
            return
        sparse = [one for one in self.model.parameters() if one.grad is not None and one.grad.is_sparse]
        # Rows that occur several times are summed first.
        gradients = [parameter.grad.coalesce() for parameter in sparse if parameter.grad is not None]
        for parameter in sparse:
            parameter.grad = None
        stock(self)
        for parameter, gradient in zip(sparse, gradients, strict=True):
            gradient.values().clamp_(-most, most)
            parameter.grad = gradient

    GradientDescentTrainer.clip_gradient = replacement(clip_gradient, stock)  # type: ignore[method-assign]


def silence_autocast_warning() -> None:
    """
    Silences a warning at the first batch of each training that no user can act upon.

    What broke: AllenNLP's trainer says `torch.cuda.amp.autocast` and `GradScaler`, which warn that they are deprecated.
    With which version: torch 2.4.
    When it can go: not while AllenNLP uses the old names; when torch drops them this becomes a mend.
    """
    warnings.filterwarnings(
        "ignore",
        message=r"`torch\.cuda\.amp\.",
        category=FutureWarning,
        module=r"allennlp\.training\.gradient_descent_trainer",
    )
