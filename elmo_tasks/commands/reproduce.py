"""`allennlp elmo-reproduce`: the paper's tables and figures."""

import argparse
import sys
from pathlib import Path

from allennlp.commands.subcommand import Subcommand
from allennlp.common.checks import ConfigurationError
from overrides import overrides

# What else the commands need is imported when they run: this module is imported by every command, each training too.


def run(args: argparse.Namespace) -> None:
    """Trains what is not trained yet; exits with a message where that cannot be done, or a training failed."""
    from elmo_tasks.reproduce.planning import Request, plan
    from elmo_tasks.runner.processes import RunError
    from elmo_tasks.runner.schedule import execute

    request = Request(
        args.table, args.profile, Path(args.out), args.seeds, args.data, _bilm(args.bilm), args.tasks or None
    )
    try:
        runs = plan(request)
        done = sum(one.is_done for one in runs)
        print(f"{args.table}, {args.profile}: {len(runs)} trainings, {done} of them done, in {args.out}.", flush=True)
        failures = execute(runs, args.jobs)
    except (ConfigurationError, OSError, RunError, ValueError) as error:
        sys.exit(f"elmo-reproduce: {error}")
    if failures:
        sys.exit("\n\n".join([*failures, f"{len(failures)} of {len(runs)} trainings failed; the others are done."]))
    print(f"All {len(runs)} are done. The report: allennlp elmo-reproduce report {args.out}")


def _bilm(name: str | None) -> str | None:
    """A folder's whole path: a config that names it works from anywhere."""
    return str(Path(name).resolve()) if name and Path(name).is_dir() else name


def report(args: argparse.Namespace) -> None:
    """Writes the report; exits with a message where that cannot be done."""
    from elmo_tasks.reproduce.report import write_report
    from elmo_tasks.runner.processes import RunError

    try:
        notes = Path(args.notes).read_text(encoding="utf-8") if args.notes else None
        files = write_report(args.results, args.out, notes)
    except (ConfigurationError, OSError, RunError, ValueError) as error:
        sys.exit(f"elmo-reproduce: {error}")
    print("\n".join(f"Wrote {file}" for file in files))


def data(args: argparse.Namespace) -> None:
    """Makes the open data; exits with a message where something is missing or wrong."""
    from elmo_tasks.reproduce.open_data import NOT_MADE, SOURCES, make_open_data, missing_originals, not_made

    try:
        made = make_open_data(SOURCES, args.out, args.originals, args.only or ())
    except OSError as error:
        sys.exit(f"elmo-reproduce: {error}")
    reasons = "\n".join(not_made(NOT_MADE, args.only or ()))
    if not (made.outcomes or made.missing or reasons):
        sys.exit(f"elmo-reproduce: none of the open data are below {' or '.join(args.only)}; see the list of all.")
    for outcome in made.outcomes:
        print(outcome.text)
    if made.missing:
        print("To be downloaded into the folder that --originals names, and unpacked there:")
        print("\n".join(missing_originals(made.missing)))
    if reasons:
        print(f"Not to be made from public originals yet:\n{reasons}")
    if args.originals and not made.complete:
        sys.exit(1)


@Subcommand.register("elmo-reproduce")
class Reproduce(Subcommand):
    """
    `allennlp elmo-reproduce run TABLE`, `allennlp elmo-reproduce report OUT` and `allennlp elmo-reproduce data open`

    Registered as a `Subcommand` with name "elmo-reproduce".
    """

    # A task from outside this package is a plugin.
    requires_plugins = True

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Runs the experiments of Peters et al. 2018, and reports them beside the paper's figures. "
            "Example: allennlp elmo-reproduce run table1 --profile open --jobs 2 -o runs/open; "
            "allennlp elmo-reproduce report runs/open"
        )
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, description=description, help="reproduce the paper's tables and figures"
        )
        steps = subparser.add_subparsers(title="steps", metavar="run, report or data", required=True)
        _add_run(steps)
        _add_report(steps)
        _add_data(steps)
        return subparser


def _add_run(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "run",
        help="train what a table needs",
        description="Trains what a table or figure needs and is not there yet, after checking data and biLM. It can be "
        "killed and called again: finished trainings are kept, one that was interrupted goes on from its checkpoint. "
        "Example: allennlp elmo-reproduce run table3 --tasks snli --seeds 3 --jobs 2 -o runs/open",
    )
    step.add_argument("table", help="table1, table2, table3, figure1 or figure2")
    step.add_argument("--profile", default="open", help="paper, open or smoke (default: open)")
    step.add_argument("--tasks", nargs="+", metavar="TASK", help="of the profile (default: those of the paper's table)")
    step.add_argument("--data", metavar="FOLDER", help="of the corpora (default: data, ../shared/data or fixtures)")
    step.add_argument(
        "--bilm", help="mini, small, medium, original, 5.5B, or a folder (default: original for paper, else mini)"
    )
    step.add_argument("--seeds", type=int, default=3, help="trainings of each experiment (default: 3)")
    step.add_argument("--jobs", type=int, help="trainings at a time (default: one a GPU, or else one a core)")
    step.add_argument("-o", "--out", required=True, metavar="FOLDER", help="for the trainings and their records")
    step.set_defaults(func=run)


def _add_report(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "report",
        help="write what they have come to",
        description="Writes RESULTS.md, results.csv, results.html (one page, which loads nothing) and the figures as "
        "SVG from the records that the trainings left; they need not all be done. "
        "Example: allennlp elmo-reproduce report runs/open",
    )
    step.add_argument("results", metavar="OUT", help="the folder that run was given")
    step.add_argument("-o", "--out", metavar="FOLDER", help="where to write (default: the same folder)")
    step.add_argument("--notes", metavar="FILE", help="paragraphs for the top of the page (default: none)")
    step.set_defaults(func=report)


def _add_data(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "data",
        help="make the open data from public originals",
        description="Makes the files that the open profile reads from originals that you have downloaded, and checks "
        "them by count and SHA-256. It lists the originals that are missing, with address and licence (without "
        "--originals: all of them), and downloads nothing. "
        "Example: allennlp elmo-reproduce data open --originals downloads -o data",
    )
    step.add_argument("profile", choices=["open"], help="open; the other profiles read originals or the fixtures")
    step.add_argument("--originals", metavar="FOLDER", help="of the originals, unpacked, at any depth (default: none)")
    step.add_argument("--only", nargs="+", metavar="NAME", help="folders of data, such as ner (default: all)")
    step.add_argument("-o", "--out", required=True, metavar="FOLDER", help="for the data")
    step.set_defaults(func=data)
