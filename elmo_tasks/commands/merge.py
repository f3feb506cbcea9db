"""`elmo-merge`: shards of `elmo` put together."""

import argparse
from pathlib import Path

from elmo_tasks.commands.command import Command


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shards", nargs="+", type=Path, help="the shards, in any order")
    parser.add_argument("output_file", type=Path, help="the HDF5 file to write")
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace OUTPUT_FILE where it is there already and is not of these shards' run (default: refuse)",
    )


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.vectors.dump import merge_files

    contents = merge_files(args.shards, args.output_file, args.force)
    print(f"{args.output_file}: {contents.stop} lines, {contents.tokens} tokens, of {len(args.shards)} shards.")


COMMAND = Command(
    help="put shards of elmo together",
    description="Puts the files that elmo --shard wrote together, and verifies that they are of one text, one biLM and "
    "one format, that no line is missing or there twice, and that each dataset has the right type and shape. "
    "Example: elmo-tasks elmo-merge shard-1.hdf5 shard-2.hdf5 layers.hdf5",
    add_options=_add_options,
    run=_run,
)
