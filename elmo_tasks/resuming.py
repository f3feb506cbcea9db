"""
Trainings that were killed and go on by `--recover` end with the same result as those that were not.

Importing this module mends AllenNLP 2.10.1's trainer and checkpointer, for every training with this plugin. Stock keeps
the weights, the optimizer and the schedulers in a checkpoint, and reads again through the data of the epochs that are
done. It keeps no state of the random numbers, by which dropout, sampling and the order of the data are drawn, so that a
recovered training goes on with others. Of two checkpoints it takes the newer one, although a kill may have torn it, and
in a `distributed` training each process takes its own newest one. It looks for the best weights where they were
written, even if the run's folder has another name now.

What is not restored: the `training_*` metrics of an epoch that is taken up in its middle (a checkpointer with
`save_every_num_seconds` or `save_every_num_batches`), which cover the rest of the epoch only; the random numbers of a
`distributed` training, and the LSTM states of its streams, of which there are as many as processes and one checkpoint;
the states of a biLM that carries them from batch to batch in an embedder (`stateful`); and the biLM's kept words, whose
vectors' last bits may depend on the batch in which a word was met first (the embedder's `kept_words`).
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import torch
from allennlp.commands import train as train_command
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.data import DataLoader, TensorDict
from allennlp.models.archival import archive_model
from allennlp.training import Checkpointer, GradientDescentTrainer
from allennlp.training.trainer import TrainerCheckpoint
from torch import Tensor, distributed

from elmo_tasks.archives.weights import is_whole
from elmo_tasks.files import JSONError, full_disk_told, parse_json, writing

RandomStates = dict[str, Any]

_KEY = "elmo_tasks.random"
_MODEL_KEY = "elmo_tasks.model"

_Method = TypeVar("_Method", bound=Callable[..., Any])


@runtime_checkable
class CarriesState(Protocol):
    """A model that carries something from batch to batch which is no weight, such as an LSTM's states."""

    def training_state(self) -> dict[str, Tensor]:
        """What must be the same when training goes on."""
        ...

    def load_training_state(self, state: dict[str, Tensor]) -> None:
        """Takes what `training_state` gave."""
        ...


@runtime_checkable
class SkipsEpochs(Protocol):
    """A data loader that need not make the batches of an epoch that is done."""

    def skip_epoch(self) -> int:
        """Passes over an epoch as iterating over it would; gives the number of its batches."""
        ...


def random_states() -> RandomStates:
    """The states of Python's, NumPy's and torch's random numbers, as `torch.load` reads them without trust."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    states: RandomStates = {
        "python": random.getstate(),
        "numpy": (str(name), torch.from_numpy(np.array(keys, dtype=np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def set_random_states(states: RandomStates) -> None:
    """Sets what `random_states` gave; a GPU's where there are as many of them as there were."""
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, *others = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *others))
    torch.set_rng_state(states["torch"])
    if len(cuda := states.get("cuda", [])) == torch.cuda.device_count() and cuda:
        torch.cuda.set_rng_state_all(cuda)


def drop_torn_checkpoints(folder: str | Path) -> None:
    """
    Removes the checkpoints of a run that a kill, or a full disk, has left half-written, or that were damaged since.

    # Parameters

    folder : `str` or `Path`
        The run's serialization directory.
    """
    for model_state in Path(folder).glob("model_state_*.th"):
        training_state = model_state.with_name(model_state.name.replace("model", "training", 1))
        if not (is_whole(model_state) and is_whole(training_state)):
            model_state.unlink()
            training_state.unlink(missing_ok=True)


class _Replayed:
    """
    A loader of which an epoch's first batches were trained on before: the random numbers after them are set when they
    have been passed over.
    """

    def __init__(self, loader: DataLoader, batches: int, states: RandomStates) -> None:
        self._loader, self._batches, self._states = loader, batches, states

    def __iter__(self) -> Iterator[TensorDict]:
        batches = iter(self._loader)
        yield from islice(batches, self._batches)
        set_random_states(self._states)
        yield from batches

    def __len__(self) -> int:
        return len(self._loader)


class _Journal:
    """
    What a trainer's checkpoints say of random numbers: those at the beginning of each epoch, from which the data of an
    epoch that is done is read again in the same order, and those at the checkpoint.
    """

    def __init__(self) -> None:
        self.epochs: list[RandomStates] = []
        self.resumed: RandomStates | None = None

    def begin(self, epoch: int) -> None:
        """Before an epoch: sets the random numbers that it began with, or remembers them."""
        if epoch < len(self.epochs):
            set_random_states(self.epochs[epoch])
            return
        if self.resumed is not None:
            set_random_states(self.resumed)
            self.resumed = None
        self.epochs.append(random_states())


def _journal(trainer: GradientDescentTrainer) -> _Journal:
    return cast(_Journal, trainer.__dict__.setdefault("_elmo_journal", _Journal()))


def _mend(cls: type, name: str) -> Callable[[_Method], _Method]:
    """Replaces a method by one that gets the stock one as its first argument; once."""

    def replace(method: _Method) -> _Method:
        stock = getattr(cls, name)
        if not hasattr(stock, "is_mended"):

            @wraps(stock)
            def mended(*args: Any, **kwargs: Any) -> Any:
                return method(stock, *args, **kwargs)

            mended.is_mended = True  # type: ignore[attr-defined]
            setattr(cls, name, mended)
        return method

    return replace


@_mend(GradientDescentTrainer, "get_checkpoint_state")
def _get_checkpoint_state(stock: Callable[..., Any], trainer: GradientDescentTrainer) -> TrainerCheckpoint | None:
    checkpoint: TrainerCheckpoint | None = stock(trainer)
    if checkpoint is not None and not trainer._distributed:
        checkpoint.trainer_state[_KEY] = {"epochs": _journal(trainer).epochs, "now": random_states()}
        if isinstance(trainer.model, CarriesState):
            checkpoint.trainer_state[_MODEL_KEY] = trainer.model.training_state()
    return checkpoint


@_mend(GradientDescentTrainer, "_maybe_restore_checkpoint")
def _maybe_restore_checkpoint(stock: Callable[..., None], trainer: GradientDescentTrainer) -> None:
    checkpointer = trainer._checkpointer
    if checkpointer is None:
        return
    restored: list[TrainerCheckpoint] = []

    def load_checkpoint() -> TrainerCheckpoint | None:
        found = type(checkpointer).load_checkpoint(checkpointer)
        restored.extend([found] if found else [])
        return found

    with _attribute(checkpointer, "load_checkpoint", load_checkpoint):
        stock(trainer)
    if trainer._best_model_filename and trainer._serialization_dir:
        # The run may have been renamed since, or copied.
        best = Path(trainer._serialization_dir) / Path(trainer._best_model_filename).name
        trainer._best_model_filename = str(best)
    for checkpoint in restored:
        states = checkpoint.trainer_state
        if not trainer._distributed and _KEY in states:
            journal = _journal(trainer)
            journal.epochs, journal.resumed = states[_KEY]["epochs"], states[_KEY]["now"]
            if isinstance(trainer.model, CarriesState):
                trainer.model.load_training_state(states[_MODEL_KEY])
        _restore_best(trainer)


def _restore_best(trainer: GradientDescentTrainer) -> None:
    """
    A kill after the checkpoint of the best epoch so far, and before `best.th`, which is written after it: the epoch is
    not trained again, so the file is made from the checkpoint.
    """
    at_epochs_end = not trainer._start_after_batches_in_epoch_completed
    if not (at_epochs_end and trainer._metric_tracker.is_best_so_far() and trainer._serialization_dir):
        return
    if trainer._moving_average is not None or trainer._distributed:
        return
    checkpointer = trainer._checkpointer
    assert checkpointer is not None
    latest = checkpointer.find_latest_checkpoint()
    assert latest is not None
    best = Path(trainer._serialization_dir) / "best.th"
    with writing(best) as temporary:
        shutil.copyfile(latest[0], temporary)
    trainer._best_model_filename = str(best)


@_mend(GradientDescentTrainer, "_train_epoch")
def _train_epoch(stock: Callable[..., Any], trainer: GradientDescentTrainer, epoch: int) -> dict[str, float]:
    if trainer._distributed:
        return cast(dict[str, float], stock(trainer, epoch))
    journal = _journal(trainer)
    groups = trainer._start_after_batches_in_epoch_completed
    is_begun = epoch == trainer._start_after_epochs_completed and groups > 0 and journal.resumed is not None
    resumed = journal.resumed
    if is_begun:
        journal.resumed = None
    journal.begin(epoch)
    if epoch < trainer._start_after_epochs_completed and isinstance(trainer.data_loader, SkipsEpochs):
        batches = trainer.data_loader.skip_epoch()
        trainer._total_batches_completed += -(-batches // trainer._num_gradient_accumulation_steps)
        return {}
    if not is_begun:
        return cast(dict[str, float], stock(trainer, epoch))
    assert resumed is not None
    replayed = _Replayed(trainer.data_loader, groups * trainer._num_gradient_accumulation_steps, resumed)
    with _attribute(trainer, "data_loader", replayed):
        return cast(dict[str, float], stock(trainer, epoch))


@_mend(GradientDescentTrainer, "_try_train")
def _try_train(stock: Callable[..., Any], trainer: GradientDescentTrainer) -> tuple[dict[str, Any], int]:
    """
    A training that was killed behind its last epoch, while it was tested or archived, has nothing to train: stock
    forgets the last epoch's metrics then, and that patience had run out. What is tested is drawn by random numbers too.
    """
    epochs = trainer._start_after_epochs_completed
    journal = _journal(trainer)
    is_over = epochs >= trainer._num_epochs or trainer._metric_tracker.should_stop_early()
    if (
        trainer._distributed
        or journal.resumed is None
        or trainer._start_after_batches_in_epoch_completed
        or not is_over
    ):
        return cast(tuple[dict[str, Any], int], stock(trainer))
    with _attribute(trainer, "_num_epochs", 0):
        metrics, _ = stock(trainer)
    set_random_states(journal.resumed)
    journal.resumed = None
    last = epochs - 1
    return metrics | _metrics_of_epoch(trainer, last), last


def _metrics_of_epoch(trainer: GradientDescentTrainer, epoch: int) -> dict[str, Any]:
    """As the trainer wrote them, before the epoch's checkpoint; none where they are damaged."""
    try:
        metrics = parse_json((Path(trainer._serialization_dir or ".") / f"metrics_epoch_{epoch}.json").read_bytes())
    except (OSError, JSONError):
        return {}
    return metrics if isinstance(metrics, dict) else {}


@_mend(GradientDescentTrainer, "train")
def _train(stock: Callable[..., Any], trainer: GradientDescentTrainer) -> dict[str, Any]:
    # Torch says "unexpected pos" where the disk is full, of which nobody knows what it is.
    with full_disk_told(trainer._serialization_dir or "."):
        return cast(dict[str, Any], stock(trainer))


def _archive_model(serialization_dir: str, **kwargs: Any) -> str:
    """AllenNLP's, but the archive is written whole or not at all."""
    archive = Path(serialization_dir) / "model.tar.gz"
    with writing(archive) as temporary:
        archive_model(serialization_dir, archive_path=temporary, **kwargs)
    return str(archive)


train_command.archive_model = _archive_model  # type: ignore[assignment]


@_mend(Checkpointer, "load_checkpoint")
def _load_checkpoint(stock: Callable[..., Any], checkpointer: Checkpointer) -> TrainerCheckpoint | None:
    if not checkpointer.state_is_sharded:
        if checkpointer._is_primary:
            drop_torn_checkpoints(checkpointer._serialization_dir)
        if is_distributed():
            _drop_newer_than_all_have(checkpointer)
    return cast(TrainerCheckpoint | None, stock(checkpointer))


def _drop_newer_than_all_have(checkpointer: Checkpointer) -> None:
    """
    Several processes must go on from the same checkpoint, or they wait for one another forever: a kill may come when
    one machine has written its newest one and another has not.
    """
    # No process looks into its folder before the torn ones are gone.
    distributed.barrier()
    own = checkpointer._find_all_checkpoints()
    found = [own] * distributed.get_world_size()
    distributed.all_gather_object(found, own)
    common = set.intersection(*found)
    if not common and any(found):
        raise ConfigurationError(
            f"The machines of this training, one with the run {checkpointer._serialization_dir}, have no checkpoint in "
            "common: copy the run's folder from one of them to the others, or remove model_state_*.th and "
            "training_state_*.th from all to begin anew."
        )
    if checkpointer._is_primary:
        for point in own:
            if point > max(common):
                checkpointer._remove_checkpoint(*point)
    distributed.barrier()


@contextmanager
def _attribute(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Another value of an attribute for as long as the block runs."""
    before = owner.__dict__.get(name, _attribute)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _attribute:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
