"""The steps by which AllenNLP loads a model from its folder, with one error for damage that names file and member."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from allennlp.common import Params, params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.data.vocabulary import NAMESPACE_PADDING_FILE
from allennlp.models import Model, archival
from allennlp.models.archival import CONFIG_NAME
from allennlp.nn import util
from torch import Tensor

from elmo_tasks.archives.errors import named
from elmo_tasks.archives.weights import read_weights
from elmo_tasks.bilm import OptionsError
from elmo_tasks.device import check_device
from elmo_tasks.old_configs import check_not_old

_Part = TypeVar("_Part")

# How torch and AllenNLP say that weights are not those of the model.
_NOT_THOSE_OF_THE_MODEL = ("Error(s) in loading state_dict", "Error loading state dict")
_LONGEST = 500

# One of these stands beside a biLM's cache.
_BILM = {"bilm", "options_file", "transformer"}

_read_state_dict = util.read_state_dict
_load_model = archival._load_model
_load_dataset_readers = archival._load_dataset_readers


class ArchivedConfig(Params):
    """An archive's config, without its biLMs' caches."""

    @classmethod
    def from_file(cls, params_file: Any, params_overrides: Any = "", ext_vars: Any = None) -> Params:
        """AllenNLP's. The caches that the caller's overrides speak of stay."""
        config = Params.from_file(params_file, params_overrides, ext_vars)
        if not isinstance(params_overrides, dict):
            variables = {**params._environment_variables(), **(ext_vars or {})}
            params_overrides = params.parse_overrides(params_overrides, variables)
        drop_caches(config.params, params_overrides)
        return config


def drop_caches(config: Any, overrides: Iterable[str] = (), path: str = "") -> None:
    """
    Switches off every biLM's cache in a config: it would write files, into a folder that whoever trained the model has
    chosen.

    # Parameters

    config : `Any`
    overrides : `Iterable[str]`
        Dotted fields; those caches stay that are among them, or are in or around one.
    path : `str`
        The config's own field, with a dot behind it.
    """
    if isinstance(config, dict) and config.get("cache") is not None and config.keys() & _BILM:
        field = f"{path}cache."
        if not any(field.startswith(f"{name}.") or name.startswith(field) for name in overrides):
            config["cache"] = None
    if isinstance(config, dict | list):
        for key, inner in config.items() if isinstance(config, dict) else enumerate(config):
            drop_caches(inner, overrides, f"{path}{key}.")


def read_state_dict(path: str | Path, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
    """AllenNLP's, of weights that are whole; raises as `read_weights`."""
    state = read_weights(path, lambda path: _read_state_dict(path, *args, **kwargs), named(path))
    if not all(isinstance(name, str) for name in state):
        raise ConfigurationError(f"{named(path)}: the weights are no state dict: not all have names.")
    return state


def load_dataset_readers(config: Params, serialization_dir: str) -> tuple[DatasetReader, DatasetReader]:
    """
    AllenNLP's. Raises `ConfigurationError` where the config has none, or not all that they need, or is one of
    AllenNLP 0.9.
    """
    check_config(config.params, serialization_dir)
    check_not_old(config.params, named(Path(serialization_dir) / CONFIG_NAME), training=False)
    return _told(lambda: _load_dataset_readers(config, serialization_dir), serialization_dir, "the dataset reader")


def load_model(config: Params, weights_path: str, serialization_dir: str, cuda_device: int) -> Model:
    """
    AllenNLP's. Raises `ConfigurationError` where a member is damaged, or they do not go together, and `DeviceError`
    where there is no such GPU.
    """
    check_device(cuda_device)
    check_vocabulary(serialization_dir)
    if not Path(weights_path).is_file():
        raise ConfigurationError(f"{named(serialization_dir)} has no weights: {named(weights_path)} does not exist.")
    return _told(
        lambda: _load_model(config, weights_path, serialization_dir, cuda_device), serialization_dir, "the model"
    )


def check_config(config: Any, folder: str | Path) -> None:
    """Raises `ConfigurationError` where a config does not say what a model and its reader are made of."""
    where = named(Path(folder) / CONFIG_NAME)
    if not isinstance(config, dict):
        raise ConfigurationError(f"{where} is no object but {_json_name(config)}.")
    for key in ("dataset_reader", "model"):
        if key not in config:
            raise ConfigurationError(f'{where} has no "{key}".')
        if not isinstance(config[key], dict | str):
            raise ConfigurationError(f'{where}: "{key}" is {_json_name(config[key])}; it must be an object.')


def check_vocabulary(folder: str | Path) -> None:
    """Raises `ConfigurationError` where a folder's `vocabulary` is not there, or has what is no text in UTF-8."""
    vocabulary = Path(folder) / "vocabulary"
    if not (vocabulary / NAMESPACE_PADDING_FILE).is_file():
        raise ConfigurationError(f"{named(vocabulary / NAMESPACE_PADDING_FILE)} does not exist; AllenNLP writes it.")
    for path in _namespaces(folder):
        try:
            path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{named(path)} is damaged: it is not UTF-8 ({error.reason}).") from None


def _namespaces(folder: str | Path) -> list[Path]:
    """The files of a vocabulary that AllenNLP reads."""
    files = (Path(folder) / "vocabulary").glob("[!.]*")
    return sorted(path for path in files if path.is_file())


def _told(make: Callable[[], _Part], folder: str, part: str) -> _Part:
    """Makes a part of an experiment from a folder's files; what fails because of them is told with its name."""
    try:
        return make()
    except Exception as error:
        message = _message(error, folder, part)
        if message is None:
            raise
        raise ConfigurationError(message) from error


def _message(error: Exception, folder: str, part: str) -> str | None:
    """None where the error itself says what is to be said, or it is one of the machine and not of the files."""
    told = " ".join(str(error).split())
    text = named(told)[:_LONGEST]
    empty = [str(path.relative_to(folder)) for path in _namespaces(folder) if not path.stat().st_size]
    origin = f"{CONFIG_NAME} and vocabulary" + (f" (where {', '.join(empty)} is empty)" if empty else "")
    if isinstance(error, RuntimeError) and text.startswith(_NOT_THOSE_OF_THE_MODEL):
        return f"{named(folder)}: the weights are not those of the model of {origin}: {text}"
    if type(error) in (ConfigurationError, OptionsError) and named(folder) not in text:
        return f"{named(folder)}: {text}"
    if text != told[:_LONGEST]:
        return text
    # An exception of Python's own is not meant for users. What of it tells of a GPU is not about the files.
    if type(error).__module__ != "builtins" or isinstance(error, OSError) or "CUDA" in text or "NVIDIA" in text:
        return None
    empty = [str(path.relative_to(folder)) for path in _namespaces(folder) if not path.stat().st_size]
    hint = f", where {', '.join(empty)} is empty" if empty else ""
    return (
        f"{named(folder)}: {part} cannot be made of {CONFIG_NAME} and vocabulary{hint}: {type(error).__name__}: {text}"
    )


def _json_name(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
