"""`elmo-export`: the biLM of a trained model as options.json and weights.hdf5."""

import argparse
from pathlib import Path

from elmo_tasks.commands.command import Command


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", help="a run's folder or its model.tar.gz")
    parser.add_argument("out", help="the folder to write to; made if need be")
    parser.add_argument(
        "--half",
        action="store_true",
        help="round the weights to half precision and compress them: half the size, still float32 to its readers "
        "(default: neither)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace the two files where they are there already and are not what this would write (default: refuse)",
    )
    parser.add_argument(
        "--module", help="which biLM, by its module's name, where a model has several (default: the only one)"
    )


def _run(args: argparse.Namespace) -> None:
    from allennlp.common.checks import ConfigurationError

    from elmo_tasks.archives.safety import open_archive
    from elmo_tasks.embedders.bilms import bilms_of
    from elmo_tasks.pretraining.export import export_bilm

    bilms = bilms_of(open_archive(args.archive).model)
    if not bilms:
        raise ConfigurationError(f"{args.archive} holds no biLM: its model neither is nor has one.")
    if args.module is None and len(bilms) > 1:
        raise ConfigurationError(f"{args.archive} holds {len(bilms)} biLMs; give one by --module: {', '.join(bilms)}.")
    name = args.module if args.module is not None else next(iter(bilms))
    if name not in bilms:
        raise ConfigurationError(f'There is no biLM "{name}" in {args.archive}, but: {", ".join(bilms)}.')
    files = export_bilm(bilms[name], Path(args.out), args.half, args.force)
    print(f"Wrote {files.options_file} and {files.weight_file}.")


COMMAND = Command(
    help="write options.json and weights.hdf5",
    description="Writes the biLM of a trained model as options.json and weights.hdf5, in the published format: a "
    "language model's, or that of a task's model, trained with it (\"requires_grad\": true) or frozen. "
    "Example: elmo-tasks elmo-export runs/mini runs/mini-bilm",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
