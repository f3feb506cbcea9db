"""Another Python, which imports the package anew."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python(*arguments: str, cwd: Path, path: list[Path] | None = None) -> subprocess.CompletedProcess[str]:
    """With these folders before all others that are imported from; by default the project's."""
    pythonpath = os.pathsep.join(map(str, [ROOT] if path is None else path))
    environment = os.environ | {"PYTHONPATH": pythonpath, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1200)
