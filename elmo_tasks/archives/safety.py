"""
Archives that somebody else may have made: what is in them is looked at before it is unpacked, imported or built.

Stock AllenNLP unpacks a model.tar.gz wherever its members say (before Python 3.14), evaluates its config.json as
jsonnet, which can read files and the environment, and imports and calls whatever a "type" with dots in it names.
`compat/archives.py` has AllenNLP unpack by `unpacked` instead, so that `predict`, `evaluate`, `"from_archive"` and the
like refuse all that too.
Weights are read by `torch.load`, which since torch 2.6 makes tensors and plain values only, and runs no code.
"""

import importlib.util
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from allennlp.common import FromParams
from allennlp.common.checks import ConfigurationError
from allennlp.common.meta import META_NAME
from allennlp.models import Archive
from allennlp.models.archival import CONFIG_NAME, load_archive

from elmo_tasks.archives.errors import UnsafeArchiveError, named, remember_archive
from elmo_tasks.archives.loading import check_config
from elmo_tasks.archives.tar import damage_told, members, unpack
from elmo_tasks.files import JSONError, parse_json, read_object

FROM_ARCHIVE = ".elmo/from_archive"
"""In a run's folder `vocabulary`: what the run keeps of the archive that it began from."""

MODEL_NAME = "model.json"

# What is built from.
_CONFIGS = (CONFIG_NAME, f"vocabulary/{FROM_ARCHIVE}/{MODEL_NAME}")
_DATA_PATHS = ("train_data_path", "validation_data_path", "test_data_path")


def open_archive(archive: str | Path, cuda_device: int = -1, overrides: str | dict[str, Any] = "") -> Archive:
    """
    AllenNLP's `load_archive`, for an archive or a folder that somebody else may have made.

    # Parameters

    archive : `str` or `Path`
        A run's folder or its model.tar.gz; no URL.
    cuda_device : `int`
        -1 for the processor.
    overrides : `str` or `dict[str, Any]`
        As in AllenNLP. They are the caller's own, and not checked.

    # Raises

    `ConfigurationError`
        If there is no such file, or one of its members is damaged, missing, or does not go with the others.
    `UnsafeArchiveError`
        See `check_archive`; or if the weights are no tensors.
    """
    check_archive(archive)
    return load_archive(archive, cuda_device=cuda_device, overrides=overrides)


def check_archive(archive: str | Path) -> None:
    """
    Refuses an archive or a run's folder that is dangerous to load, without unpacking or importing anything of it.

    # Raises

    `ConfigurationError`
        If it is not there, or not whole.
    `UnsafeArchiveError`
        If a member of the archive is anything but a file or a folder, or lies outside the folder that it is unpacked
        to; or if a config is not plain JSON, or would import a module or have a library download code.
    """
    path = Path(archive)
    if path.is_dir():
        check_configs(path)
    elif not path.is_file():
        raise ConfigurationError(f"{archive} does not exist: give a run's folder or its model.tar.gz.")
    else:
        for member, content in members(path):
            name = _checked_name(member, path)
            if content is not None and str(name) in _CONFIGS:
                with damage_told(path):
                    config = content.read()
                _check_config(config, f"{path}, {name}")


@contextmanager
def unpacked(archive: str | Path, cleanup: bool = True) -> Iterator[str]:
    """
    In place of AllenNLP's `extracted_archive`: a temporary folder with the archive's files. Links, owners and
    permissions are not unpacked.

    # Parameters

    archive : `str` or `Path`
    cleanup : `bool`
        Whether the folder is deleted at the end; with an error in the archive it always is.

    # Raises

    As `check_archive`.
    """
    folder = tempfile.mkdtemp()
    remember_archive(folder, Path(archive))
    try:
        _unpack(Path(archive), Path(folder))
        check_configs(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        yield folder
    finally:
        if cleanup:
            shutil.rmtree(folder, ignore_errors=True)


def check_configs(folder: str | Path) -> None:
    """Refuses a run's folder or an unpacked archive by its configs. Raises as `check_archive`."""
    for name in _CONFIGS:
        path = Path(folder) / name
        if path.is_file():
            config = _check_config(path.read_bytes(), named(path))
            if name == CONFIG_NAME:
                check_config(config, folder)
        elif name == CONFIG_NAME:
            raise ConfigurationError(f"{named(path)} does not exist: this is no archive and no run of AllenNLP's.")
    if (meta := Path(folder) / META_NAME).is_file():
        try:
            content = read_object(meta, ConfigurationError, version=str)
        except ConfigurationError as error:
            raise ConfigurationError(named(error)) from None
        if unknown := content.keys() - {"version"}:
            raise ConfigurationError(f'{named(meta)} is damaged: AllenNLP writes no "{min(unknown)}" there.')
        version = content["version"]
        if version.count(".") < 2:
            raise ConfigurationError(f'{named(meta)} is damaged: "{version}" is no version of AllenNLP.')


def _unpack(archive: Path, folder: Path) -> None:
    for member, content in members(archive):
        target = folder / _checked_name(member, archive)
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
        else:
            unpack(content, target, archive)


def _checked_name(member: tarfile.TarInfo, archive: Path) -> PurePosixPath:
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise UnsafeArchiveError(
            f'{archive}: "{member.name}" is neither a file nor a folder (but a link or a device, say). AllenNLP writes '
            "no such archives; if you trust this one, unpack it yourself and give the folder."
        )
    paths = PurePosixPath(member.name), PureWindowsPath(member.name)
    if any(path.anchor or ".." in path.parts for path in paths) or "\0" in member.name:
        raise UnsafeArchiveError(f'{archive}: "{member.name}" lies outside the folder that the archive is unpacked to.')
    return paths[0]


def _check_config(content: bytes, where: str) -> Any:
    """Gives it, parsed."""
    try:
        config = parse_json(content)
    except JSONError as error:
        raise UnsafeArchiveError(
            f"{where} is not plain JSON, as AllenNLP writes it ({error}). "
            "As jsonnet it could read files and environment variables."
        ) from None
    waiting: list[Any] = [config]
    if isinstance(config, dict):
        waiting = [{key: value for key, value in config.items() if key not in _DATA_PATHS}]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            if value.get("trust_remote_code"):
                raise UnsafeArchiveError(f'{where} has "trust_remote_code", which downloads code and runs it.')
            waiting.extend(value.values())
        elif isinstance(value, str) and _would_import(value):
            raise UnsafeArchiveError(
                f'{where} has "{value}", by which AllenNLP would import the module "{value.rpartition(".")[0]}" and '
                "call what is in it. If it is a class of yours, have its package imported first: --include-package."
            )
    return config


def _would_import(value: str) -> bool:
    """
    Whether AllenNLP, meeting this string in a class's place, would import a module or call what is no class of an
    experiment. Which strings are in a class's place cannot be told beforehand, as a config may write "x" for
    `{"type": "x"}`.
    """
    module, _, name = value.rpartition(".")
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return False
    if module in sys.modules:
        found = getattr(sys.modules[module], name, None)
        return found is not None and not (isinstance(found, type) and issubclass(found, FromParams))
    try:
        # Looks for the outermost package only, which imports nothing.
        return importlib.util.find_spec(parts[0]) is not None
    except (ValueError, ImportError):
        return True
