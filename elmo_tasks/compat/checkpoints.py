"""
Old checkpoints, which a trainer's checkpointer removes.

What it mends: AllenNLP 2.10.1, whatever the libraries, removes with an old checkpoint those of the same epoch whose
number of batches begins with the same digits, be they the newest.
How one sees it: a run with `save_every_num_seconds` or `save_every_num_batches` has no checkpoint for a while, and one
that is killed then goes on from an earlier one, or from its beginning.
Until when: as long as AllenNLP is used.
"""

from pathlib import Path

from allennlp.training import Checkpointer

from elmo_tasks.compat.replacing import replacement, stock_of


def apply() -> None:
    """Applies all of it."""
    remove_no_other_checkpoint()


def remove_no_other_checkpoint() -> None:
    """
    Has a checkpointer remove the files of one checkpoint, those of all processes, and no others.

    What broke: with `model_state_e50_b1.th` went `model_state_e50_b151.th`, as a pattern `model_state_e50_b1*.th`.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(Checkpointer._remove_checkpoint)

    def _remove_checkpoint(self: Checkpointer, epochs_completed: int, batches_in_epoch_completed: int) -> None:
        point = epochs_completed, batches_in_epoch_completed
        for path in Path(self._serialization_dir).iterdir():
            # AllenNLP's own expressions, which know the files of several processes.
            if point in (self._parse_model_state_path(path), self._parse_training_state_path(path)):
                path.unlink()

    Checkpointer._remove_checkpoint = replacement(_remove_checkpoint, stock)  # type: ignore[method-assign]
