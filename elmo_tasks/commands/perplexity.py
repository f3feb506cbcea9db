"""`elmo-perplexity`: a language model's perplexity on held-out text."""

import argparse
import json
from pathlib import Path

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import add_device_option, check_device
from elmo_tasks.commands.output import add_force_option, check_output
from elmo_tasks.files import writing


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", help="a run's folder or its model.tar.gz")
    parser.add_argument("text", nargs="+", help="a file, folder or pattern; one row of the table each")
    parser.add_argument("--streams", type=int, default=64, help="streams of text side by side (default: %(default)s)")
    parser.add_argument("--window", type=int, default=20, help="tokens read at a time (default: %(default)s)")
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="tell only these words apart, one a line, such as another run's vocabulary/words.txt, and take all others "
        "but the sentence boundaries for one: to compare language models of different vocabularies (default: the "
        "model's own)",
    )
    add_device_option(parser)
    parser.add_argument("--output-file", help="write the figures as JSON too (default: print them only)")
    add_force_option(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.pretraining.corpus import find_shards
    from elmo_tasks.pretraining.perplexity import load_language_model, measure_perplexity, read_words

    check_device(args.cuda_device)
    read = [*find_shards(args.text), args.archive, *([args.vocabulary] if args.vocabulary else [])]
    check_output(args.output_file, args.force, read)
    words = None if args.vocabulary is None else read_words(args.vocabulary)
    model = load_language_model(args.archive, args.cuda_device)
    figures = {text: measure_perplexity(model, text, args.streams, args.window, words) for text in args.text}
    print(f"{'text':<40} {'tokens':>9} {'unknown':>8} {'forward':>9} {'backward':>9} {'average':>9}")
    for text, row in figures.items():
        print(
            f"{Path(text).name:<40} {row['tokens']:>9.0f} {row['unknown']:>8.2%} {row['forward_perplexity']:>9.2f} "
            f"{row['backward_perplexity']:>9.2f} {row['perplexity']:>9.2f}"
        )
    if args.output_file:
        with writing(args.output_file) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


COMMAND = Command(
    help="perplexity of a language model",
    description="A language model's perplexity on held-out text, tokenized, one sentence a line: exact, over the whole "
    "vocabulary. The biLM is the model's own. Example: elmo-tasks elmo-perplexity runs/mini heldout.txt.gz",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
