"""Reading a model's weights such that damage is noticed: torch looks at no check sum."""

import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import torch
from allennlp.common.checks import ConfigurationError

from elmo_tasks.archives.errors import UnsafeArchiveError

_Result = TypeVar("_Result")

_TORCHS_REASON = "WeightsUnpickler error:"

# What torch and the modules pickle and zipfile say of damaged bytes, which they take for whatever they look like.
_DAMAGE = (
    OSError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AssertionError,
    OverflowError,
    zipfile.BadZipFile,
)


def read_weights(
    file: str | Path | IO[bytes], read: Callable[[Any], _Result], where: str | Path | None = None
) -> _Result:
    """
    Reads a file of weights by a function that calls `torch.load`, after a look at its check sums.

    # Parameters

    file : `str`, `Path` or `IO[bytes]`
    read : `Callable[[Any], _Result]`
        Is given `file`.
    where : `str` or `Path`, optional (default = `file`)
        What the file is called in errors.

    # Returns

    `_Result`
        What `read` gives.

    # Raises

    `ConfigurationError`
        If the file is damaged, or holds no state dict.
    `UnsafeArchiveError`
        If it holds what is no tensor, and perhaps code.
    """
    with _damage_told(where or str(file)):
        _check_sums(file)
        return read(file)


def load_state_dict(file: str | Path | IO[bytes], where: str | Path | None = None) -> dict[Any, Any]:
    """Weights in the processor's memory; raises as `read_weights`."""

    state = read_weights(file, partial(torch.load, map_location="cpu", weights_only=True), where)
    if not isinstance(state, Mapping):
        raise ConfigurationError(f"{where or file}: the weights are no state dict but a {type(state).__name__}.")
    return dict(state)


def is_whole(file: str | Path) -> bool:
    """Whether a file is one that torch has written to its end, since version 1.6, and has its check sums."""
    try:
        _check_sums(file)
        with zipfile.ZipFile(file) as content:
            # The module zipfile passes over what stands before the first member, and torch takes it for that.
            return min((member.header_offset for member in content.infolist()), default=0) == 0
    except _DAMAGE:
        return False


def _check_sums(file: str | Path | IO[bytes]) -> None:
    """Of a zip file, which torch writes since version 1.6; what it wrote before has none."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as content:
            if (name := content.testzip()) is not None:
                raise zipfile.BadZipFile(f"the check sum of {name} is wrong")
    if not isinstance(file, str | Path):
        file.seek(0)


@contextmanager
def _damage_told(where: str | Path) -> Iterator[None]:
    try:
        yield
    except (ConfigurationError, FileNotFoundError, PermissionError, torch.OutOfMemoryError):
        raise
    except pickle.UnpicklingError as error:
        raise UnsafeArchiveError(
            f"{where}: the weights hold something that is no tensor, or are damaged: {_reason(error)}"
        ) from error
    except AttributeError as error:
        # AllenNLP asks whatever it finds for its keys.
        raise ConfigurationError(f"{where}: the weights are no state dict: {error}.") from error
    except _DAMAGE as error:
        raise ConfigurationError(
            f"{where}: the weights cannot be read; they may be damaged: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """The error's first line; or what comes behind torch's advice to load the file as code."""
    text = str(error).partition(_TORCHS_REASON)[2] or str(error) or type(error).__name__
    return text.strip().split("\n")[0]
