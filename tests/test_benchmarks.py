"""The benchmark program runs and writes what it should. Nothing here asserts a speed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

# At once, before any test: fairscale, which AllenNLP brings, installs a package of this name too.
from benchmarks import measure
from benchmarks.measure import Rates, Sample, Side, collect
from benchmarks.report import Row, read, write

ROOT = Path(__file__).parents[1]

ROWS = [
    "original-fp32",
    "original-bf16",
    "small",
    "small-kept",
    "small-one",
    "small-one-kept",
    "small-one-int8",
    "small-one-kept-int8",
    "original-one",
    "original-one-int8",
    "loading",
    "recurrent-lstm",
    "recurrent-gru",
    "recurrent-alternating_lstm",
    "ner-first",
    "ner-later",
    "language-model",
    "language-model-bf16",
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


@pytest.fixture(scope="module")
def rows(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for group in results["rows"].values() for row in group}


def test_every_row_is_measured(rows: dict[str, dict[str, Any]]) -> None:
    assert list(rows) == ROWS
    for row in rows.values():
        sides = [row["ours"], *([row["other"]] if row["against"] else [])]
        for side in sides:
            assert min(side["seconds"]) > 0
            assert side["memory"] is None or side["memory"] > 0
        assert (row["ratio"] is not None) == bool(row["against"])


def test_ratios_are_of_medians(rows: dict[str, dict[str, Any]]) -> None:
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


def test_rows_that_are_measured_later_join_the_others(out: Path, results: dict[str, Any], tmp_path: Path) -> None:
    rates, where = Rates(**results["gflops"]), results["machine"]
    assert read(tmp_path, where) == {}
    groups = read(out, where | {"date": "2000-01-01"})
    groups["small"] = [Row("small", "again", ours=Side([1.0], None), other=Side([2.0], None, 0.5))]
    write(tmp_path, groups, rates, where, runs=1)
    now = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert now["rows"] | {"small": None} == results["rows"] | {"small": None}
    assert now["rows"]["small"][0]["ratio"] == 2
    assert "the host gave up to 50% of the processors' time to other machines" in groups["small"][0].cells()[0]
    assert read(tmp_path, where | {"processor": "another"}) == {}


def test_what_the_host_takes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stat"
    monkeypatch.setattr(measure, "_TIMES", file)
    assert measure.Stopwatch().read().stolen == 0
    file.write_text("cpu  100 0 20 500 3 0 1 40 0 0\ncpu0 ...\n")
    stopwatch = measure.Stopwatch()
    file.write_text("cpu  130 0 30 530 3 0 1 70 0 0\ncpu0 ...\n")
    assert stopwatch.read().stolen == pytest.approx(0.3)


def samples(*stolen: float) -> Iterator[list[Any]]:
    """A sample a call, of as many seconds as there were calls; the last for ever."""
    for number, share in enumerate(chain(stolen, repeat(stolen[-1])), start=1):
        yield [Sample(number, share)]


@pytest.fixture
def quiet_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of which nothing is heard, so that the real one's load decides nothing."""
    monkeypatch.setattr(measure, "_TIMES", tmp_path / "no stat")
    monkeypatch.setattr(measure, "_GLANCE", 0.0)


@pytest.mark.usefixtures("quiet_host")
def test_disturbed_runs_are_repeated() -> None:
    first, second = samples(0.5, 0, 0, 0.2, 0.01, 0), samples(0)
    sides = collect([lambda: {"first": next(first)}, lambda: {"second": next(second)}], runs=3, patience=60)
    assert sides == {"first": Side([2, 3, 5], stolen=0.01), "second": Side([1, 2, 3])}


@pytest.mark.usefixtures("quiet_host")
def test_runs_are_not_repeated_for_ever() -> None:
    disturbed = samples(0.5, 0.3, 0.4)
    sides = measure.collect([lambda: {"ours": next(disturbed)}], runs=2, patience=0)
    assert sides == {"ours": measure.Side([2, 1], stolen=0.5)}


def test_what_is_killed_and_called_again_ends_with_the_same(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks.random_kills",
        str(tmp_path / "kills"),
        "--jobs",
        "dump",
        "--kills",
        "1",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the same" in done.stdout
    assert "; 0 of " in done.stdout.splitlines()[-1]
