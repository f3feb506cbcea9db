"""`elmo-embed`: the vectors of whole texts as Parquet, on one machine or many."""

import argparse
from pathlib import Path

from elmo_tasks.commands.bilm_choice import add_bilm_options
from elmo_tasks.commands.command import Command


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "texts",
        nargs="+",
        metavar="TEXT",
        help="texts (also .gz, .bz2, .xz): a sentence a line, tokens separated by white space",
    )
    parser.add_argument("out", metavar="OUT", help="the folder to write, or to go on with")
    parser.add_argument(
        "--rows", choices=["token", "sentence"], default="token", help="what a row is of (default: %(default)s)"
    )
    parser.add_argument(
        "--layers",
        type=parse_layers,
        default="mean",
        help="mean, all, or numbers such as 0,2 (0: the token layer, -1: the last, as --layers=-2,-1); a column each "
        "(default: mean)",
    )
    parser.add_argument("--float16", action="store_true", help="write half precision, not float32")
    parser.add_argument(
        "--part-tokens",
        type=int,
        default=16384,
        help="roughly how many tokens go into one file: what a worker holds in memory, and loses if it dies "
        "(default: %(default)s)",
    )
    add_bilm_options(parser, default="mini, where the command elmo takes original", device=False)
    _add_engine_options(parser)


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="processes of this machine, or the actors of a Ray cluster (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes, each with a biLM of its own; as many as there are cores use them all (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="cores of a worker; another number changes a vector's last bits (default: %(default)s)",
    )
    parser.add_argument("--gpus", action="store_true", help="each worker takes a GPU (default: the processor)")
    parser.add_argument(
        "--address", help="of a running Ray cluster: auto, or ray://HOST:10001 (default: one on this machine is begun)"
    )


def parse_layers(value: str) -> str | list[int]:
    """`"0,-1"` to `[0, -1]`; "mean" and "all" stay. Raises `argparse.ArgumentTypeError`."""
    if value in ("mean", "all"):
        return value
    try:
        return [int(layer) for layer in value.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{value}" is not mean, all, or numbers such as 0,2') from None


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.vectors.parquet import Engine, embed
    from elmo_tasks.vectors.parquet.embedding import BiLMChoice
    from elmo_tasks.vectors.parquet.folder import claim
    from elmo_tasks.vectors.parquet.plan import make_plan

    engine = Engine(args.engine, args.workers, args.threads, args.gpus, args.address)
    choice, folder = BiLMChoice(args.bilm, args.options_file, args.weight_file), Path(args.out)
    bilm = choice.read()
    by = f"by {choice.name}, {bilm.output_dim} numbers"
    texts = map(Path, args.texts)
    plan = make_plan(bilm, texts, args.rows, args.layers, args.float16, args.part_tokens, choice.name)
    # A folder that will not do is told alone.
    claim(folder, plan)
    print(f"Vectors {by} each.", flush=True)
    with progress_bar(total=plan.tokens, unit=" tokens") as bar:
        for tokens in embed(plan, choice, folder, engine):
            bar.update(tokens)
    lines = sum(text.lines for text in plan.texts)
    print(f"{folder}: {lines} lines, {plan.tokens} tokens in {len(plan.parts)} files, {by} each.")


COMMAND = Command(
    help="write the vectors of texts as Parquet, on one machine or many",
    description="Writes the vectors of tokenized texts, one sentence a line, to a folder of Parquet files. Each worker "
    "holds a biLM: a process of this machine, or an actor of a Ray cluster. What was killed goes on when it is started "
    "again. Example: elmo-tasks elmo-embed sentences.txt vectors --bilm mini --workers 2",
    add_options=_add_options,
    run=_run,
)
