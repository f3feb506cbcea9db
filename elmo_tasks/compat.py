"""
Mends what stock AllenNLP 2.10.1 gets wrong on today's libraries, where an experiment of ours can meet it.

Importing this module applies all of it; nothing on disk is changed, and importing it again changes nothing more. Each
entry says what broke, with which version, and when it can go. As AllenNLP 2.10.1 is its last release, "when it can go"
is, at the latest, when this project leaves AllenNLP or the library in question makes its peace with old callers.

Tried and found well on torch 2.13 without help: `Model.load`, archives, `evaluate`, `distributed` with gloo,
worker processes in the data loader, and `train --recover` with every other optimizer and scheduler.
"""

import copy
import io
import json
import locale
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np
import spacy
import torch
from allennlp.commands import build_vocab, count_instances, evaluate, find_learning_rate, train
from allennlp.commands.predict import _PredictManager
from allennlp.common import Params, cached_transformers
from allennlp.common import util as common_util
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import TensorCache, cached_path
from allennlp.common.util import JsonDict, get_spacy_model
from allennlp.data import DataLoader, TextFieldTensors, Token
from allennlp.data.tokenizers import SpacyTokenizer, sentence_splitter, spacy_tokenizer
from allennlp.interpret.attackers import Hotflip
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.models import Model, archival
from allennlp.modules.seq2vec_encoders import CnnEncoder
from allennlp.nn import util
from allennlp.nn.util import move_to_device
from allennlp.predictors import Predictor
from allennlp.training import gradient_descent_trainer
from allennlp.training import util as training_util
from allennlp.training.learning_rate_schedulers import ReduceOnPlateauLearningRateScheduler
from allennlp.training.optimizers import Optimizer
from torch import BoolTensor, Tensor

from elmo_tasks.archives import loading
from elmo_tasks.archives.safety import unpacked
from elmo_tasks.configs.old import check_not_old
from elmo_tasks.device import check_device
from elmo_tasks.files import open_bytes, text_lines

logger = logging.getLogger(__name__)


def build_reduce_on_plateau() -> None:
    """
    Has AllenNLP's "reduce_on_plateau", in a config and in Python, leave out an argument that torch no longer takes.

    `verbose` is still taken, so that old configs run, and not used: torch prints nothing any more. The callback
    "tensorboard" with `should_log_learning_rate` records the rate.

    What broke: `ReduceLROnPlateau.__init__() got an unexpected keyword argument 'verbose'`.
    With which version: torch 2.7, which removed the `verbose` that AllenNLP always passes.
    When it can go: not while AllenNLP passes it.
    """

    def __init__(
        self: ReduceOnPlateauLearningRateScheduler,
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
        super(ReduceOnPlateauLearningRateScheduler, self).__init__(scheduler)  # type: ignore[arg-type]

    ReduceOnPlateauLearningRateScheduler.__init__ = __init__  # type: ignore[method-assign]


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


def _mend(mend: Any, stock: Any) -> Any:
    """A function for the place of stock's, which it remembers."""
    mend.stock = stock
    return mend


def _stocks(function: Any) -> Any:
    """Stock's function, also where ours is in its place already because this module is imported again."""
    return getattr(function, "stock", function)


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


def write_letters_as_they_are() -> None:
    """
    Has `allennlp predict` write letters beyond ASCII as they are, where the output can hold them; not as `\\u00e9`.

    What broke: nothing; both are JSON, and people read the one.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    def dump_line(self: Predictor, outputs: JsonDict) -> str:
        line = json.dumps(outputs, ensure_ascii=False)
        try:
            # AllenNLP opens its output in this encoding. No encoding has lone surrogates.
            line.encode(locale.getpreferredencoding(False))
        except UnicodeEncodeError:
            line = json.dumps(outputs)
        return line + "\n"

    Predictor.dump_line = dump_line  # type: ignore[method-assign]


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


def write_readable_tensor_caches() -> None:
    """
    Has `TensorCache` write what it can read again. A cache that was written before must be made anew.

    What broke: `UnpicklingError: Weights only load failed ... Unsupported operand 149`. It writes with the newest
    protocol of pickle, of which `torch.load` reads the parts that it is sure of only.
    With which version: torch 2.6, see `allow_numpy_scalars`.
    When it can go: when torch reads all that it writes.
    """

    def __setitem__(self: TensorCache, key: str, tensor: torch.Tensor) -> None:
        if self.read_only:
            raise ValueError("cannot write to a read-only cache")
        tensor = tensor.cpu()
        buffer = io.BytesIO()
        # A clone: of a view all that it is a view of would be written.
        torch.save(tensor.detach().clone(), buffer)
        with self.lmdb_env.begin(write=True) as transaction:
            transaction.put(key.encode(), buffer.getbuffer())
        self.cache_cache[key] = tensor

    TensorCache.__setitem__ = __setitem__  # type: ignore[method-assign]


def clip_sparse_gradients() -> None:
    """
    Lets a trainer's `grad_norm` meet sparse gradients, those of an embedding with `"sparse": true`.

    What broke: `NotImplementedError: Could not run 'aten::linalg_vector_norm' with arguments from the 'SparseCPU'`.
    With which version: torch 2.0 or so; found with 2.13.
    When it can go: when torch's `clip_grad_norm_` takes sparse gradients.
    """
    for module in (gradient_descent_trainer, training_util):
        module.clip_grad_norm_ = _clip_grad_norm_  # type: ignore[attr-defined]


def _clip_grad_norm_(parameters: Iterable[torch.nn.Parameter], max_norm: float) -> torch.Tensor:
    """As torch's, where none of the gradients is sparse."""
    parameters = list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not any(gradient.is_sparse for gradient in gradients):
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    # Rows that occur several times are summed first.
    values = [gradient.coalesce().values() if gradient.is_sparse else gradient for gradient in gradients]
    norm = torch.stack([value.norm().to(values[0].device) for value in values]).norm()
    for gradient in gradients:
        gradient.mul_((max_norm / (norm + 1e-6)).clamp(max=1.0).to(gradient.device))
    return norm


def get_transformer_tokenizers() -> None:
    """
    Leaves out a keyword with which AllenNLP asks for transformers' tokenizers. It did nothing: each call of such a
    tokenizer says whether special tokens are wanted.

    What broke: `AttributeError: add_special_tokens conflicts with the method add_special_tokens in BertTokenizer`.
    With which version: transformers 4.48, and perhaps before.
    When it can go: not while AllenNLP gives it.
    """

    stock = _stocks(cached_transformers.get_tokenizer)

    def get_tokenizer(model_name: str, *, add_special_tokens: bool = True, **kwargs: Any) -> Any:
        return stock(model_name, **kwargs)

    cached_transformers.get_tokenizer = _mend(get_tokenizer, stock)


def name_missing_gpus() -> None:
    """
    Has AllenNLP say that there is no such GPU, where it trains a model and where it loads one.

    What broke: `RuntimeError: Cannot access accelerator device when none is available` in AllenNLP's own check; and
    `evaluate --cuda-device 0`, `load_archive` and `Predictor.from_path`, which do not check: `AssertionError: Torch not
    compiled with CUDA enabled`.
    With which version: torch 2.6 at the latest, whose `torch.device(0)` looks for the device; the second one with any.
    When it can go: not while AllenNLP is used.
    """

    def int_to_device(device: int | torch.device) -> torch.device:
        if isinstance(device, torch.device):
            return device
        check_device(device)
        return torch.device("cpu" if device < 0 else f"cuda:{device}")

    stock = _stocks(Model.load.__func__)  # type: ignore[attr-defined]

    def load(
        cls: type[Model], config: Params, serialization_dir: Any, weights_file: Any = None, cuda_device: int = -1
    ) -> Model:
        check_device(cuda_device)
        return stock(cls, config, serialization_dir, weights_file, cuda_device)

    # The check takes it from there at each call.
    common_util.int_to_device = int_to_device
    Model.load = classmethod(_mend(load, stock))  # type: ignore[method-assign, assignment]


def name_old_configs() -> None:
    """
    Has AllenNLP's commands that take a config say of one of AllenNLP 0.9 that it is one, and `evaluate` of an archive
    that has no data loader; what is old in an archive's model or reader is told by `archives/loading.py`.

    What broke: `key "data_loader" is required`, or an error about whatever else was called otherwise.
    With which version: 1.0 and later.
    When it can go: not while AllenNLP is used.
    """
    for command in (train, find_learning_rate, build_vocab, count_instances):
        command.Params = _Config  # type: ignore[attr-defined]
    evaluate.load_archive = _with_data_loader(_stocks(evaluate.load_archive))


class _Config(Params):
    """A config that a command is given."""

    @classmethod
    def from_file(cls, params_file: Any, *args: Any, **kwargs: Any) -> Params:
        params = Params.from_file(params_file, *args, **kwargs)
        check_not_old(params.params, params_file)
        return params


def _with_data_loader(stock: Any) -> Any:
    def load_archive(archive_file: Any, *args: Any, **kwargs: Any) -> Any:
        archive = stock(archive_file, *args, **kwargs)
        if not any(archive.config.get(key) for key in ("data_loader", "validation_data_loader")):
            check_not_old(archive.config.params, archive_file)
            raise ConfigurationError(f'The config of {archive_file} has no "data_loader".')
        return archive

    return _mend(load_archive, stock)


def evaluate_in_batches() -> None:
    """
    Lets `allennlp evaluate --batch-size` be used with a data loader that has a batch sampler, "bucket" say: the sampler
    gets the batch size, or goes if it has none.

    What broke: `ConfigurationError: batch_sampler option is mutually exclusive with batch_size`.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    evaluate.DataLoader = _EvaluationLoader  # type: ignore[assignment, misc]


class _EvaluationLoader:
    """Stands for `DataLoader` in the command `evaluate`."""

    @staticmethod
    def from_params(params: Params, **extras: Any) -> DataLoader:
        sampler = params.get("batch_sampler")
        if sampler is not None and params.get("batch_size") is not None:
            if "batch_size" in sampler:
                sampler["batch_size"] = params.pop("batch_size")
            else:
                params.pop("batch_sampler")
        return DataLoader.from_params(params=params, **extras)


def split_words_without_a_model() -> None:
    """
    Lets AllenNLP's "spacy" tokenizer, and its sentence splitter by rules, go without spaCy's model where that is not
    installed and only its rules are needed: no tags, no parse, no entities are asked for, nor spaCy's own tokens. The
    rules are those of `spacy.blank`. Says so once in the log.

    The tokenizer tags by default, which its own documentation denies, so the default does not count as asked for.

    What broke: `SpacyTokenizer()` and the predictors "sentence_tagger" and "text_classifier" try to download
    `en_core_web_sm`, and end the program where there is no network or no such version.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    stock = _stocks(SpacyTokenizer.__init__)

    def __init__(
        self: SpacyTokenizer,
        language: str = "en_core_web_sm",
        pos_tags: Optional[bool] = None,
        parse: bool = False,
        ner: bool = False,
        keep_spacy_tokens: bool = False,
        split_on_spaces: bool = False,
        start_tokens: Optional[list[str]] = None,
        end_tokens: Optional[list[str]] = None,
    ) -> None:
        if pos_tags is None:
            pos_tags = parse or ner or keep_spacy_tokens or _rules_of(language) is None
        stock(self, language, pos_tags, parse, ner, keep_spacy_tokens, split_on_spaces, start_tokens, end_tokens)

    def model_or_rules(
        spacy_model_name: str, pos_tags: bool = True, parse: bool = False, ner: bool = False
    ) -> spacy.Language:
        rules = None if pos_tags or parse or ner else _rules_of(spacy_model_name)
        if rules is None:
            return get_spacy_model(spacy_model_name, pos_tags, parse, ner)
        # A copy: who splits at spaces puts another tokenizer into it.
        return copy.copy(rules)

    def model_for_sentences(spacy_model_name: str, parse: bool, ner: bool) -> spacy.Language:
        """The splitter says nothing of tags, and does not use them."""
        return model_or_rules(spacy_model_name, parse or _rules_of(spacy_model_name) is None, parse, ner)

    SpacyTokenizer.__init__ = _mend(__init__, stock)  # type: ignore[method-assign]
    spacy_tokenizer.get_spacy_model = model_or_rules
    sentence_splitter.get_spacy_model = model_for_sentences  # type: ignore[assignment]


@lru_cache
def _rules_of(model: str) -> spacy.Language | None:
    """The rules of a spaCy model's language, such as "en_core_web_sm"; nothing if it is installed or no such name."""
    language, _, rest = model.partition("_")
    if not rest or spacy.util.is_package(model) or Path(model).exists():
        return None
    try:
        rules = spacy.blank(language)
    except ImportError:
        return None
    logger.warning(f"spaCy's model {model} is not installed: words are split by the same rules, without tags.")
    return rules


build_reduce_on_plateau()
allow_numpy_scalars()
write_readable_tensor_caches()
clip_sparse_gradients()
get_transformer_tokenizers()
name_missing_gpus()
name_old_configs()
evaluate_in_batches()
split_words_without_a_model()
unpack_archives_safely()
name_damage()
name_bad_lines()
flip_words_with_any_indexer()
weigh_each_token_by_its_own_vector()
run_cnns_in_full_precision()
write_letters_as_they_are()
silence_autocast_warning()
