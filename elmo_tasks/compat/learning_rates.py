"""
The schedulers "reduce_on_plateau", which the paper's configs have, "polynomial_decay" and "linear_with_warmup".

What it mends: AllenNLP 2.10.1 gives torch's scheduler an argument that torch 2.7 and later do not take; and a training
that is taken up again with another number of epochs has its rate fall as if it had the old one.
How one sees it: `ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'` as a training begins; a
rate that is not zero at the end, or is zero before it.
Until when: as long as AllenNLP is used.
"""

from typing import Any

import torch
from allennlp.training.learning_rate_schedulers import PolynomialDecay, ReduceOnPlateauLearningRateScheduler
from allennlp.training.optimizers import Optimizer
from allennlp.training.scheduler import Scheduler


def apply() -> None:
    """Applies all of it."""
    build_reduce_on_plateau()
    fall_to_the_new_end()


def build_reduce_on_plateau() -> None:
    """
    Has AllenNLP's "reduce_on_plateau", in a config and in Python, leave out an argument that torch no longer takes.

    `verbose` is still taken, so that old configs run, and not used: torch prints nothing any more. The callback
    "tensorboard" with `should_log_learning_rate` records the rate.

    What broke: `ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'`.
    With which version: torch 2.7, which removed the `verbose` that AllenNLP always passes.
    When it can go: not while AllenNLP passes it.
    """

    def __init__(
        self: ReduceOnPlateauLearningRateScheduler,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        verbose: bool = False,
        threshold_mode: str = "rel",
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode=mode,  # type: ignore[arg-type]
            factor=factor,
            patience=patience,
            threshold_mode=threshold_mode,  # type: ignore[arg-type]
            threshold=threshold,
            cooldown=cooldown,
            min_lr=min_lr,
            eps=eps,
        )
        super(ReduceOnPlateauLearningRateScheduler, self).__init__(scheduler)  # type: ignore[arg-type]

    ReduceOnPlateauLearningRateScheduler.__init__ = __init__  # type: ignore[method-assign]


def fall_to_the_new_end() -> None:
    """
    Has "polynomial_decay" and "linear_with_warmup" take from a checkpoint where they were, and from the config how many
    steps there are.

    What broke: `train --recover` with another `trainer.num_epochs` trained for so many epochs, at the rates of the old
    number.
    With which version: AllenNLP 2.10.1, whose checkpoints have all of a scheduler in them.
    When it can go: not while they have.
    """

    def load_state_dict(self: PolynomialDecay, state_dict: dict[str, Any]) -> None:
        Scheduler.load_state_dict(self, state_dict | {"total_steps": self.total_steps})

    PolynomialDecay.load_state_dict = load_state_dict  # type: ignore[assignment, method-assign]
