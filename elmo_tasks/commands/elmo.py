"""`elmo`: a text's layers as an HDF5 file, with the options and the output of AllenNLP 0.9, and more."""

import argparse
import logging
from pathlib import Path

from elmo_tasks.commands.bilm_choice import add_bilm_options
from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import check_device
from elmo_tasks.files import text_lines

logger = logging.getLogger(__name__)

_STDIN = "-"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input_file",
        help="a text (also .gz, .bz2, .xz), tokens separated by white space; - reads the standard input",
    )
    parser.add_argument("output_file", help="the HDF5 file to write; OUTPUT_FILE.parts is a folder meanwhile")
    layers = parser.add_mutually_exclusive_group(required=True)
    layers.add_argument("--all", action="store_const", dest="layers", const="all", help="write all layers")
    layers.add_argument("--top", action="store_const", dest="layers", const="top", help="write the last layer")
    layers.add_argument("--average", action="store_const", dest="layers", const="average", help="write their mean")
    add_bilm_options(parser, default="original, as in AllenNLP 0.9")
    _add_run_options(parser)
    _add_format_options(parser)
    parser.add_argument("--vocab-path", help="not used; it was not in AllenNLP 0.9 either (default: none)")
    parser.add_argument(
        "--include-package", action="append", default=[], help="not used; no other package is needed (default: none)"
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch-size", type=int, default=64, help="sentences of a batch at most (default: %(default)s)"
    )
    parser.add_argument(
        "--batch-tokens",
        type=int,
        default=4096,
        help="tokens of a batch at most, padding counted (default: %(default)s)",
    )
    parser.add_argument(
        "--shard",
        type=parse_shard,
        metavar="I/N",
        help="embed the I-th of N parts of the text, I counted from 1, for elmo-merge (default: the whole text)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace OUTPUT_FILE where it is there already and is not what this run would write (default: refuse)",
    )
    parser.add_argument(
        "--file-friendly-logging", action="store_true", help="a new line for each state of the progress bar"
    )


def _add_format_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--float16", action="store_true", help="write half precision, not float32")
    parser.add_argument("--gzip", action="store_true", help="compress the datasets")
    parser.add_argument(
        "--forget-sentences",
        action="store_true",
        help='leave the dataset "sentence_to_index" out, a JSON object from sentences to dataset names',
    )
    parser.add_argument(
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


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.vectors.dump import Dump, DumpFormat
    from elmo_tasks.vectors.embedder import ElmoEmbedder

    check_device(args.cuda_device)
    if args.vocab_path:
        logger.warning("--vocab-path is not used.")
    output = Path(args.output_file)
    format = DumpFormat(args.layers, args.float16, args.gzip, args.use_sentence_keys, not args.forget_sentences)
    embedder = ElmoEmbedder(args.options_file, args.weight_file, args.cuda_device, args.bilm)
    text = _as_file(args.input_file, output)
    shard = args.shard or (1, 1)
    dump = Dump(embedder.bilm, text, output, format, shard, args.batch_size, args.batch_tokens, force=args.force)
    if dump.done:
        logger.info(f"{dump.done} of {dump.tokens} tokens were embedded before.")
    with progress_bar(args.file_friendly_logging, total=dump.tokens, initial=dump.done, unit=" tokens") as bar:
        for tokens in dump.run():
            bar.update(tokens)
    contents = dump.contents
    print(f"{output}: {contents.stop - contents.first} lines, {contents.tokens} tokens.")


def _as_file(input_file: str, output: Path) -> Path:
    """The text as a file that can be read more than once: a pipe is written to one."""
    if input_file != _STDIN and not Path(input_file).is_fifo():
        return Path(input_file)
    from elmo_tasks.vectors.dump.run import SPOOLED, parts_folder
    from elmo_tasks.vectors.dump.text import TextError, spool

    text = parts_folder(output) / SPOOLED
    source, name = (0, "The standard input") if input_file == _STDIN else (input_file, input_file)
    with open(source, "rb", closefd=source != 0) as file:
        spool((line for _, line in text_lines(file, name, TextError)), text)
    return text


COMMAND = Command(
    help="write ELMo's layers for a text",
    description="Writes ELMo's layers for a tokenized text, one sentence a line, to an HDF5 file: line i, counted from "
    '0, is dataset "i", of shape (layers, tokens, dim), or (tokens, dim) with --top and --average. A run that was '
    "killed continues when it is started again. "
    "Example: elmo-tasks elmo sentences.txt layers.hdf5 --all --bilm mini",
    add_options=_add_options,
    run=_run,
)
