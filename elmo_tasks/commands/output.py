"""Files that a command writes its figures to: what is there already is not replaced unless that is asked for."""

import argparse
from collections.abc import Iterable
from pathlib import Path


class OutputError(ValueError):
    """A file is there already, and may not be replaced."""


def add_force_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--force`."""
    parser.add_argument(
        "--force", action="store_true", help="replace a file to be written that is there already (default: refuse)"
    )


def check_output(path: str | Path | None, force: bool, inputs: Iterable[str | Path] = ()) -> None:
    """
    Before anything is computed. A file without anything in it may be replaced.

    # Parameters

    path : `str` or `Path`, optional
        The file to be written, if one is.
    force : `bool`
        Whether it may be there already.
    inputs : `Iterable[str | Path]`
        What the command reads, which it never replaces.

    # Raises

    `OutputError`
        If it is there and may not be, or is one of the inputs.
    """
    if path is None or not Path(path).exists():
        return
    if any(Path(given).exists() and Path(given).samefile(path) for given in inputs):
        raise OutputError(f"{path} is read by this very command: write to another file.")
    if force:
        return
    if not Path(path).is_file() or Path(path).stat().st_size:
        raise OutputError(f"{path} is there already: write to another file, or have it replaced (--force).")
