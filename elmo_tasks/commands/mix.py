"""`elmo-mix`: what the mixes of trained models have learned."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from elmo_tasks.commands.command import Command
from elmo_tasks.embedders.trained_mixes import TrainedMix, layer_names, read_mixes
from elmo_tasks.files import writing
from elmo_tasks.reproduce.mix_figure import check_format, fixed_layer, write_picture

NamedMix = tuple[str, TrainedMix]
"""A mix and the name of its model."""


def split_name(argument: str) -> tuple[str | None, str]:
    """`NAME=ARCHIVE` or `ARCHIVE` to the name, if it is given, and the path."""
    name, equals, path = argument.partition("=")
    return (name, path) if equals and name and not Path(argument).exists() else (None, argument)


def short_names(paths: Sequence[str]) -> list[str]:
    """Of archives and folders: their paths without what all have in common, and without `model.tar.gz`."""
    parts = [Path(os.path.abspath(path)).parts for path in paths]
    parts = [path[:-1] if path[-1] == "model.tar.gz" else path for path in parts]
    common = 0
    while all(len(path) > common + 1 for path in parts) and len({path[common] for path in parts}) == 1:
        common += 1
    return ["/".join(path[common:]).removesuffix(".tar.gz") for path in parts]


def table(mixes: Sequence[NamedMix]) -> str:
    """An aligned Markdown table, a row a place."""
    number = max((len(mix.weights) for _, mix in mixes if mix.weights), default=0)
    rows = [["model", "place", *layer_names(number), "gamma", ""]]
    rows += [[model, mix.place, *_cells(mix, number), f"{mix.gamma:.3f}", _note(mix)] for model, mix in mixes]
    if not any(row[-1] for row in rows):
        rows = [row[:-1] for row in rows]
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    is_number = [2 <= column < number + 3 for column in range(len(widths))]
    lines = [
        " | ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        )
        for row in rows
    ]
    rule = " | ".join(
        "-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, is_number, strict=True)
    )
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _cells(mix: TrainedMix, number: int) -> list[str]:
    weights = [] if mix.weights is None else [f"{weight:.3f}" for weight in mix.weights]
    return weights + ["-"] * (number - len(weights))


def _note(mix: TrainedMix) -> str:
    if mix.weights is None:
        return fixed_layer(mix)
    return "" if mix.trained else "not trained"


def _mixes(arguments: Sequence[str]) -> tuple[list[NamedMix], str]:
    """The mixes, and the same as JSON."""
    given = [split_name(argument) for argument in arguments]
    paths = [path for _, path in given]
    names = [name or short for (name, _), short in zip(given, short_names(paths), strict=True)]
    read = [(name, path, mix) for name, path in zip(names, paths, strict=True) for mix in read_mixes(path)]
    records = [{"model": name, "archive": path, **mix._asdict()} for name, path, mix in read]
    return [(name, mix) for name, _, mix in read], json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def _run(args: argparse.Namespace) -> None:
    if args.picture:
        check_format(args.picture)
    mixes, records = _mixes(args.archives)
    print(table(mixes))
    if args.json:
        with writing(args.json) as temporary:
            temporary.write_text(records, encoding="utf-8")
    if args.picture:
        write_picture(mixes, args.picture)


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


COMMAND = Command(
    help="the layer weights that models have learned",
    description="Shows how trained models mix the biLM's layers: the softmax-normalised weights and gamma of each "
    "place that uses ELMo, as a Markdown table, as JSON and as a picture. Reads the models' weights only, and needs "
    "neither their biLM nor their data. "
    "Example: elmo-tasks elmo-mix NER=runs/ner SNLI=runs/snli/model.tar.gz --picture mixes.png",
    add_options=_add_options,
    run=_run,
)
