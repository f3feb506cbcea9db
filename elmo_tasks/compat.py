"""
Mends what stock AllenNLP 2.10.1 gets wrong on today's libraries, where an experiment of ours can meet it.

Importing this module applies all of it; nothing on disk is changed, and importing it again changes nothing more. Each
entry says what broke, with which version, and when it can go. As AllenNLP 2.10.1 is its last release, "when it can go"
is, at the latest, when this project leaves AllenNLP or the library in question makes its peace with old callers.

Tried and found well on torch 2.13 without help: `Model.load`, archives, `evaluate`, `distributed` with gloo,
worker processes in the data loader, and `train --recover` with every other optimizer and scheduler.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO

import numpy as np
import torch
from allennlp.commands.predict import _PredictManager
from allennlp.common import Params, util
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.util import JsonDict
from allennlp.models import Model, archival
from allennlp.predictors import Predictor
from allennlp.training.learning_rate_schedulers import LearningRateScheduler, ReduceOnPlateauLearningRateScheduler
from allennlp.training.optimizers import Optimizer

from elmo_tasks.archives.safety import unpacked
from elmo_tasks.device import check_device
from elmo_tasks.files import open_bytes, text_lines


@LearningRateScheduler.register("reduce_on_plateau", exist_ok=True)
class ReduceOnPlateau(ReduceOnPlateauLearningRateScheduler):
    """
    AllenNLP's "reduce_on_plateau", without the argument that torch no longer takes.

    What broke: `ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'`.
    With which version: torch 2.7, which removed the `verbose` that AllenNLP always passes.
    When it can go: not while AllenNLP passes it.

    # Parameters

    verbose : `bool`, optional (default = `False`)
        Taken, so that old configs run, and not used: torch prints nothing any more. The callback "tensorboard" with
        `should_log_learning_rate` records the rate.

    The others are `torch.optim.lr_scheduler.ReduceLROnPlateau`'s. AllenNLP hands over a validation metric of which more
    is better (a loss with its sign turned), so `mode` should be "max".

    Registered as a `LearningRateScheduler` with name "reduce_on_plateau", in place of the stock one.
    """

    def __init__(
        self,
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
        # The stock class's own __init__ is the one that fails; this is the __init__ of the class above it.
        super(ReduceOnPlateauLearningRateScheduler, self).__init__(scheduler)  # type: ignore[arg-type]


def allow_numpy_scalars() -> None:
    """
    Lets `torch.load` read NumPy's numbers (float64, float32, int64, bool), and nothing else that it would not.

    What broke: `allennlp train --recover` dies with `UnpicklingError: Weights only load failed` where the trainer's
    state holds a NumPy number: a metric that returns one ("spearman_correlation" does), the scheduler "cosine".
    With which version: torch 2.6, from which `torch.load` reads tensors and plain Python values only unless told
    otherwise. Telling it to read anything would run whatever code a file brings, so these few types are named instead.
    When it can go: when torch lists NumPy's numbers as safe.
    """
    safe: list = [np.dtype]
    for kind in (np.float64, np.float32, np.int64, np.bool_):
        number = kind(0)
        # `__reduce__` gives the function that pickle files name, wherever this NumPy keeps it.
        safe += [number.__reduce__()[0], type(number.dtype)]
    torch.serialization.add_safe_globals(safe)


def silence_autocast_warning() -> None:
    """
    Silences a warning at the first batch of each training that no user can act upon.

    What broke: AllenNLP's trainer says `torch.cuda.amp.autocast` and `GradScaler`, which warn that they are deprecated.
    With which version: torch 2.4.
    When it can go: not while AllenNLP uses the old names; when torch drops them this becomes a mend.
    """
    warnings.filterwarnings(
        "ignore",
        message=r"`torch\.cuda\.amp\.",
        category=FutureWarning,
        module=r"allennlp\.training\.gradient_descent_trainer",
    )


def unpack_archives_safely() -> None:
    """
    Has AllenNLP unpack archives by `archives.safety.unpacked`, in `predict`, `evaluate` and wherever it loads one.

    What broke: an archive may write anywhere in the file system, and its config may run code; see `archives/safety.py`.
    With which version: any; Python 3.14 is the first whose `tarfile` stays inside the folder unless told otherwise.
    When it can go: not while AllenNLP is used. For the files alone, with Python 3.14 as the oldest version.
    """
    archival.extracted_archive = unpacked  # type: ignore[assignment]


def name_missing_gpus() -> None:
    """
    Has AllenNLP say so where there is no such GPU, in `train`, `predict`, `evaluate` and wherever it loads an archive.

    What broke: `RuntimeError: Cannot access accelerator device when none is available`, out of AllenNLP's own check;
    and `evaluate` puts the model onto the GPU before it checks.
    With which version: a torch 2, whose `torch.device(0)` asks which kind of device there is; the other, any.
    When it can go: not while AllenNLP is used.
    """

    def int_to_device(device: int | torch.device) -> torch.device:
        if isinstance(device, torch.device):
            return device
        check_device(device)
        return torch.device("cpu" if device < 0 else f"cuda:{device}")

    def load_model(config: Params, weights_path: str, serialization_dir: str, cuda_device: int) -> Model:
        check_device(cuda_device)
        return Model.load(
            config, weights_file=weights_path, serialization_dir=serialization_dir, cuda_device=cuda_device
        )

    # `check_for_gpu` takes it from there each time.
    util.int_to_device = int_to_device
    archival._load_model = load_model


def name_bad_lines() -> None:
    """
    Has `allennlp predict` say which line of its input a predictor cannot read, or is not UTF-8, and pass over a byte
    order mark.

    What broke: nothing; stock's error is the JSON parser's, which says "line 1" of whatever line it was.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    def get_json_data(self: _PredictManager) -> Iterator[JsonDict]:
        name = "The standard input" if self._input_file == "-" else self._input_file
        with _opened(self._input_file) as file:
            for number, line in text_lines(file, name, ConfigurationError):
                if line.strip():
                    # For predictors that name the line themselves; they count no blank lines.
                    self._predictor.lines_read = number - 1  # type: ignore[attr-defined]
                    yield _loaded(self._predictor, line, number)

    _PredictManager._get_json_data = get_json_data  # type: ignore[method-assign]


def _opened(input_file: str) -> AbstractContextManager[BinaryIO]:
    if input_file == "-":
        return nullcontext(sys.stdin.buffer)
    return open_bytes(cached_path(input_file), input_file)


def _loaded(predictor: Predictor, line: str, number: int) -> JsonDict:
    try:
        return predictor.load_line(line)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"Line {number} cannot be read: {error}. It begins: {line.strip()[:200]}") from error


allow_numpy_scalars()
unpack_archives_safely()
name_missing_gpus()
name_bad_lines()
silence_autocast_warning()
