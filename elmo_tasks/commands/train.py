"""`elmo-train`: a biLM of one's own from text alone."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import add_device_option, check_device
from elmo_tasks.commands.training_log import log_in_the_run
from elmo_tasks.files import writing


def _add_options(parser: argparse.ArgumentParser) -> None:
    from elmo_tasks.pretraining.recipes import RECIPES

    parser.add_argument("text", nargs="+", help="files, folders or patterns; plain or compressed")
    parser.add_argument("--heldout", required=True, help="text of the same kind that is not trained on")
    parser.add_argument("-s", "--serialization-dir", required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--size", choices=list(RECIPES), default="mini", help="the biLM's shape (default: %(default)s)")
    parser.add_argument(
        "--begin-with",
        metavar="BILM",
        help="a biLM's name or folder whose weights it begins with, grown where the size is larger (default: random "
        "weights)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--passes", type=float, help="passes over the text, such as 2 or 0.5 (default: 1)")
    length.add_argument(
        "--hours",
        type=float,
        help="hours of training, at the speed measured at the beginning; not with --nodes (default: by --passes)",
    )
    parser.add_argument(
        "--dtype",
        choices=["float32", "bfloat16"],
        default="float32",
        help="precision of a step's matrix products; bfloat16 is faster where the processor has units for it "
        "(default: %(default)s)",
    )
    add_device_option(parser)
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        help="that train together on this machine, each on its share of the streams: on as many GPUs from "
        "--cuda-device on, or on the processor (default: %(default)s)",
    )
    parser.add_argument("--nodes", type=int, default=1, help="machines that train together (default: %(default)s)")
    parser.add_argument("--node-rank", type=int, default=0, help="which of them this is, from 0 (default: %(default)s)")
    parser.add_argument(
        "--primary", metavar="HOST:PORT", default="", help="where they meet: a port of the first one (default: none)"
    )
    parser.add_argument("--seed", type=int, default=13370, help="seed of all random numbers (default: %(default)s)")
    parser.add_argument("--half", action="store_true", help="as in elmo-export: half the size (default: whole)")


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.pretraining.corpus import named_by
    from elmo_tasks.pretraining.export import export_bilm
    from elmo_tasks.pretraining.perplexity import measure_perplexity
    from elmo_tasks.pretraining.processes import Processes
    from elmo_tasks.pretraining.train import prepare, train

    first = args.cuda_device
    devices = tuple(-1 if first < 0 else first + number for number in range(args.processes))
    processes = Processes(devices, args.nodes, args.node_rank, args.primary)
    for device in devices:
        check_device(device)
    run = Path(args.serialization_dir)
    # One string, as runs have it that earlier versions began, unless a comma is part of a file's name.
    has_comma = any("," in path and named_by(path) for path in args.text)
    text = args.text if has_comma else ",".join(args.text)
    said = prepare(
        text,
        args.heldout,
        run,
        args.size,
        args.passes,
        args.hours,
        args.dtype,
        processes,
        args.seed,
        args.begin_with,
    )
    print(said, flush=True)
    if len(processes) > 1 and not getattr(args, "verbose", False):
        # The processes begin with AllenNLP's own logging, which prints all that is written.
        os.environ.setdefault("ALLENNLP_LOG_LEVEL", "ERROR")
        # Torch copies the gradients of the filters of one character, and each process says so.
        os.environ.setdefault("PYTHONWARNINGS", "ignore:Grad strides do not match bucket view:UserWarning")
    with log_in_the_run(args):
        model = train(run, args.node_rank)
    figures: dict[str, Any] = measure_perplexity(model, args.heldout)
    with writing(run / "perplexity.json") as temporary:
        temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(
        f"Held-out perplexity: {figures['perplexity']:.2f} (forward {figures['forward_perplexity']:.2f}, backward "
        f"{figures['backward_perplexity']:.2f}; {figures['unknown']:.2%} of {figures['tokens']:,.0f} tokens unknown)."
    )
    files = export_bilm(model.bilm, run / "bilm", args.half, force=True)
    print(f"Wrote {files.options_file} and {files.weight_file}.")
    print(f'To use it in a config: "elmo": {{"bilm": "{run / "bilm"}"}}')


COMMAND = Command(
    help="train a biLM on your own text",
    description="Trains a biLM on text, tokenized, one sentence a line: counts the words to predict, trains with a "
    "rate that falls to zero, measures the perplexity on held-out text exactly, and writes options.json and "
    "weights.hdf5 into the folder bilm of the run. It says how many passes over the text it makes. Called again after "
    "a kill it goes on; by one process, it ends with the same biLM. "
    "Example: elmo-tasks elmo-train corpus/*.txt.gz --heldout heldout.txt --hours 10 -s runs/mine",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
