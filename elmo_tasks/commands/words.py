"""`allennlp elmo-words`: vectors of a vocabulary, without contexts."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from allennlp.commands.subcommand import Subcommand
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from overrides import overrides

from elmo_tasks.bilm import BiLM
from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.vectors.static_vectors import (
    MOST_DIGITS,
    VectorsError,
    WordVectors,
    read_vocabulary,
    token_vectors,
    write_vectors,
)


def write_words(bilm: BiLM, vocabulary: str | Path, out: str | Path, digits: int = 6) -> int:
    """
    # Parameters

    bilm : `BiLM`
    vocabulary : `str` or `Path`
        See `read_vocabulary`. It is read twice, so that a mistake in it shows before anything is computed.
    out : `str` or `Path`
    digits : `int`
        See `write_vectors`.

    # Returns

    `int`
        The number of words.

    # Raises

    `VectorsError`
        If the vocabulary is none or `out` is the same file.
    """
    vocabulary, out = Path(vocabulary), Path(out)
    if out.is_dir() or (out.exists() and vocabulary.exists() and out.samefile(vocabulary)):
        what = "a folder" if out.is_dir() else "the vocabulary"
        raise VectorsError(f"The vectors cannot be written to {out}: that is {what}.")
    total = sum(1 for _ in read_vocabulary(vocabulary))
    if not total:
        raise VectorsError(f"{vocabulary} has no words.")

    def batches() -> Iterator[WordVectors]:
        with Tqdm.tqdm(total=total, unit=" words", unit_scale=True) as bar:
            for batch in token_vectors(bilm, read_vocabulary(vocabulary)):
                yield batch
                bar.update(len(batch.words))

    return write_vectors(batches(), out, digits)


def run(args: argparse.Namespace) -> None:
    """Writes the vectors; exits with a message where that cannot be done."""
    try:
        bilm = load_bilm(args)
        number = write_words(bilm, args.vocabulary, args.out, args.digits)
    except (ConfigurationError, OSError, ValueError) as error:
        sys.exit(f"elmo-words: {error}")
    print(f"Wrote {args.out}: {number} words, {bilm.options.projection_dim} numbers each.")


@Subcommand.register("elmo-words")
class Words(Subcommand):
    """
    `allennlp elmo-words VOCABULARY OUT`

    Registered as a `Subcommand` with name "elmo-words".
    """

    requires_plugins = False

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Writes vectors of words without a context in GloVe's text format, for AllenNLP's pretrained_file and the "
            "like: what the biLM's character CNN, highway layers and projection make of a word's spelling, one half of "
            "the token layer (which has it twice). "
            "Example: allennlp elmo-words vocabulary/tokens.txt vectors.txt.gz"
        )
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, description=description, help="write context-independent vectors of words"
        )
        subparser.add_argument(
            "vocabulary",
            help="a word on each line, plain or .gz; all are taken as text but <S> and </S>, the sentence boundaries",
        )
        subparser.add_argument("out", help="the file to write, gzipped if it ends with .gz; replaced if it is there")
        subparser.add_argument(
            "--digits", type=int, default=6, help=f"significant digits of a number; {MOST_DIGITS} are exact"
        )
        add_bilm_options(subparser)
        subparser.set_defaults(func=run)
        return subparser
