import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys, torch
from elmo_tasks.pretraining.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(3):
    torch.ones(25_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(25_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_what_was_freed_is_used_again() -> None:
    faults = {}
    for mode in ("plain", "kept"):
        run = subprocess.run([sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True)
        faults[mode] = int(run.stdout)
    # 100 MB are 24,414 pages of 4 KB; where pages are larger there are fewer to begin with.
    assert faults["kept"] <= faults["plain"] / 2 or faults["plain"] < 100
