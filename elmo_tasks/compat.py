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
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.util import JsonDict
from allennlp.data import TextFieldTensors, Token
from allennlp.interpret.attackers import Hotflip
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.models import archival
from allennlp.modules.seq2vec_encoders import CnnEncoder
from allennlp.nn import util
from allennlp.nn.util import move_to_device
from allennlp.predictors import Predictor
from allennlp.training.learning_rate_schedulers import LearningRateScheduler, ReduceOnPlateauLearningRateScheduler
from allennlp.training.optimizers import Optimizer
from torch import BoolTensor, Tensor

from elmo_tasks.archives import loading
from elmo_tasks.archives.safety import unpacked
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


def name_damage() -> None:
    """
    Has AllenNLP tell of damaged or missing members of an archive or a run's folder by name; see `archives/loading.py`.

    What broke: a flipped bit in `best.th` gives other weights; what else is damaged is told as `KeyError`, `EOFError`
    and the like, without the file's name.
    With which version: any; torch's reader looks at no check sum.
    When it can go: not while AllenNLP is used.
    """
    util.read_state_dict = loading.read_state_dict  # type: ignore[assignment]
    archival._load_dataset_readers = loading.load_dataset_readers
    archival._load_model = loading.load_model


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


def run_cnns_in_full_precision() -> None:
    """
    Has AllenNLP's `cnn` encoder (of characters, above all) compute in float32 under mixed precision too.

    What broke: a word shorter than a filter is wide, such as "." or padding, should have the vector 0. Under autocast
    its numbers are the lowest of the half precision type (-65504, -3.4e38): the encoder marks such words with the
    lowest number of one type, and looks for that of another. What follows is saturated, infinite or NaN.
    With which version: any that has autocast, on processors and GPUs.
    When it can go: not while AllenNLP is used.
    """
    forward = CnnEncoder.forward

    def in_full_precision(self: CnnEncoder, tokens: Tensor, mask: BoolTensor) -> Tensor:
        if not torch.is_autocast_enabled(tokens.device.type):
            return forward(self, tokens, mask)
        with torch.autocast(tokens.device.type, enabled=False):
            return forward(self, tokens.float(), mask)

    CnnEncoder.forward = in_full_precision  # type: ignore[method-assign]


def flip_words_with_any_indexer() -> None:
    """
    Has AllenNLP Interpret's Hotflip ask any token indexer what it makes of a word.

    What broke: `Unsupported token indexer` where a reader has another one than the three that Hotflip knows, such as
    "elmo_character_ids".
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    def make_embedder_input(self: Hotflip, all_tokens: list[str]) -> TextFieldTensors:
        tokens, inputs = [Token(token) for token in all_tokens], {}
        for name, indexer in self.predictor._dataset_reader._token_indexers.items():  # type: ignore[attr-defined]
            indexed = indexer.tokens_to_indices(tokens, self.vocab)
            tensors = indexer.as_padded_tensor_dict(indexed, indexer.get_padding_lengths(indexed))
            inputs[name] = {key: tensor.unsqueeze(0) for key, tensor in tensors.items()}
        return move_to_device(inputs, self.cuda_device)

    Hotflip._make_embedder_input = make_embedder_input  # type: ignore[assignment, method-assign]


def weigh_each_token_by_its_own_vector() -> None:
    """
    Has AllenNLP Interpret's "simple-gradient" multiply each token's gradient with that token's vector.

    What broke: the vectors lose the batch's dimension on the way, so all gradients are multiplied with the first
    token's vector. Of the other two methods one is not touched by it, and one uses no vectors.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    aggregate = SaliencyInterpreter._aggregate_token_embeddings

    def with_batch(embeddings: list[Tensor], offsets: list[Tensor]) -> list[np.ndarray]:
        if offsets:
            return aggregate(embeddings, offsets)
        # Each of shape: (1, tokens, dim)
        return [vectors.detach().cpu().numpy().reshape(1, *vectors.shape[-2:]) for vectors in embeddings]

    SaliencyInterpreter._aggregate_token_embeddings = staticmethod(with_batch)  # type: ignore[assignment]


allow_numpy_scalars()
unpack_archives_safely()
name_damage()
name_bad_lines()
flip_words_with_any_indexer()
weigh_each_token_by_its_own_vector()
run_cnns_in_full_precision()
silence_autocast_warning()
