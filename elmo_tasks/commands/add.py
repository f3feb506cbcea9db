"""`elmo-add`: ELMo into an existing config."""

import argparse
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from elmo_tasks.checks import check_number
from elmo_tasks.commands.bilm_choice import CHOICES
from elmo_tasks.commands.command import Command
from elmo_tasks.commands.output import add_force_option, check_output
from elmo_tasks.files import JSONError, parse_json, writing

_STOCKS_TAGGERS = ("simple_tagger", "crf_tagger")


class _PrintLibrary(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> None:
        from elmo_tasks.configs.add import LIBRARY

        print(LIBRARY)
        parser.exit()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a config, JSON or jsonnet")
    parser.add_argument(
        "-o", "--out", help="where to write it, as JSON; with --force this may be CONFIG (default: nothing is written)"
    )
    add_force_option(parser)
    parser.add_argument("--bilm", help=f"the biLM: {CHOICES} (default: mini; with --replace: what is there)")
    parser.add_argument(
        "--replace", action="store_true", help="put our embedder into the place of elmo_token_embedder, or of ours"
    )
    parser.add_argument(
        "--sizes",
        nargs="*",
        metavar="PATH",
        help="for models that are not known: the fields to be raised, such as model.encoder.input_size, or "
        "model.feedforward.input_dim:3 for one that grows three times as much (default: those of the model's type)",
    )
    parser.add_argument(
        "--old-dim",
        type=int,
        help="with --replace: the length of the replaced ELMo's vectors (default: what its files' names say)",
    )
    parser.add_argument(
        "--parameters",
        default="{}",
        metavar="JSON",
        help='more for the embedder, such as {"dropout": 0.5} (default: %(default)s)',
    )
    parser.add_argument(
        "--gamma",
        type=float,
        metavar="X",
        help="where the scale of ELMo's vectors starts: beside word vectors that are not trained, their length divided "
        "by that of ELMo's, such as 0.3 for mini beside GloVe (default: 1 in stock's models, and what the first batch "
        "says in this project's)",
    )
    parser.add_argument(
        "--library", action=_PrintLibrary, nargs=0, help="print where elmo.libsonnet is, for a config's import"
    )


def _run(args: argparse.Namespace) -> None:
    from allennlp.common.checks import ConfigurationError

    from elmo_tasks.configs.add import add_elmo, bilm_parameter, read_config

    out = Path(args.out) if args.out else None
    check_output(out, args.force)
    try:
        parameters = parse_json(args.parameters)
    except JSONError as error:
        raise ConfigurationError(f"--parameters {args.parameters[:200]} is {error}.") from None
    if args.gamma is not None and (parameters is None or isinstance(parameters, dict)):
        check_number(ConfigurationError, -1e30, 1e30, **{"--gamma": args.gamma})
        if "gamma" in (parameters or {}):
            raise ConfigurationError("--parameters has a gamma, and --gamma is given too: give one of them.")
        parameters = {**(parameters or {}), "gamma": args.gamma}
    before = read_config(args.config)
    after = add_elmo(before, bilm_parameter(args.bilm), args.replace, args.sizes, args.old_dim, parameters)
    print(_difference(before, after, args.config), end="")
    if out is None:
        print("Nothing is written: -o OUT writes the config.", file=sys.stderr)
        return
    with writing(out) as temporary:
        temporary.write_text(_text(after), encoding="utf-8")
    if args.gamma is None and _has_frozen_vectors(before.get("model")) and not _is_own(after):
        print(
            "Beside word vectors that are not trained ELMo's may be too long: --gamma starts their scale elsewhere, "
            "such as 0.3 for mini beside GloVe.",
            file=sys.stderr,
        )
    if after.get("model", {}).get("type") in _STOCKS_TAGGERS:
        print("To predict with it: --predictor elmo_tagger, which needs no model of spaCy's.", file=sys.stderr)
    print(f"Wrote {out}.", file=sys.stderr)


def _is_own(config: dict[str, Any]) -> bool:
    """Whether the model is this project's, and starts gamma by itself."""
    return str(config.get("model", {}).get("type")).startswith("elmo_")


def _has_frozen_vectors(part: Any) -> bool:
    """Whether a model, or a part of one, has word vectors that are read and not trained."""
    if isinstance(part, list):
        return any(map(_has_frozen_vectors, part))
    if not isinstance(part, dict):
        return False
    is_frozen = part.get("trainable") is False and part.get("pretrained_file") is not None
    return is_frozen or any(map(_has_frozen_vectors, part.values()))


def _difference(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    old, new = (_text(config).splitlines(keepends=True) for config in (before, after))
    return "".join(difflib.unified_diff(old, new, fromfile=name, tofile=f"{name} with ELMo"))


def _text(config: dict[str, Any]) -> str:
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


COMMAND = Command(
    help="add ELMo to a config",
    description="Adds ELMo to a config: the indexer to its readers, the embedder to its text field embedders, and what "
    "it takes to the input sizes of what follows. Shows what it changes. "
    "Example: elmo-tasks elmo-add tagger.jsonnet -o tagger_elmo.json --bilm original",
    add_options=_add_options,
    run=_run,
)
