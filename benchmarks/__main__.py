"""
Speed and memory of this project's ELMo beside stock AllenNLP's.

    python -m benchmarks            all of it; writes benchmarks/results.json and the table in benchmarks/README.md
    python -m benchmarks --quick    tries the program with tiny shapes; its figures mean nothing
"""

import argparse
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

# The benchmark's own lines are enough.
os.environ.setdefault("TQDM_DISABLE", "1")
warnings.filterwarnings("ignore")

import torch  # noqa: E402

from benchmarks import inference, language_model, loading, ner, recurrent  # noqa: E402
from benchmarks.inference import Case  # noqa: E402
from benchmarks.inputs import Place  # noqa: E402
from benchmarks.measure import Rates, measure_rates  # noqa: E402
from benchmarks.report import Row, machine, markdown, read, table, write  # noqa: E402

Rows = Callable[[str, Place, Rates, int], Iterator[Row]]

ROWS: dict[str, Rows] = {
    "original-fp32": partial(inference.rows, Case("original", required=2)),
    "original-bf16": partial(inference.rows, Case("original", required=4, dtype=torch.bfloat16)),
    "small": partial(inference.rows, Case("small", required=5)),
    "small-kept": partial(inference.rows, Case("small", required=8, keeps_words=True)),
    "small-one": partial(inference.rows, Case("small", required=4, batch=1)),
    "small-one-kept": partial(inference.rows, Case("small", batch=1, keeps_words=True)),
    "small-one-int8": partial(inference.rows, Case("small", batch=1, dtype=torch.int8)),
    "small-one-kept-int8": partial(inference.rows, Case("small", batch=1, dtype=torch.int8, keeps_words=True)),
    "original-one": partial(inference.rows, Case("original", batch=1)),
    "original-one-int8": partial(inference.rows, Case("original", batch=1, dtype=torch.int8)),
    "loading": loading.rows,
    "recurrent": recurrent.rows,
    "ner": ner.rows,
    "language-model": partial(language_model.rows, "float32"),
    "language-model-bf16": partial(language_model.rows, "bfloat16"),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), help="only these rows")
    parser.add_argument("--runs", type=int, help="runs of each (default: 5; 1 with --quick)")
    parser.add_argument(
        "--patience",
        type=float,
        help="seconds for which runs that this machine's host has disturbed are repeated, a row (default: 600; 0 with "
        "--quick)",
    )
    parser.add_argument("--quick", action="store_true", help="tiny shapes and little text")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        help="folder for results.json, and with the README.md to update; rows there that are not measured now stay, if "
        "they are this machine's (default: benchmarks for all rows, else none)",
    )
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or (1 if arguments.quick else 5)
    if arguments.patience is None:
        arguments.patience = 0.0 if arguments.quick else 600.0
    if arguments.out is None and not arguments.quick and arguments.rows == list(ROWS):
        arguments.out = Path(__file__).parent
    return arguments


def main() -> None:
    """The command line."""
    arguments = _arguments()
    logging.disable(logging.WARNING)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.5 and not arguments.quick:
        print(f"The load of this machine is {load:.1f}: what else runs on it falsifies the figures.", file=sys.stderr)
    where = machine()
    groups = {} if arguments.out is None or arguments.quick else read(arguments.out, where)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), arguments.quick, arguments.patience)
        rates = measure_rates(place.quick, place.patience)
        for name in arguments.rows:
            print(f"{name} ...", file=sys.stderr, flush=True)
            groups[name] = list(ROWS[name](name, place, rates, arguments.runs))
            for row in groups[name]:
                print(table([row]).splitlines()[-1], file=sys.stderr, flush=True)
            # Each at once: what is measured is not lost if the rest is not.
            groups = {group: groups[group] for group in ROWS if group in groups}
            if arguments.out is not None:
                write(arguments.out, groups, rates, where, arguments.runs)
    measured = [row for name in arguments.rows for row in groups[name]]
    print(markdown(measured, rates, where, arguments.runs), end="")


if __name__ == "__main__":
    main()
