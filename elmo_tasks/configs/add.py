"""ELMo into an existing config."""

import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _jsonnet import evaluate_snippet
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.pretrained import OUTPUT_DIMS, find_bilm
from elmo_tasks.files import check_is_file, parse_json, read_text
from elmo_tasks.old_configs import check_not_old
from elmo_tasks.transformer import hidden_size, transformer_of

LIBRARY = Path(__file__).with_name("elmo.libsonnet")
"""What a jsonnet config imports to add ELMo to another; all that is done here is done there."""

_CALL = """
function(config, bilm, replace, sizes, old_dim, parameters)
  (import 'elmo.libsonnet').add(config, bilm, replace, sizes, old_dim, parameters)
"""


def add_elmo(
    config: Mapping[str, Any],
    bilm: str | Mapping[str, Any] | None = None,
    replace: bool = False,
    sizes: Sequence[str] | None = None,
    old_dim: int | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    Adds ELMo to a config: its indexer to every reader, its embedder to every text field embedder, and the length of its
    vectors to the input sizes of what follows. A model of this project gets it as its parameter `elmo`, and its input
    sizes are left out. It is `elmo.add` of `elmo.libsonnet`, from Python.

    # Parameters

    config : `Mapping[str, Any]`
        As it is after evaluating jsonnet; it stays as it is.
    bilm : `str | Mapping[str, Any]`, optional (default = `"mini"`; with `replace`, the one that is there)
        The name of a biLM, its files and the length of its vectors (`{"options_file": ..., "weight_file": ..., "dim":
        512}`), or a transformer and its hidden size (`{"transformer": ..., "dim": 768}`). `bilm_parameter` makes it.
    replace : `bool`, optional (default = `False`)
        Whether this project's embedder is to replace the ELMo that the config has, AllenNLP's or this project's. It
        keeps the files, unless `bilm` is given, and the parameters.
    sizes : `Sequence[str]`, optional
        The input sizes to be raised, and no others, for a model whose own are not known: `"model.encoder.input_size"`,
        or `"model.feedforward.input_dim:3"` where ELMo's vectors come in three times.
    old_dim : `int`, optional
        With `replace`: the length of the replaced ELMo's vectors, where the names of its files do not tell.
    parameters : `Mapping[str, Any]`, optional
        More parameters of the embedder, such as `{"dropout": 0.5}`; in a model of this project, of `TaskElmo`, such as
        `{"place": "both"}`.

    # Returns

    `dict[str, Any]`
        The config with ELMo, its keys in the order that they had.

    # Raises

    `ConfigurationError`
        If it is no config, if it has ELMo already (with `replace`: if it has none), if sizes cannot be known, or if the
        embedder has no such parameters.
    """
    arguments = {
        "config": config,
        "bilm": bilm,
        "replace": replace,
        "sizes": sizes,
        "old_dim": old_dim,
        "parameters": {} if parameters is None or parameters == {} else _known(parameters),
    }
    code = {name: json.dumps(value) for name, value in arguments.items()}
    try:
        # The snippet's name says where its import begins.
        added = json.loads(evaluate_snippet(str(LIBRARY.with_name("elmo-add")), _CALL, tla_codes=code))
    except RuntimeError as error:
        raise ConfigurationError(_without_trace(error)) from error
    return _in_order_of(added, config)


def _known(parameters: Any) -> Mapping[str, Any]:
    """The parameters, if they are the embedder's, or those of `model.elmo` in this project's own models."""
    # Torch, which they import, would be imported for nothing where there are none.
    from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder
    from elmo_tasks.embedders.task_elmo import TaskElmo

    if not isinstance(parameters, Mapping):
        raise ConfigurationError(f"The embedder's parameters must be a JSON object, not a {type(parameters).__name__}.")
    known = {name for kind in (ElmoTokenEmbedder, TaskElmo) for name in inspect.signature(kind).parameters}
    known -= {"serialization_dir", "embedder"}
    if unknown := sorted(set(parameters) - known):
        raise ConfigurationError(f'The embedder has no parameter "{unknown[0]}"; it has {", ".join(sorted(known))}.')
    return parameters


def read_config(path: str) -> dict[str, Any]:
    """
    A config as AllenNLP reads it: JSON or jsonnet, with the environment as external variables.

    # Raises

    `ConfigurationError`
        If there is no such file, it does not evaluate to an object, or is one of AllenNLP 0.9.
    """
    check_is_file(path, ConfigurationError)
    try:
        evaluated = Params.from_file(path).as_dict(quiet=True)
    except RuntimeError as error:
        hint = ": AllenNLP takes it from the environment" if "external variable" in str(error) else ""
        raise ConfigurationError(f"{path} cannot be evaluated: {_without_trace(error).rstrip('.')}{hint}.") from error
    if not isinstance(evaluated, dict):
        raise ConfigurationError(f"{path} is no config but a {type(evaluated).__name__}.")
    check_not_old(evaluated, path)
    return _in_order_of(evaluated, _as_written(path))


def _as_written(path: str) -> Any:
    """A config that is plain JSON, with its keys in the user's order."""
    try:
        return parse_json(read_text(path, ValueError))
    except ValueError:
        return {}


def _without_trace(error: RuntimeError) -> str:
    """Jsonnet's message without the lines that say where in its files it was; one of the user's file stays."""
    return str(error).removeprefix("RUNTIME ERROR: ").split("\n\t")[0].strip()


def _in_order_of(value: Any, original: Any) -> Any:
    """`value` with the keys of `original` in their order and new ones last, of which jsonnet has lost the order."""
    if isinstance(value, dict):
        original = original if isinstance(original, dict) else {}
        keys = [key for key in original if key in value]
        keys += sorted((key for key in value if key not in original), key=lambda key: key != "type")
        return {key: _in_order_of(value[key], original.get(key)) for key in keys}
    if isinstance(value, list) and isinstance(original, list) and len(value) == len(original):
        return [_in_order_of(*pair) for pair in zip(value, original, strict=True)]
    # Jsonnet writes 1 for 1.0.
    return original if value == original else value


def bilm_parameter(given: str | None) -> str | dict[str, Any] | None:
    """
    What `add_elmo` takes for a biLM's name or folder, or a transformer, see `transformer_of`. Raises `PretrainedError`
    or `TransformerError` if there is none.
    """
    if given is None or given in OUTPUT_DIMS:
        return given
    if (transformer := transformer_of(given)) is not None:
        return {"transformer": transformer, "dim": hidden_size(transformer)}
    files = find_bilm(given)
    return {
        "options_file": str(files.options_file),
        "weight_file": str(files.weight_file),
        "dim": BiLMOptions.from_file(files.options_file).output_dim,
    }
