"""Trains as `allennlp train` does, and says how long each epoch took."""

import tempfile
from pathlib import Path
from typing import Any

from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.util import prepare_environment
from allennlp.training import GradientDescentTrainer, TrainerCallback
from overrides import overrides

from benchmarks.measure import Sample, Stopwatch


class EpochClock(TrainerCallback):
    """Measures each epoch from the end of the one before, and the first from the beginning of the training."""

    def __init__(self, serialization_dir: str) -> None:
        super().__init__(serialization_dir)
        self.samples: list[Sample] = []

    @overrides
    def on_start(self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        self._stopwatch = Stopwatch()

    @overrides
    def on_epoch(
        self,
        trainer: GradientDescentTrainer,
        metrics: dict[str, Any],
        epoch: int,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        self.samples.append(self._stopwatch.read())
        self._stopwatch = Stopwatch()


def measure_epochs(config: dict[str, Any], folder: Path) -> list[Sample]:
    """
    # Parameters

    config : `dict[str, Any]`
        A training's.
    folder : `Path`
        Where the training's own folder is made, and removed afterwards.

    # Returns

    `list[Sample]`
        Of each epoch: training, validation, and the checkpoint of the epoch before.
    """
    params = Params(config)
    prepare_environment(params)
    with tempfile.TemporaryDirectory(dir=folder) as run:
        experiment = TrainModel.from_params(params=params, serialization_dir=run, local_rank=0)
        trainer = experiment.trainer
        assert isinstance(trainer, GradientDescentTrainer)
        clock = EpochClock(run)
        # In front: what another callback does before the first epoch belongs to it.
        trainer._callbacks.insert(0, clock)
        experiment.run()
    return clock.samples
