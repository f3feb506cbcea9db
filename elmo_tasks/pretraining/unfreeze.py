"""Training a part of a model only after the rest."""

import re
from typing import Any

from allennlp.training.callbacks import TrainerCallback
from allennlp.training.gradient_descent_trainer import GradientDescentTrainer
from overrides import overrides

from elmo_tasks.private import epochs_before


@TrainerCallback.register("elmo_unfreeze")
class Unfreeze(TrainerCallback):
    """
    Freezes some parameters for the first epochs: so a new softmax learns what a trained biLM gives before the two are
    trained together.

    # Parameters

    serialization_dir : `str`
        Given by AllenNLP.
    parameters : `str`
        A regular expression that is searched for in the parameters' names.
    epochs : `int`
        They are trained from the epoch of this number on, counted from 0.

    Registered as a `TrainerCallback` with name "elmo_unfreeze".
    """

    def __init__(self, serialization_dir: str, parameters: str, epochs: int) -> None:
        super().__init__(serialization_dir)
        self._parameters, self._epochs = re.compile(parameters), epochs

    @overrides
    def on_start(self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        self._freeze(trainer, before=epochs_before(trainer))

    @overrides
    def on_epoch(
        self,
        trainer: GradientDescentTrainer,
        metrics: dict[str, Any],
        epoch: int,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        self._freeze(trainer, before=epoch + 1)

    def _freeze(self, trainer: GradientDescentTrainer, before: int) -> None:
        """`before`: how many epochs there were."""
        for name, parameter in trainer.model.named_parameters():
            if self._parameters.search(name):
                parameter.requires_grad_(before >= self._epochs)
