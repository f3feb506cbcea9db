"""What the mixes of trained models have learned, read from their files without building the models."""

import re
from collections.abc import Collection, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import torch
from allennlp.common.checks import ConfigurationError
from torch import Tensor

from elmo_tasks.archives.safety import FROM_ARCHIVE, MODEL_NAME
from elmo_tasks.archives.tar import damage_told, members
from elmo_tasks.archives.weights import load_state_dict
from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.mixes.mix import TrainedMix

_CONFIG = "config.json"
# What a run that began "from_archive" keeps of the model's own config.
_KEPT = f"vocabulary/{FROM_ARCHIVE}/{MODEL_NAME}"
_RUN_WEIGHTS, _ARCHIVE_WEIGHTS, _ARCHIVE = "best.th", "weights.th", "model.tar.gz"

_SCALAR_PARAMETER = re.compile(r"(?:(?P<module>.+)\.)?scalar_parameters\.\d+")
_GAMMA_OF_MIX = re.compile(r"(?P<module>(?:.+\.)?_?scalar_mix(?:_\d+)?)\.gamma")


def read_mixes(model: str | Path) -> list[TrainedMix]:
    """
    The mixes of a trained model: those of our embedders and those of stock AllenNLP's.

    Neither is the biLM read nor anything unpacked or built, and only tensors are taken out of the weights: a file that
    would run code is refused.

    # Parameters

    model : `str` or `Path`
        An archive such as `model.tar.gz`, or the folder of a run or of an unpacked archive.

    # Returns

    `list[TrainedMix]`
        In the order of the model's parameters.

    # Raises

    `ConfigurationError`
        Where there is no model, its files cannot be read, or it has no mix.
    """
    path = Path(model)
    config, weights = _read_folder(path) if path.is_dir() else _read_archive(path)
    try:
        mixes = trained_mixes(weights, config)
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error.args[0]}.") from None
    if not mixes:
        raise ConfigurationError(f"{path} has no mix of layers: no part of it uses ELMo.")
    return mixes


def trained_mixes(weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> list[TrainedMix]:
    """
    The mixes among a model's weights; none where it was trained without ELMo.

    # Parameters

    weights : `Mapping[str, Tensor]`
        By the names of the model's parameters.
    config : `Mapping[str, Any]`
        The training's, of which the model's part is looked at; see `read_config`.

    # Raises

    `KeyError`
        If a part of a mix is missing.
    `ValueError`
        If a part of a mix is not one number.
    """
    modules = dict.fromkeys(filter(None, map(_mix_of, weights)))
    return [_mix(module, weights, config) for module in modules]


def read_config(model: str | Path) -> dict[str, Any]:
    """
    A training's config. Where the model came `"from_archive"`, its own config is there in place of the archive's name.

    # Parameters

    model : `str` or `Path`
        An archive such as `model.tar.gz`, or the folder of a run or of an unpacked archive.

    # Raises

    `ConfigurationError`
        Where there is none, or it cannot be read.
    """
    path = Path(model)
    return _config(_folder_files(path) if path.is_dir() else _archive_files(path, (_CONFIG, _KEPT)), path)


def _read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    for name in (_RUN_WEIGHTS, _ARCHIVE_WEIGHTS):
        if (folder / name).is_file():
            with open(folder / name, "rb") as weights:
                tensors = _load_tensors(weights, folder / name)
            return _config(_folder_files(folder), folder), tensors
    if (folder / _ARCHIVE).is_file():
        return _read_archive(folder / _ARCHIVE)
    raise ConfigurationError(
        f"{folder} has neither {_RUN_WEIGHTS} nor {_ARCHIVE}: give an archive, or the folder of a run that has "
        "finished an epoch."
    )


def _folder_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (_CONFIG, _KEPT) if (folder / name).is_file()}


def _read_archive(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    files = _archive_files(path, (_CONFIG, _KEPT, _ARCHIVE_WEIGHTS))
    config = _config(files, path)
    if _ARCHIVE_WEIGHTS not in files:
        raise ConfigurationError(f"{path} is no archive of AllenNLP's: there is no {_ARCHIVE_WEIGHTS} in it.")
    return config, _load_tensors(BytesIO(files[_ARCHIVE_WEIGHTS]), path)


def _archive_files(path: Path, names: Collection[str]) -> dict[str, bytes]:
    """Those of these members that are there."""
    if not path.is_file():
        raise ConfigurationError(f"There is no archive or folder {path}.")
    files = {}
    # To the end, where the check sum is.
    for member, content in members(path):
        name = member.name.removeprefix("./")
        if content is not None and name in names:
            with damage_told(path):
                files[name] = content.read()
    return files


def _load_tensors(file: IO[bytes], path: Path) -> dict[str, Tensor]:
    state = load_state_dict(file, path)
    return {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}


def _config(files: Mapping[str, bytes], path: Path) -> dict[str, Any]:
    """The config in a folder's or an archive's files."""
    if _CONFIG not in files:
        raise ConfigurationError(f"{path} is no archive and no run of AllenNLP's: there is no {_CONFIG} in it.")
    config = _parse_config(files[_CONFIG], f"{path}: {_CONFIG}")
    if _KEPT in files:
        config["model"] = _parse_config(files[_KEPT], f"{path}: {_KEPT}").get("model")
    return config


def _parse_config(text: bytes, where: str) -> dict[str, Any]:
    try:
        config = parse_json(text)
    except JSONError as error:
        raise ConfigurationError(f"{where} is {error}.") from None
    if not isinstance(config, dict):
        raise ConfigurationError(f"{where} is no object but a {type(config).__name__}.")
    return config


def _mix_of(name: str) -> str | None:
    """The module of a mix that a parameter belongs to, if it does. A fixed layer's mix has a gamma only."""
    match = _SCALAR_PARAMETER.fullmatch(name) or _GAMMA_OF_MIX.fullmatch(name)
    return match and (match["module"] or "")


def _mix(module: str, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> TrainedMix:
    prefix = f"{module}." if module else ""
    number = sum(name.startswith(f"{prefix}scalar_parameters.") for name in weights)
    parameters = [_value(weights, f"{prefix}scalar_parameters.{layer}") for layer in range(number)]
    embedder = _without_mix(module)
    settings = _settings(config.get("model"), embedder)
    return TrainedMix(
        place=_place(embedder),
        module=module,
        weights=torch.tensor(parameters).softmax(dim=0).tolist() if parameters else None,
        gamma=_value(weights, f"{prefix}gamma"),
        layer=None if parameters else settings.get("layers"),
        trained=settings.get("scalar_mix_parameters") is None,
        transformer=settings.get("transformer") is not None,
    )


def _value(weights: Mapping[str, Tensor], name: str) -> float:
    if name not in weights:
        raise KeyError(f"the mix is not whole, {name} is missing")
    tensor = weights[name]
    if tensor.numel() != 1:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)} and should be one number")
    if not tensor.isfinite():
        raise ValueError(f"{name} is {tensor.item()}: the training went astray")
    return tensor.item()


def _without_mix(module: str) -> list[str]:
    """The parts of the name of the module that has the mix."""
    parts = module.split(".")
    if parts[-1] == "_scalar_mix":
        return parts[:-1]
    if parts[-2:] == ["_elmo", "scalar_mix_0"] and "token_embedder_" in module:
        # Stock's token embedder has a whole `Elmo` inside.
        return parts[:-2]
    return parts


def _place(parts: Sequence[str]) -> str:
    names = [part.removeprefix("token_embedder_").lstrip("_") for part in parts]
    return names[1] if names in (["elmo", "input"], ["elmo", "output"]) else ".".join(names)


def _settings(config: Any, parts: Sequence[str]) -> Mapping[str, Any]:
    """The part of a model's config that made a module, as far as the two have the same names; else nothing."""
    for part in parts:
        if not isinstance(config, dict):
            return {}
        name = part.lstrip("_")
        if name.startswith("token_embedder_"):
            embedders = config.get("token_embedders", config)
            config = embedders.get(name.removeprefix("token_embedder_")) if isinstance(embedders, dict) else None
        elif name in config:
            config = config[name]
        elif name not in ("input", "output"):
            return {}
    return config if isinstance(config, dict) else {}
