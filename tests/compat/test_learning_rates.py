from typing import Any, cast

import pytest
import torch
from allennlp.common import Params
from allennlp.training.learning_rate_schedulers import LearningRateScheduler, ReduceOnPlateauLearningRateScheduler


def plateau(**params: Any) -> tuple[Any, torch.optim.Optimizer]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return LearningRateScheduler.from_params(
        Params({"type": "reduce_on_plateau", **params}), optimizer=optimizer
    ), optimizer


def test_reduce_on_plateau_halves_the_rate_when_the_metric_stands_still() -> None:
    scheduler, optimizer = plateau(mode="max", factor=0.5, patience=1, verbose=True)
    rates = []
    for metric in (0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9):
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    # One bad epoch is borne; the second one halves the rate.
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_reduce_on_plateau_hands_on_every_parameter() -> None:
    params = {"mode": "max", "factor": 0.2, "patience": 3, "threshold_mode": "abs", "threshold": 0.5}
    params |= {"cooldown": 2, "min_lr": 0.01, "eps": 1e-5}
    scheduler, optimizer = plateau(**params)
    expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **params)  # type: ignore[arg-type]
    assert scheduler.state_dict() == expected.state_dict()


def test_reduce_on_plateau_is_still_the_stock_class_also_in_python() -> None:
    scheduler, optimizer = plateau(patience=3)
    assert type(scheduler) is ReduceOnPlateauLearningRateScheduler
    in_python: Any = ReduceOnPlateauLearningRateScheduler(optimizer=cast(Any, optimizer), patience=3)
    assert in_python.state_dict() == scheduler.state_dict()
    assert in_python.lr_scheduler.patience == 3


def test_a_rate_falls_to_the_end_that_the_config_has_now() -> None:
    def scheduler(epochs: int) -> tuple[Any, torch.optim.Optimizer]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        params = Params({"type": "linear_with_warmup", "warmup_steps": 2})
        made = LearningRateScheduler.from_params(params, optimizer=optimizer, num_epochs=epochs, num_steps_per_epoch=10)
        return made, optimizer

    longer, optimizer = scheduler(epochs=10)
    for _ in range(12):
        longer.step_batch()
    assert optimizer.param_groups[0]["lr"] == pytest.approx((100 - 12) / (100 - 2))
    shorter, optimizer = scheduler(epochs=3)
    shorter.load_state_dict(longer.state_dict())
    rates = []
    for _ in range(18):
        shorter.step_batch()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([(30 - step) / (30 - 2) for step in range(13, 31)])
