"""`allennlp elmo-neighbors`: what is near to a word in its context, and to the word alone."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from allennlp.commands.subcommand import Subcommand
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from overrides import overrides

from elmo_tasks.bilm import BiLM
from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.vectors.dump.text import Sentence, read_sentences
from elmo_tasks.vectors.neighbors import (
    CORPUS,
    Neighbor,
    NeighborsError,
    Occurrence,
    distinct_words,
    find_occurrence,
    nearest_occurrences,
    nearest_words,
    with_words,
)
from elmo_tasks.vectors.static_vectors import VectorsError, WordVectors, read_vectors, token_vectors, vector_of


def parse_layer(value: str) -> int | str:
    """`"1"` to `1`; `"last"` and `"mean"` stay. Raises `argparse.ArgumentTypeError`."""
    if value in ("last", "mean"):
        return value
    if value.isdecimal():
        return int(value)
    raise argparse.ArgumentTypeError(f'"{value}" is no layer: give its number, 0 for the token layer, "last" or "mean"')


def static_neighbors(word: str, bilm: BiLM, corpus: Path, vectors: str | None, k: int) -> str:
    """What is printed of the words nearest to a word without a context."""
    if vectors is None:
        (_, (wanted,)) = next(token_vectors(bilm, [word]))
        batches = token_vectors(bilm, distinct_words(read_sentences(corpus)))
        source = f"the biLM's token layer, words of {corpus.name}"
    else:
        word, wanted = _find_vector(word, vectors)
        batches = read_vectors(vectors)
        source = Path(vectors).name
    found = nearest_words(word, wanted, _with_bar(batches), k)
    words = ", ".join(f"{neighbor} {cosine:.2f}" for cosine, neighbor in found)
    return f"without context, by {source}:\n  {word}: {words}"


def _find_vector(word: str, vectors: str) -> tuple[str, np.ndarray]:
    try:
        return word, vector_of(word, vectors)
    except VectorsError:
        # Many published vectors are of lower-cased words only.
        if word == word.lower():
            raise
        return word.lower(), vector_of(word.lower(), vectors)


def _with_bar(batches: Iterable[WordVectors]) -> Iterator[WordVectors]:
    with Tqdm.tqdm(desc="words", unit=" words", unit_scale=True) as bar:
        for batch in batches:
            bar.update(len(batch.words))
            yield batch


def contextual_neighbors(
    bilm: BiLM, queries: Sequence[Occurrence], corpus: Path, k: int, layer: int | str, same_word: bool
) -> list[list[Neighbor]]:
    """As `nearest_occurrences`, with a progress bar. Raises `NeighborsError` if the corpus has nothing to compare."""

    def sentences() -> Iterator[Sentence]:
        read = read_sentences(corpus)
        return with_words(read, (query.word for query in queries)) if same_word else read

    total = sum(len(sentence.tokens) for sentence in sentences())
    if not total:
        what = f'the word "{queries[0].word}"' if same_word else "a sentence"
        raise NeighborsError(f"{corpus} does not have {what}: give another --corpus.")
    with Tqdm.tqdm(total=total, desc="corpus", unit=" tokens", unit_scale=True) as bar:
        return nearest_occurrences(bilm, queries, sentences(), k, layer, same_word, progress=bar.update)


def report(query: Occurrence, found: Sequence[Neighbor]) -> str:
    """The occurrence and its neighbours, a line each."""
    lines = [f"in context: {query.marked()}", f"  {'cosine':>6}  {'line':>7}  occurrence"]
    lines += [f"  {near.cosine:6.3f}  {near.line:7}  {near.occurrence.marked()}" for near in found]
    return "\n".join(lines)


def run(args: argparse.Namespace) -> None:
    """Prints the neighbours; exits with a message where that cannot be done."""
    corpus = Path(args.corpus)
    try:
        queries = [find_occurrence(sentence, args.word, args.occurrence) for sentence in args.sentence]
        if not corpus.is_file():
            raise NeighborsError(f"There is no corpus {corpus}.")
        bilm = load_bilm(args)
        static = static_neighbors(args.word, bilm, corpus, args.vectors, args.k)
        found = contextual_neighbors(bilm, queries, corpus, args.k, args.layer, args.same_word)
    except (ConfigurationError, OSError, ValueError) as error:
        sys.exit(f"elmo-neighbors: {error}")
    print(static)
    for query, neighbors in zip(queries, found, strict=True):
        print(f"\n{report(query, neighbors)}")


@Subcommand.register("elmo-neighbors")
class Neighbors(Subcommand):
    """
    `allennlp elmo-neighbors --word W --sentence "..."`

    Registered as a `Subcommand` with name "elmo-neighbors".
    """

    requires_plugins = False

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Finds the occurrences of words in a corpus that are nearest, by the cosine of a biLM's layer, to a word "
            "in its sentence; and, for comparison, the words nearest to the word without any context (the paper's "
            "table 4). Reads the corpus as a stream: it may be of any size. "
            'Example: allennlp elmo-neighbors --word play --sentence "They saw a play at the theatre ." '
            '--sentence "The children play in the garden ."'
        )
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, description=description, help="what is near to a word in its context"
        )
        subparser.add_argument("--word", required=True, help="a token of the sentence (required)")
        subparser.add_argument(
            "--sentence",
            required=True,
            action="append",
            help="tokenized, the tokens separated by spaces (required); several are searched for in one pass",
        )
        subparser.add_argument(
            "--occurrence", type=int, default=1, help="which of the word's occurrences in a sentence, counted from 1"
        )
        subparser.add_argument(
            "--corpus", default=str(CORPUS), help="tokenized text, one sentence a line, plain or .gz"
        )
        subparser.add_argument(
            "--layer", type=parse_layer, default="last", help='number, 0 for the token layer; "last", or "mean" of all'
        )
        subparser.add_argument("-k", type=int, default=10, help="neighbours to show")
        subparser.add_argument(
            "--same-word",
            action="store_true",
            help="show occurrences of the same word only, upper or lower case; much faster (default: of any word)",
        )
        subparser.add_argument(
            "--vectors",
            metavar="FILE",
            help="words' vectors in GloVe's text format, plain or .gz, to compare with (default: the biLM's token "
            "layer of the corpus's words)",
        )
        add_bilm_options(subparser)
        subparser.set_defaults(func=run)
        return subparser
