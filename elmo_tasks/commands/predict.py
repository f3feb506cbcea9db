"""`elmo-predict`: AllenNLP's `predict`, which can go on after a bad line."""

import argparse
import json
from types import SimpleNamespace

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import check_device
from elmo_tasks.files import JSONError, parse_json


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Those of `elmo-tasks predict`, and `--skip-bad-lines`."""
    from allennlp.commands.predict import Predict

    # Stock's command asks for a parser to add its options to.
    Predict().add_subparser(SimpleNamespace(add_parser=lambda *args, **kwargs: parser))  # type: ignore[arg-type]
    for option in parser._actions:
        if option.option_strings and option.nargs != 0:
            none = option.default is None or option.default == ""
            option.help = f"{option.help} (default: {'none' if none else '%(default)s'})"
    parser.add_argument(
        "--skip-bad-lines",
        action="store_true",
        help='answer a line that cannot be read with {"line": its number, "error": what is wrong} and go on, for this '
        "plugin's predictors (default: stop there)",
    )


def _run(args: argparse.Namespace) -> None:
    from allennlp.commands.predict import _predict
    from allennlp.common.checks import ConfigurationError

    check_device(args.cuda_device)
    if args.skip_bad_lines:
        try:
            given = parse_json(args.predictor_args.strip() or "{}")
        except JSONError as error:
            raise ConfigurationError(f"--predictor-args {args.predictor_args[:200]} is {error}.") from None
        args.predictor_args = json.dumps({**given, "skip_bad_lines": True})
    _predict(args)


COMMAND = Command(
    help="use a trained model to make predictions, also where some lines are bad",
    description="Answers for the lines of a JSON-lines file, with all the options of elmo-tasks predict, and "
    "--skip-bad-lines. The biLM is the one that the archive has in it. "
    "Example: elmo-tasks elmo-predict model.tar.gz sentences.jsonl --output-file tags.jsonl "
    "--silent --skip-bad-lines",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
