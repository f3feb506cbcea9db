"""`allennlp elmo` and `allennlp elmo-merge`: a text's layers as an HDF5 file."""

import argparse
import logging
from pathlib import Path

from allennlp.commands.subcommand import Subcommand
from allennlp.common import Tqdm
from allennlp.common import logging as common_logging
from allennlp.common.checks import ConfigurationError
from overrides import overrides

from elmo_tasks.vectors.dump import Dump, DumpFormat, merge_files
from elmo_tasks.vectors.dump.run import SPOOLED, parts_folder
from elmo_tasks.vectors.dump.text import spool
from elmo_tasks.vectors.embedder import ElmoEmbedder

logger = logging.getLogger(__name__)

_STDIN = "-"


@Subcommand.register("elmo")
class Elmo(Subcommand):
    """
    `allennlp elmo INPUT OUTPUT --all|--top|--average`, with the options and the output of AllenNLP 0.9, and more.

    Registered as a `Subcommand` with name "elmo".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Writes ELMo's layers for a tokenized text, one sentence a line, to an HDF5 file: line i, counted from 0, "
            'is dataset "i", of shape (layers, tokens, dim), or (tokens, dim) with --top and --average. A run that was '
            "killed continues when it is started again. "
            "Example: allennlp elmo sentences.txt layers.hdf5 --all --bilm mini"
        )
        subparser = parser.add_parser(self.name, description=description, help="write ELMo's layers for a text")
        subparser.add_argument(
            "input_file", help="a text, plain or .gz, tokens separated by white space; - reads the standard input"
        )
        subparser.add_argument("output_file", help="the HDF5 file to write; OUTPUT_FILE.parts is a folder meanwhile")
        layers = subparser.add_mutually_exclusive_group(required=True)
        layers.add_argument("--all", action="store_const", dest="layers", const="all", help="write all layers")
        layers.add_argument("--top", action="store_const", dest="layers", const="top", help="write the last layer")
        layers.add_argument("--average", action="store_const", dest="layers", const="average", help="write their mean")
        _add_bilm_options(subparser)
        _add_run_options(subparser)
        _add_format_options(subparser)
        subparser.set_defaults(func=_embed)
        return subparser


@Subcommand.register("elmo-merge")
class ElmoMerge(Subcommand):
    """
    `allennlp elmo-merge SHARD... OUTPUT`

    Registered as a `Subcommand` with name "elmo-merge".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Puts the files that allennlp elmo --shard wrote together, and verifies that they are of one text, one "
            "biLM and one format, that no line is missing or there twice, and that each dataset has the right type "
            "and shape. Example: allennlp elmo-merge shard-1.hdf5 shard-2.hdf5 layers.hdf5"
        )
        subparser = parser.add_parser(self.name, description=description, help="put shards of allennlp elmo together")
        subparser.add_argument("shards", nargs="+", type=Path, help="the shards, in any order")
        subparser.add_argument("output_file", type=Path, help="the HDF5 file to write")
        subparser.set_defaults(func=_merge)
        return subparser


def _add_bilm_options(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument(
        "--bilm", help="mini, small, medium, original, 5.5B, or a folder (default: original, as in AllenNLP 0.9)"
    )
    subparser.add_argument("--options-file", help="instead of --bilm: path or URL of an options.json (default: none)")
    subparser.add_argument("--weight-file", help="and path or URL of its weights.hdf5 (default: none)")
    subparser.add_argument("--vocab-path", help="not used; it was not in AllenNLP 0.9 either (default: none)")


def _add_run_options(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("--batch-size", type=int, default=64, help="sentences of a batch at most")
    subparser.add_argument("--batch-tokens", type=int, default=4096, help="tokens of a batch at most, padding counted")
    subparser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none")
    subparser.add_argument(
        "--shard",
        type=parse_shard,
        metavar="I/N",
        help="embed the I-th of N parts of the text, I counted from 1, for elmo-merge (default: the whole text)",
    )
    subparser.add_argument(
        "--file-friendly-logging", action="store_true", help="a new line for each state of the progress bar"
    )


def _add_format_options(subparser: argparse.ArgumentParser) -> None:
    subparser.add_argument("--float16", action="store_true", help="write half precision, not float32")
    subparser.add_argument("--gzip", action="store_true", help="compress the datasets")
    subparser.add_argument(
        "--forget-sentences",
        action="store_true",
        help='leave the dataset "sentence_to_index" out, a JSON object from sentences to dataset names',
    )
    subparser.add_argument(
        "--use-sentence-keys",
        action="store_true",
        help='name a dataset by its sentence; lines with a "/" are refused, repeated lines have one dataset',
    )


def parse_shard(value: str) -> tuple[int, int]:
    """`"2/8"` to `(2, 8)`. Raises `argparse.ArgumentTypeError`."""
    number, _, total = value.partition("/")
    if not (number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
        raise argparse.ArgumentTypeError(f'"{value}" is not I/N with I from 1 to N, such as 1/4 to 4/4')
    return int(number), int(total)


def _embed(args: argparse.Namespace) -> None:
    common_logging.FILE_FRIENDLY_LOGGING = args.file_friendly_logging
    if args.vocab_path:
        logger.warning("--vocab-path is not used.")
    output = Path(args.output_file)
    format = DumpFormat(args.layers, args.float16, args.gzip, args.use_sentence_keys, not args.forget_sentences)
    try:
        embedder = ElmoEmbedder(args.options_file, args.weight_file, args.cuda_device, args.bilm)
        text = _as_file(args.input_file, output)
        dump = Dump(embedder.bilm, text, output, format, args.shard or (1, 1), args.batch_size, args.batch_tokens)
        if dump.done:
            logger.info(f"{dump.done} of {dump.tokens} tokens were embedded before.")
        with Tqdm.tqdm(total=dump.tokens, initial=dump.done, unit=" tokens", unit_scale=True) as bar:
            for tokens in dump.run():
                bar.update(tokens)
    except (FileNotFoundError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    contents = dump.contents
    print(f"{output}: {contents.stop - contents.first} lines, {contents.tokens} tokens.")


def _as_file(input_file: str, output: Path) -> Path:
    """The text as a file that can be read more than once: a pipe is written to one."""
    if input_file != _STDIN and not Path(input_file).is_fifo():
        return Path(input_file)
    text = parts_folder(output) / SPOOLED
    source = 0 if input_file == _STDIN else input_file
    with open(source, encoding="utf-8", errors="surrogateescape", closefd=source != 0) as lines:
        spool(lines, text)
    return text


def _merge(args: argparse.Namespace) -> None:
    try:
        contents = merge_files(args.shards, args.output_file)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    print(f"{args.output_file}: {contents.stop} lines, {contents.tokens} tokens, of {len(args.shards)} shards.")
