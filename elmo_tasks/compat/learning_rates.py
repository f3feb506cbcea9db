"""
The scheduler "reduce_on_plateau", which the paper's configs have.

What it mends: AllenNLP 2.10.1 gives torch's scheduler an argument that torch 2.7 and later do not take.
How one sees it: `ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'` as a training begins.
Until when: as long as AllenNLP is used.
"""

import torch
from allennlp.training.learning_rate_schedulers import ReduceOnPlateauLearningRateScheduler
from allennlp.training.optimizers import Optimizer


def apply() -> None:
    """Applies all of it."""
    build_reduce_on_plateau()


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
