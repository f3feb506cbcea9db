"""Files that a command writes its figures to: what is there already is not replaced unless that is asked for."""

import argparse
from pathlib import Path


class OutputError(ValueError):
    """A file is there already."""


def add_force_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--force`."""
    parser.add_argument(
        "--force", action="store_true", help="replace a file to be written that is there already (default: refuse)"
    )


def check_output(path: str | Path | None, force: bool) -> None:
    """
    Before anything is computed. A file without anything in it may be replaced.

    # Parameters

    path : `str` or `Path`, optional
        The file to be written, if one is.
    force : `bool`
        Whether it may be there already.

    # Raises

    `OutputError`
        If it is, and may not be.
    """
    if path is None or force or not Path(path).exists():
        return
    if not Path(path).is_file() or Path(path).stat().st_size:
        raise OutputError(f"{path} is there already: write to another file, or have it replaced (--force).")
