"""`elmo-finetune`: a trained biLM, trained on with a user's own text (Peters et al. 2018, table 7)."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import add_device_option, check_device
from elmo_tasks.commands.training_log import log_in_the_run

if TYPE_CHECKING:
    from elmo_tasks.pretraining.finetune import Perplexities


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bilm",
        help="a biLM's name (mini, mini-zh, small, medium, original, 5.5B) or its folder; or the folder or "
        'model.tar.gz of a run with an "elmo_language_model", which has its softmax and its vocabulary',
    )
    parser.add_argument("text", help="a file, folder or pattern: tokenized, one sentence a line, plain or compressed")
    parser.add_argument("--heldout", required=True, help="text of the same kind that is not trained on")
    parser.add_argument("-s", "--serialization-dir", required=True, metavar="RUN", help="the run's folder")
    parser.add_argument(
        "--epochs", type=int, default=1, help="passes over the text (default: %(default)s, as in the paper)"
    )
    parser.add_argument(
        "--softmax-epochs",
        type=int,
        default=2,
        help="passes before these in which only a new softmax is learned, the biLM being frozen (default: %(default)s)",
    )
    parser.add_argument("--lr", type=float, default=0.0005, help="the biLM's learning rate (default: %(default)s)")
    parser.add_argument(
        "--min-count",
        type=int,
        default=2,
        help='with a new softmax: rarer words count as "unknown" (default: %(default)s)',
    )
    parser.add_argument(
        "--streams",
        type=int,
        default=32,
        help="streams of text side by side, 20 tokens of each a batch (default: %(default)s)",
    )
    parser.add_argument(
        "--dtype",
        choices=["float32", "bfloat16"],
        help="precision of a step's matrix products; bfloat16 is faster where the processor has units for it (default: "
        "that of the run that it begins with, or float32)",
    )
    add_device_option(parser)
    parser.add_argument("--recover", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--half", action="store_true", help="as in elmo-export: half the size (default: whole)")
    parser.add_argument(
        "--print-config", action="store_true", help="print the config, for elmo-tasks train, and do nothing else"
    )


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.pretraining.finetune import FineTuning

    check_device(args.cuda_device)
    tuning = FineTuning(
        args.bilm,
        args.text,
        args.heldout,
        args.epochs,
        args.softmax_epochs,
        args.lr,
        args.min_count,
        args.streams,
        args.cuda_device,
        args.dtype,
    )
    if args.print_config:
        print(json.dumps(tuning.config(), indent=2))
        return
    run = Path(args.serialization_dir)
    with log_in_the_run(args):
        perplexities = tuning.run(run, args.recover, args.half)
    _report(perplexities)
    print(f"The biLM is in {run / 'bilm'}.")


def _report(perplexities: "Perplexities") -> None:
    print(f"{'held-out perplexity':<24} {'average':>9}   ({perplexities.unknown:.2%} of the tokens unknown)")
    for name, perplexity in perplexities.figures["all"].items():
        print(f"{name:<24} {perplexity:>9.2f}")
    if not perplexities.is_better:
        print("Fine-tuning did not help, and the biLM is what it was: try a smaller --lr, or more text.")


COMMAND = Command(
    help="train a biLM on with your own text",
    description="Trains a biLM on with a text of your own, and writes options.json and weights.hdf5 into the folder "
    "bilm of the run. Prints the perplexity on held-out text before and after: exact, over all words. Published "
    "weights come without a softmax; then one is learned first, with the biLM frozen, for the words of your text. The "
    "run is an ordinary run of elmo-tasks train. "
    "Example: elmo-tasks elmo-finetune mini train.txt --heldout dev.txt -s runs/mine",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
