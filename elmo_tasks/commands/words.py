"""`elmo-words`: vectors of a vocabulary, without contexts."""

import argparse

from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.commands.command import Command


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "vocabulary",
        help="a word a line, plain or compressed; all are taken as text but <S> and </S>, the sentence boundaries",
    )
    parser.add_argument("out", help="the file to write, gzipped if it ends with .gz")
    parser.add_argument(
        "--digits",
        type=int,
        default=6,
        help="significant digits of a number, 1 to 9; 9 are exact (default: %(default)s)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace OUT where it is there already and is not what this would write (default: refuse)",
    )
    add_bilm_options(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.vectors.static_vectors import count_words, static_dim, write_words

    bilm = load_bilm(args)
    total = count_words(args.vocabulary)
    with progress_bar(total=total, unit=" words") as bar:
        number = write_words(bilm, args.vocabulary, args.out, args.digits, args.force, progress=bar.update)
    print(f"Wrote {args.out}: {number} words, {static_dim(bilm)} numbers each.")


COMMAND = Command(
    help="write context-independent vectors of words",
    description="Writes vectors of words without a context in GloVe's text format, for AllenNLP's pretrained_file and "
    "the like: what the biLM's character CNN, highway layers and projection make of a word's spelling, one half of the "
    "token layer (which has it twice). Example: elmo-tasks elmo-words vocabulary/tokens.txt vectors.txt.gz",
    add_options=_add_options,
    run=_run,
)
