"""`allennlp elmo-mix`: what the mixes of trained models have learned."""

import argparse
import sys

from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from overrides import overrides

from elmo_tasks.files import writing
from elmo_tasks.mixes.figure import check_format, write_picture
from elmo_tasks.mixes.named import read_named, to_json
from elmo_tasks.mixes.table import markdown_table


def run(args: argparse.Namespace) -> None:
    """Prints the table and writes what is asked for; exits with a message where that cannot be done."""
    try:
        if args.picture:
            check_format(args.picture)
        read = read_named(args.archives)
        mixes = [mix.named for mix in read]
        print(markdown_table(mixes))
        if args.json:
            with writing(args.json) as temporary:
                temporary.write_text(to_json(read), encoding="utf-8")
        if args.picture:
            write_picture(mixes, args.picture)
    except (ConfigurationError, OSError, ValueError) as error:
        sys.exit(f"elmo-mix: {error}")


@Subcommand.register("elmo-mix")
class Mix(Subcommand):
    """
    `allennlp elmo-mix ARCHIVE...`

    Registered as a `Subcommand` with name "elmo-mix".
    """

    requires_plugins = False

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Shows how trained models mix the biLM's layers: the softmax-normalised weights and gamma of each place "
            "that uses ELMo, as a Markdown table, as JSON and as a picture. Reads the models' weights only, and needs "
            "neither their biLM nor their data. "
            "Example: allennlp elmo-mix NER=runs/ner SNLI=runs/snli/model.tar.gz --picture mixes.png"
        )
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, description=description, help="the layer weights that models have learned"
        )
        subparser.add_argument(
            "archives",
            nargs="+",
            metavar="[NAME=]ARCHIVE",
            help="a model.tar.gz or a run's folder, ours or of stock's elmo_token_embedder; the name is for the table "
            "(default: what tells the paths apart)",
        )
        subparser.add_argument("--json", metavar="FILE", help="write the figures as JSON (default: do not)")
        subparser.add_argument(
            "--picture",
            metavar="FILE",
            help="draw them to a .png, .svg or .pdf, as in the paper's figure 2 (default: do not)",
        )
        subparser.set_defaults(func=run)
        return subparser
