"""
Training by several processes, `distributed` in a config.

What it mends: AllenNLP 2.10.1, whatever the libraries, names parameters otherwise where a model is trained by several
processes; keeps every checkpoint of every machine but the first; and evaluates the test set in one process of each
machine alone, on that process's share.
How one sees it: `parameter_groups` and `no_grad` whose expression begins with `^` do nothing, with a warning in the log
at most; the disk of the second machine fills; with `evaluate_on_test` the training dies after its last epoch.
Until when: as long as AllenNLP is used.
"""

import logging
import os
from typing import Any

from allennlp.commands.train import TrainModel
from allennlp.common.util import is_distributed
from allennlp.models import Model
from allennlp.nn.parallel import DdpWrappedModel, TorchDdpAccelerator
from allennlp.training import Checkpointer

from elmo_tasks.compat.replacing import replacement, stock_of

logger = logging.getLogger(__name__)


def apply() -> None:
    """Applies all of it."""
    name_parameters_as_the_model_does()
    remove_old_checkpoints_on_every_node()
    leave_the_test_set_out()


def name_parameters_as_the_model_does() -> None:
    """
    Lets an optimizer's `parameter_groups` and a trainer's `no_grad` meet the names of one process's training.

    What broke: each name has "module." in front, so that `^softmax[.]` matches none and its options are left out.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(TorchDdpAccelerator.wrap_model)

    def wrap_model(self: TorchDdpAccelerator, model: Model) -> tuple[Model, DdpWrappedModel]:
        model, wrapped = stock(self, model)
        wrapped.model.named_parameters = model.named_parameters
        return model, wrapped

    TorchDdpAccelerator.wrap_model = replacement(wrap_model, stock)  # type: ignore[method-assign]


def remove_old_checkpoints_on_every_node() -> None:
    """
    Has the first process of each node, which writes the checkpoints of its folder, also remove the old ones there.

    What broke: the first process of all removes them, and no other.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    Checkpointer._is_primary = property(_is_first_of_its_node)  # type: ignore[assignment, method-assign]


def _is_first_of_its_node(checkpointer: Checkpointer) -> bool:
    # AllenNLP sets it where it begins a training by several processes.
    processes = int(os.environ.get("ALLENNLP_PROCS_PER_NODE", "0"))
    return checkpointer._rank == 0 or (processes > 0 and checkpointer._rank % processes == 0)


def leave_the_test_set_out() -> None:
    """
    Has a training by several processes leave out the test set of `evaluate_on_test`, with a warning that says so.

    What broke: the first process of each machine evaluates its share of it, while the others have ended, for whose
    counts the metrics wait.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(TrainModel.finish)

    def finish(self: TrainModel, metrics: dict[str, Any]) -> None:
        if is_distributed() and self.evaluate_on_test:
            self.evaluate_on_test = False
            logger.warning(
                "evaluate_on_test is left out of a training by several processes: evaluate the archive on the test set "
                "with elmo-tasks evaluate."
            )
        stock(self, metrics)

    TrainModel.finish = replacement(finish, stock)  # type: ignore[method-assign]
