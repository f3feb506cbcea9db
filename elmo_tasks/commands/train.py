"""`allennlp elmo-train`: a biLM of one's own from text alone."""

import argparse
import json
from pathlib import Path
from typing import Any

from allennlp.commands.subcommand import Subcommand
from overrides import overrides

from elmo_tasks.commands.language_model import export_bilm, measure_perplexity
from elmo_tasks.files import writing
from elmo_tasks.pretraining.train import RECIPES, prepare, train


@Subcommand.register("elmo-train")
class Train(Subcommand):
    """
    `allennlp elmo-train TEXT... --heldout FILE -s RUN`

    Registered as a `Subcommand` with name "elmo-train".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Trains a biLM on text, tokenized, one sentence a line: counts the words to predict, trains with a rate "
            "that falls to zero, measures the perplexity on held-out text exactly, and writes options.json and "
            "weights.hdf5 into the folder bilm of the run. It says how many passes over the text it makes. Called "
            "again after a kill it goes on, and ends with the same biLM. "
            "Example: allennlp elmo-train corpus/*.txt.gz --heldout heldout.txt --hours 10 -s runs/mine"
        )
        subparser = parser.add_parser(self.name, description=description, help="train a biLM on your own text")
        subparser.add_argument("text", nargs="+", help="files, folders or patterns; plain or .gz")
        subparser.add_argument("--heldout", required=True, help="text of the same kind that is not trained on")
        subparser.add_argument("-s", "--serialization-dir", required=True, metavar="RUN", help="the run's folder")
        subparser.add_argument("--size", choices=list(RECIPES), default="mini", help="the biLM's shape (default: mini)")
        length = subparser.add_mutually_exclusive_group()
        length.add_argument("--passes", type=float, help="over the text, such as 2 or 0.5 (default: 1)")
        length.add_argument(
            "--hours", type=float, help="of training, at the speed measured at the beginning (default: by --passes)"
        )
        subparser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none (default: -1)")
        subparser.add_argument("--seed", type=int, default=13370, help="of all random numbers (default: 13370)")
        subparser.add_argument("--half", action="store_true", help="as in elmo-export: half the size (default: whole)")
        subparser.set_defaults(func=_train)
        return subparser


def _train(args: argparse.Namespace) -> None:
    run = Path(args.serialization_dir)
    text = ",".join(args.text)
    said = prepare(text, args.heldout, run, args.size, args.passes, args.hours, args.cuda_device, args.seed)
    print(said, flush=True)
    model = train(run)
    figures: dict[str, Any] = measure_perplexity(model, args.heldout)
    with writing(run / "perplexity.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(
        f"Held-out perplexity: {figures['perplexity']:.2f} (forward {figures['forward_perplexity']:.2f}, backward "
        f"{figures['backward_perplexity']:.2f}; {figures['unknown']:.2%} of {figures['tokens']:,.0f} tokens unknown)."
    )
    export_bilm(model.bilm, run / "bilm", args.half)
    print(f'To use it in a config: "elmo": {{"bilm": "{run / "bilm"}"}}')
