"""`elmo-mix`: what the mixes of trained models have learned."""

import argparse

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.output import add_force_option, check_output
from elmo_tasks.files import writing


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "archives",
        nargs="+",
        metavar="[NAME=]ARCHIVE",
        help="a model.tar.gz or a run's folder, ours or of stock's elmo_token_embedder; the name is for the table "
        "(default: what tells the paths apart)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON (default: do not)")
    parser.add_argument(
        "--picture",
        metavar="FILE",
        help="draw them to a .png, .svg or .pdf, as in the paper's figure 2 (default: do not)",
    )
    add_force_option(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.mixes.figure import check_format, write_picture
    from elmo_tasks.mixes.named import read_named, split_name, to_json
    from elmo_tasks.mixes.table import markdown_table

    if args.picture:
        check_format(args.picture)
    for file in (args.json, args.picture):
        check_output(file, args.force, [split_name(given)[1] for given in args.archives])
    read = read_named(args.archives)
    mixes = [mix.named for mix in read]
    print(markdown_table(mixes))
    if args.json:
        with writing(args.json) as temporary:
            temporary.write_text(to_json(read), encoding="utf-8")
    if args.picture:
        write_picture(mixes, args.picture)


COMMAND = Command(
    help="the layer weights that models have learned",
    description="Shows how trained models mix the biLM's layers: the softmax-normalised weights and gamma of each "
    "place that uses ELMo, as a Markdown table, as JSON and as a picture. Reads the models' weights only, and needs "
    "neither their biLM nor their data. "
    "Example: elmo-tasks elmo-mix NER=runs/ner SNLI=runs/snli/model.tar.gz --picture mixes.png",
    add_options=_add_options,
    run=_run,
)
