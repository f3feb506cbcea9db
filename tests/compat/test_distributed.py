import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from allennlp.commands.train import TrainModel
from allennlp.nn.parallel import TorchDdpAccelerator
from allennlp.training import Checkpointer
from allennlp.training.optimizers import make_parameter_groups
from allennlp.training.trainer import TrainerCheckpoint
from torch import distributed


def test_parameters_have_the_names_that_they_have_in_one_process(tmp_path: Path) -> None:
    model: Any = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    names = [name for name, _ in model.named_parameters()]
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", world_size=1, rank=0)
    try:
        _, wrapped = TorchDdpAccelerator(local_rank=0, world_size=1).wrap_model(model)
        parameters = list(wrapped.model.named_parameters())
        wrapped.model(torch.ones(1, 2)).sum().backward()
        state = wrapped.state_dict()
    finally:
        distributed.destroy_process_group()
    assert [name for name, _ in parameters] == names
    assert all(parameter.grad is not None for _, parameter in parameters)
    assert list(state) == names
    groups: Any = make_parameter_groups(parameters, [(["^1[.]"], {"lr": 0.5})])
    assert groups[0]["lr"] == 0.5
    assert [tuple(parameter.shape) for parameter in groups[0]["params"]] == [(1, 3), (1,)]


@pytest.mark.parametrize(
    ("rank", "processes", "kept"), [(0, 1, [4, 5]), (1, 1, [4, 5]), (2, 2, [4, 5]), (1, 2, [1, 2, 3, 4, 5])]
)
def test_the_first_process_of_each_node_removes_old_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int, processes: int, kept: list[int]
) -> None:
    monkeypatch.setenv("ALLENNLP_PROCS_PER_NODE", str(processes))
    checkpointer = Checkpointer(tmp_path, keep_most_recent_by_count=2)
    checkpointer._rank = rank
    for epoch in range(1, 6):
        state = {"epochs_completed": epoch, "batches_in_epoch_completed": 0}
        trainer: Any = SimpleNamespace(get_checkpoint_state=lambda state=state: TrainerCheckpoint({}, state))
        checkpointer.save_checkpoint(trainer)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{what}_state_e{epoch}_b0.th" for what in ("model", "training") for epoch in kept
    )


def test_without_several_processes_the_first_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLENNLP_PROCS_PER_NODE", raising=False)
    checkpointer = Checkpointer(tmp_path)
    assert checkpointer._is_primary
    checkpointer._rank = 1
    assert not checkpointer._is_primary


@pytest.mark.parametrize("processes", [1, 2])
def test_several_processes_leave_the_test_set_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, processes: int
) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: processes > 1)
    monkeypatch.setattr("allennlp.training.util.evaluate", lambda *args, **kwargs: {"accuracy": 0.5})
    training: Any = TrainModel(str(tmp_path), None, SimpleNamespace(cuda_device=-1), [], evaluate_on_test=True)  # type: ignore[arg-type]
    metrics: dict[str, Any] = {"epoch": 3}
    training.finish(metrics)
    assert metrics == ({"epoch": 3, "test_accuracy": 0.5} if processes == 1 else {"epoch": 3})
    assert json.loads((tmp_path / "metrics.json").read_text()) == metrics
    assert ("elmo-tasks evaluate" in caplog.text) == (processes > 1)
