"""`elmo-neighbors`: what is near to a word in its context, and to the word alone."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.commands.command import Command

if TYPE_CHECKING:
    from elmo_tasks.vectors.neighbors import Neighbor, Occurrence


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--word", required=True, help="a token of the sentence (required)")
    parser.add_argument(
        "--sentence",
        required=True,
        action="append",
        help="tokenized, the tokens separated by spaces (required); several are searched for in one pass",
    )
    parser.add_argument(
        "--occurrence",
        type=int,
        default=1,
        help="which of the word's occurrences in a sentence, counted from 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        help="tokenized text, one sentence a line, plain or compressed (default: a small one in the package)",
    )
    parser.add_argument(
        "--layer",
        type=parse_layer,
        default="last",
        help='number, 0 for the token layer; "last", or "mean" of all (default: %(default)s)',
    )
    parser.add_argument("-k", type=int, default=10, help="neighbours to show (default: %(default)s)")
    parser.add_argument(
        "--same-word",
        action="store_true",
        help="show occurrences of the same word only, upper or lower case; much faster (default: of any word)",
    )
    parser.add_argument(
        "--vectors",
        type=Path,
        metavar="FILE",
        help="words' vectors in GloVe's text format, plain or compressed, to compare with (default: the biLM's token "
        "layer of the corpus's words)",
    )
    add_bilm_options(parser)


def parse_layer(value: str) -> int | str:
    """`"1"` to `1`; `"last"` and `"mean"` stay. Raises `argparse.ArgumentTypeError`."""
    if value in ("last", "mean"):
        return value
    if value.isdecimal():
        return int(value)
    raise argparse.ArgumentTypeError(f'"{value}" is no layer: give its number, 0 for the token layer, "last" or "mean"')


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.bilm import BiLM
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.vectors.nearest_words import nearest_without_context
    from elmo_tasks.vectors.neighbors import (
        CORPUS,
        find_occurrence,
        layer_number,
        nearest_occurrences,
        sentences_to_search,
        tokens_to_search,
    )

    corpus = args.corpus or CORPUS
    queries = [find_occurrence(sentence, args.word, args.occurrence) for sentence in args.sentence]
    total = tokens_to_search(corpus, queries, args.same_word)
    bilm = load_bilm(args)
    layer_number(bilm, args.layer)
    with progress_bar(desc="words", unit=" words") as bar:
        word, words = nearest_without_context(args.word, bilm, corpus, args.vectors, args.k, progress=bar.update)
    with progress_bar(desc="corpus", unit=" tokens", total=total) as bar:
        sentences = sentences_to_search(corpus, queries, args.same_word)
        found = nearest_occurrences(bilm, queries, sentences, args.k, args.layer, args.same_word, progress=bar.update)
    layer = "the biLM's token layer" if isinstance(bilm, BiLM) else "the transformer's embedding layer"
    source = f"{layer}, words of {corpus.name}" if args.vectors is None else args.vectors.name
    print(f"without context, by {source}:")
    print(f"  {word}: {', '.join(f'{neighbor} {cosine:.2f}' for cosine, neighbor in words)}")
    for query, neighbors in zip(queries, found, strict=True):
        print(f"\n{report(query, neighbors)}")


def report(query: "Occurrence", found: Sequence["Neighbor"]) -> str:
    """The occurrence and its neighbours, a line each."""
    lines = [f"in context: {query.marked()}", f"  {'cosine':>6}  {'line':>7}  occurrence"]
    lines += [f"  {near.cosine:6.3f}  {near.line:7}  {near.occurrence.marked()}" for near in found]
    return "\n".join(lines)


COMMAND = Command(
    help="what is near to a word in its context",
    description="Finds the occurrences of words in a corpus that are nearest, by the cosine of a biLM's layer, to a "
    "word in its sentence; and, for comparison, the words nearest to the word without any context (the paper's "
    "table 4). Reads the corpus as a stream: it may be of any size. "
    'Example: elmo-tasks elmo-neighbors --word play --sentence "They saw a play at the theatre ." '
    '--sentence "The children play in the garden ."',
    add_options=_add_options,
    run=_run,
)
