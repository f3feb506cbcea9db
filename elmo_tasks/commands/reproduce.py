"""`elmo-reproduce`: the paper's tables and figures."""

import argparse
import sys
from functools import partial
from pathlib import Path

from elmo_tasks.commands.bilm_choice import CHOICES
from elmo_tasks.commands.command import Command, add_verbose_option


def _add_options(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_subparsers(title="steps", metavar="run, report or data", required=True)
    _add_run(steps)
    _add_report(steps)
    _add_data(steps)


def _add_run(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "run",
        help="train what a table needs",
        description="Trains what a table or figure needs and is not there yet, after checking data and biLM. It can be "
        "killed and called again: finished trainings are kept, one that was interrupted goes on from its checkpoint. "
        "Example: elmo-tasks elmo-reproduce run table3 --tasks snli --seeds 3 --jobs 2 -o runs/open",
    )
    step.add_argument("table", help="table1, table2, table3, table5, table6, figure1 or figure2")
    step.add_argument("--profile", default="open", help="paper, open or smoke (default: %(default)s)")
    step.add_argument(
        "--tasks",
        nargs="+",
        metavar="TASK",
        help="tasks of the profile, whose data must be there (default: the paper's tasks in the table and others that "
        "have a row in it, as far as their data are there; each that is left out is named)",
    )
    step.add_argument(
        "--data", metavar="FOLDER", help="folder of the corpora (default: data, ../shared/data or fixtures)"
    )
    step.add_argument(
        "--bilm",
        help=f"the biLM: {CHOICES}; a task whose card names a biLM of its own, such as hotel-zh, keeps it (default: "
        "original for paper, else mini)",
    )
    step.add_argument("--seeds", type=int, default=3, help="trainings of each experiment (default: %(default)s)")
    step.add_argument("--jobs", type=int, help="trainings at a time (default: one a GPU, or else one a core)")
    step.add_argument("-o", "--out", required=True, metavar="FOLDER", help="for the trainings and their records")
    add_verbose_option(step)
    step.set_defaults(step=_train)


def _add_report(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "report",
        help="write what they have come to",
        description="Writes RESULTS.md, results.csv, results.html (one page, which loads nothing) and the figures as "
        "SVG from the records that the trainings left; they need not all be done. "
        "Example: elmo-tasks elmo-reproduce report runs/open",
    )
    step.add_argument("results", metavar="OUT", help="the folder that run was given")
    step.add_argument("-o", "--out", metavar="FOLDER", help="where to write (default: the same folder)")
    step.add_argument("--notes", metavar="FILE", help="paragraphs for the top of the page (default: none)")
    add_verbose_option(step)
    step.set_defaults(step=_report)


def _add_data(steps: argparse._SubParsersAction) -> None:
    step = steps.add_parser(
        "data",
        help="make the open data from public originals",
        description="Makes the files that the open profile reads from originals that you have downloaded, and checks "
        "them by count and SHA-256. It lists the originals that are missing, with address and licence (without "
        "--originals: all of them), and downloads nothing. "
        "Example: elmo-tasks elmo-reproduce data open --originals downloads -o data",
    )
    step.add_argument("profile", choices=["open"], help="open; the other profiles read originals or the fixtures")
    step.add_argument("--originals", metavar="FOLDER", help="of the originals, unpacked, at any depth (default: none)")
    step.add_argument("--only", nargs="+", metavar="NAME", help="folders of data, such as ner (default: all)")
    step.add_argument("-o", "--out", required=True, metavar="FOLDER", help="for the data")
    step.add_argument("--force", action="store_true", help="replace files that are there and differ (default: refuse)")
    add_verbose_option(step)
    step.set_defaults(step=_data)


def _run(args: argparse.Namespace) -> None:
    args.step(args)


def _train(args: argparse.Namespace) -> None:
    from elmo_tasks.bilm.pretrained import whole_path
    from elmo_tasks.reproduce.planning import Request, plan
    from elmo_tasks.runner.schedule import execute

    # A config that names a folder by its whole path works from anywhere.
    bilm = whole_path(args.bilm)
    request = Request(args.table, args.profile, Path(args.out), args.seeds, args.data, bilm, args.tasks or None)
    runs = plan(request, partial(print, file=sys.stderr))
    done = sum(one.is_done for one in runs)
    print(f"{args.table}, {args.profile}: {len(runs)} trainings, {done} of them done, in {args.out}.", flush=True)
    try:
        failures = execute(runs, args.jobs)
    except KeyboardInterrupt:
        print("The trainings are stopped. The same command goes on with them.", file=sys.stderr)
        raise
    if failures:
        sys.exit("\n\n".join([*failures, f"{len(failures)} of {len(runs)} trainings failed; the others are done."]))
    print(f"All {len(runs)} are done. The report: elmo-tasks elmo-reproduce report {args.out}")


def _report(args: argparse.Namespace) -> None:
    from elmo_tasks.files import read_text
    from elmo_tasks.reproduce.errors import ReproductionError
    from elmo_tasks.reproduce.report import write_report

    notes = read_text(args.notes, ReproductionError) if args.notes else None
    files = write_report(args.results, args.out, notes)
    print("\n".join(f"Wrote {file}" for file in files))


def _data(args: argparse.Namespace) -> None:
    from elmo_tasks.reproduce.errors import ReproductionError
    from elmo_tasks.reproduce.open_data import NOT_MADE, SOURCES, make_open_data, missing_originals, not_made

    made = make_open_data(SOURCES, args.out, args.originals, args.only or (), force=args.force)
    reasons = "\n".join(not_made(NOT_MADE, args.only or ()))
    if not (made.outcomes or made.missing or reasons):
        raise ReproductionError(f"none of the open data are below {' or '.join(args.only)}; see the list of all.")
    for outcome in made.outcomes:
        print(outcome.text)
    if made.missing:
        print("To be downloaded into the folder that --originals names, and unpacked there:")
        print("\n".join(missing_originals(made.missing)))
    if reasons:
        print(f"Not to be made from public originals yet:\n{reasons}")
    if args.originals and not made.complete:
        sys.exit(1)


COMMAND = Command(
    help="reproduce the paper's tables and figures",
    description="Runs the experiments of Peters et al. 2018, and reports them beside the paper's figures. "
    "Example: elmo-tasks elmo-reproduce run table1 --profile open --jobs 2 -o runs/open; "
    "elmo-tasks elmo-reproduce report runs/open",
    add_options=_add_options,
    run=_run,
    # A task from outside this package is a plugin.
    plugins=True,
)
