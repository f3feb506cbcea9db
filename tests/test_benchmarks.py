"""The benchmark program runs and writes what it should. Nothing here asserts a speed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

ROWS = [
    "original-fp32",
    "original-bf16",
    "small",
    "small-kept",
    "small-one",
    "loading",
    "ner-first",
    "ner-later",
    "language-model",
]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmarks")
    shutil.copy(ROOT / "benchmarks" / "README.md", folder)
    command = [sys.executable, "-m", "benchmarks", "--quick", "-o", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def results(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return loaded


def test_every_row_is_measured(results: dict[str, Any]) -> None:
    assert [row["name"] for row in results["rows"]] == ROWS
    for row in results["rows"]:
        sides = [row["ours"], *([row["other"]] if row["against"] else [])]
        for side in sides:
            assert min(side["seconds"]) > 0
            assert side["memory"] is None or side["memory"] > 0
        assert (row["ratio"] is not None) == bool(row["against"])


def test_ratios_are_of_medians(results: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in results["rows"]}
    small, later = rows["small"], rows["ner-later"]
    assert small["ratio"] == pytest.approx(small["median_other"] / small["median_ours"])
    assert small["is_reached"] == (small["ratio"] >= small["required"])
    assert later["ratio"] == pytest.approx(later["median_ours"] / later["median_other"])
    assert later["is_reached"] == (later["ratio"] <= later["required"])


def test_the_machine_is_described(results: dict[str, Any]) -> None:
    assert all(rate > 0 for rate in results["gflops"].values())
    assert {"processor", "cores", "threads", "python", "torch", "numpy", "allennlp"} <= set(results["machine"])


def test_the_table_is_put_into_the_readme(out: Path) -> None:
    before, now = ((folder / "README.md").read_text(encoding="utf-8") for folder in (ROOT / "benchmarks", out))
    begin, end = "<!-- results: begin -->\n", "<!-- results: end -->"
    # The text around it stays.
    assert before.split(begin)[0] == now.split(begin)[0]
    assert before.split(end)[1] == now.split(end)[1]
    table = [line for line in now.split(begin)[1].split(end)[0].splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(ROWS)
    assert all(line.count("|") == table[0].count("|") for line in table)
