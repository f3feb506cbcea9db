from pathlib import Path
from types import SimpleNamespace
from typing import Any

from allennlp.training import Checkpointer
from allennlp.training.trainer import TrainerCheckpoint


def test_an_old_checkpoint_is_removed_alone(tmp_path: Path) -> None:
    kept = [
        "model_state_e50_b151.th",
        "model_state_e50_b151_w1.th",
        "model_state_e5_b1.th",
        "model_state_e50_b1.th.old",
    ]
    removed = ["model_state_e50_b1.th", "model_state_e50_b1_w0.th", "model_state_e50_b1_w11.th"]
    for name in [*kept, *removed]:
        (tmp_path / name).touch()
        (tmp_path / name.replace("model", "training")).touch()
    Checkpointer(tmp_path)._remove_checkpoint(50, 1)
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {name.replace("model", what) for name in kept for what in ("model", "training")}


def test_the_newest_checkpoint_stays_whatever_its_number(tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path, keep_most_recent_by_count=1)
    for batches in (1, 15, 151):
        state = {"epochs_completed": 2, "batches_in_epoch_completed": batches}
        trainer: Any = SimpleNamespace(get_checkpoint_state=lambda state=state: TrainerCheckpoint({}, state))
        checkpointer.save_checkpoint(trainer)
        found = {path.name for path in tmp_path.iterdir()}
        assert found == {f"{what}_state_e2_b{batches}.th" for what in ("model", "training")}
