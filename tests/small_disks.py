"""A disk that can be filled."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Of 4 MiB, in memory; where the system lets nobody mount one, the test is skipped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this user cannot mount a disk of a given size")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Leaves so many bytes. Gives the file that takes the rest."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - left))
    return ballast


def message_in_another_process(code: str, *arguments: object) -> str:
    """
    What Python code, with these arguments in `sys.argv`, says of a full disk by a `DiskFullError`.

    Another process, for HDF5 does not recover from a file that it could not write: what is left of it can end the
    process that has it, long after.
    """
    indented = "".join(f"    {line}\n" for line in code.strip().splitlines())
    whole = (
        "import os, sys\nfrom elmo_tasks.files import DiskFullError\n"
        f"try:\n{indented}except DiskFullError as error:\n    print(error, flush=True)\n    os._exit(0)\n"
    )
    command = [sys.executable, "-c", whole, *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
