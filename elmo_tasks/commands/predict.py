"""`allennlp elmo-predict`: AllenNLP's `predict`, which can go on after a bad line."""

import argparse
import json

from allennlp.commands.predict import Predict, _predict
from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from overrides import overrides


@Subcommand.register("elmo-predict")
class ElmoPredict(Predict):
    """
    `allennlp predict` with `--skip-bad-lines`. The command of that name parses its options before it loads plugins, so
    that no plugin can add one to it.

    Registered as a `Subcommand` with name "elmo-predict".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser = super().add_subparser(parser)
        subparser.description = (
            "Answers for the lines of a JSON-lines file, with all the options of allennlp predict, and "
            "--skip-bad-lines. Example: allennlp elmo-predict model.tar.gz sentences.jsonl --output-file tags.jsonl "
            "--silent --skip-bad-lines"
        )
        for option in subparser._actions:
            if option.option_strings and option.nargs != 0 and option.help and "default" not in option.help:
                option.help += " (default: %(default)s)"
        subparser.add_argument(
            "--skip-bad-lines",
            action="store_true",
            help='answer a line that cannot be read with {"line": its number, "error": what is wrong} and go on, for '
            "this plugin's predictors (default: stop there)",
        )
        subparser.set_defaults(func=_run)
        return subparser


def _run(args: argparse.Namespace) -> None:
    if args.skip_bad_lines:
        try:
            given = json.loads(args.predictor_args.strip() or "{}")
        except ValueError as error:
            raise ConfigurationError(f"--predictor-args {args.predictor_args} is not JSON: {error}.") from None
        args.predictor_args = json.dumps({**given, "skip_bad_lines": True})
    _predict(args)
