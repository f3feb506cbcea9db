"""`allennlp elmo-add`: ELMo into an existing config."""

import argparse
import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _jsonnet import evaluate_snippet
from allennlp.commands.subcommand import Subcommand
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from overrides import overrides

from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.pretrained import OUTPUT_DIMS, find_bilm
from elmo_tasks.files import writing

LIBRARY = Path(__file__).parents[1] / "configs" / "elmo.libsonnet"
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
    `elmo.add` of `elmo.libsonnet`, which describes the parameters.

    # Parameters

    config : `Mapping[str, Any]`
        As it is after evaluating jsonnet; it stays as it is.

    # Returns

    `dict[str, Any]`
        The config with ELMo.

    # Raises

    `ConfigurationError`
        If it is no config, if it has ELMo already (with `replace`: if it has none), or if sizes cannot be known.
    """
    arguments = {
        "config": config,
        "bilm": bilm,
        "replace": replace,
        "sizes": sizes,
        "old_dim": old_dim,
        "parameters": parameters or {},
    }
    code = {name: json.dumps(value) for name, value in arguments.items()}
    try:
        # The snippet's name says where its import begins.
        return json.loads(evaluate_snippet(str(LIBRARY.with_name("elmo-add")), _CALL, tla_codes=code))
    except RuntimeError as error:
        raise ConfigurationError(_without_trace(error)) from error


def read_config(path: str) -> dict[str, Any]:
    """
    A config as AllenNLP reads it: JSON or jsonnet, with the environment as external variables.

    # Raises

    `ConfigurationError`
        If there is no such file or it does not evaluate to an object.
    """
    if not Path(path).is_file():
        raise ConfigurationError(f"There is no file {path}.")
    try:
        evaluated = Params.from_file(path).as_dict(quiet=True)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is neither JSON nor jsonnet: {error}.") from error
    except RuntimeError as error:
        hint = ": AllenNLP takes it from the environment" if "external variable" in str(error) else ""
        raise ConfigurationError(f"{path} cannot be evaluated: {_without_trace(error)}{hint}.") from error
    if not isinstance(evaluated, dict):
        raise ConfigurationError(f"{path} is no config but a {type(evaluated).__name__}.")
    return evaluated


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


def _order(path: str) -> Any:
    """A config whose keys are in the user's order, where that is known."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        return {}


def _difference(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    old, new = (_text(config).splitlines(keepends=True) for config in (before, after))
    return "".join(difflib.unified_diff(old, new, fromfile=name, tofile=f"{name} with ELMo"))


def _text(config: dict[str, Any]) -> str:
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _bilm(given: str | None) -> str | dict[str, Any] | None:
    """What `elmo.add` takes for a biLM's name or folder."""
    if given is None or given in OUTPUT_DIMS:
        return given
    files = find_bilm(given)
    return {
        "options_file": str(files.options_file),
        "weight_file": str(files.weight_file),
        "dim": BiLMOptions.from_file(files.options_file).output_dim,
    }


def _add(args: argparse.Namespace) -> None:
    out = Path(args.out) if args.out else None
    if out is not None and out.exists() and not args.force:
        raise ConfigurationError(f"{out} is there already: give another -o, or --force to overwrite it.")
    try:
        parameters = json.loads(args.parameters)
    except ValueError as error:
        raise ConfigurationError(f"--parameters {args.parameters} is not JSON: {error}.") from error
    before = read_config(args.config)
    before = _in_order_of(before, _order(args.config))
    after = add_elmo(before, _bilm(args.bilm), args.replace, args.sizes, args.old_dim, parameters)
    after = _in_order_of(after, before)
    print(_difference(before, after, args.config), end="")
    if out is None:
        print("Nothing is written: -o OUT writes the config.", file=sys.stderr)
        return
    with writing(out) as temporary:
        temporary.write_text(_text(after), encoding="utf-8")
    print(f"Wrote {out}.", file=sys.stderr)


def run(args: argparse.Namespace) -> None:
    """Prints what changes and writes the config; exits with a message where that cannot be done."""
    try:
        _add(args)
    except (ConfigurationError, OSError, ValueError) as error:
        sys.exit(f"elmo-add: {error}")


class _PrintLibrary(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> None:
        print(LIBRARY)
        parser.exit()


@Subcommand.register("elmo-add")
class Add(Subcommand):
    """
    `allennlp elmo-add CONFIG [-o OUT]`

    Registered as a `Subcommand` with name "elmo-add".
    """

    requires_plugins = False

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Adds ELMo to a config: the indexer to its readers, the embedder to its text field embedders, and what it "
            "takes to the input sizes of what follows. Shows what it changes. Example: allennlp elmo-add "
            "tagger.jsonnet -o tagger_elmo.json --bilm original"
        )
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, description=description, help="add ELMo to a config"
        )
        subparser.add_argument("config", help="a config, JSON or jsonnet")
        subparser.add_argument("-o", "--out", help="where to write it, as JSON; by default nothing is written")
        subparser.add_argument("--force", action="store_true", help="overwrite OUT, which may be CONFIG")
        subparser.add_argument("--bilm", help="a biLM's name or folder (default: mini; with --replace: what is there)")
        subparser.add_argument(
            "--replace", action="store_true", help="put our embedder into the place of elmo_token_embedder, or of ours"
        )
        subparser.add_argument(
            "--sizes",
            nargs="*",
            metavar="PATH",
            help="for models that are not known: the fields to be raised, such as model.encoder.input_size, or "
            "model.feedforward.input_dim:3 for one that grows three times as much (default: those of the model's type)",
        )
        subparser.add_argument(
            "--old-dim",
            type=int,
            help="with --replace: the length of the replaced ELMo's vectors (default: what its files' names say)",
        )
        subparser.add_argument(
            "--parameters", default="{}", metavar="JSON", help='more for the embedder, such as {"dropout": 0.5}'
        )
        subparser.add_argument(
            "--library", action=_PrintLibrary, nargs=0, help="print where elmo.libsonnet is, for a config's import"
        )
        subparser.set_defaults(func=run)
        return subparser
