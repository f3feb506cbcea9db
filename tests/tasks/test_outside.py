"""
A task outside the project, whose row the paper does not have, by its one line: checked, run and reported as any other.

It is in the folder `outside`.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from allennlp.commands import main

from elmo_tasks import tasks

ROOT = Path(__file__).parents[2]
RUN = ("run", "table1", "--profile", "smoke", "--data", "fixtures", "--seeds", "1", "-o", "out")


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, in which the test is, as if it were another project's."""
    folder = Path(shutil.copytree(Path(__file__).parent / "outside", tmp_path / "outside"))
    monkeypatch.chdir(folder)
    # The toy's line is taken back after the test; its trainings find this very package.
    monkeypatch.setattr(tasks, "TASKS", list(tasks.TASKS))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return folder


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-reproduce", *arguments])
    main()


def test_from_its_line_to_the_report(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = outside / "fixtures" / "toy" / "train.txt"
    whole = data.read_text()
    data.write_text(whole.replace("food", "other", 1))
    with pytest.raises(SystemExit, match="3 food where there should be 4; 5 other where there should be 4"):
        call(*RUN, "--tasks", "toy", monkeypatch=monkeypatch)
    data.write_text(whole.replace("\t", " ", 1))
    with pytest.raises(SystemExit, match=r"toy/train\.txt: cannot be read: .*line 1: there is no tab"):
        call(*RUN, "--tasks", "toy", monkeypatch=monkeypatch)
    assert not Path("out").exists()

    data.write_text(whole)
    call(*RUN, "--tasks", "toy", "toy-probe", monkeypatch=monkeypatch)
    assert "4 trainings, 0 of them done" in capsys.readouterr().out
    records = {
        name: json.loads(Path("out", *name.split("/"), "seed1", "record.json").read_text())
        for name in ("toy/baseline", "toy/elmo", "toy-probe/baseline", "toy-probe/elmo")
    }
    assert [len(record["epochs"]) for record in records.values()] == [2, 2, 0, 0]
    assert [mix["place"] for mix in records["toy/elmo"]["mixes"]] == ["input"]
    # Of eight sentences in this order, two follow one with their own label, the first of them not.
    assert records["toy-probe/baseline"]["metrics"] == {"test_accuracy": 2 / 8}

    call("report", "out", monkeypatch=monkeypatch)
    text = Path("out/RESULTS.md").read_text()
    table_1 = text.partition("## Table 1")[2].partition("## Table 2")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table_1.splitlines() if line[:1] == "|"]
    assert [row[0] for row in rows[-4:]] == [*["Toys, fixture"] * 2, *["Toys by neighbours"] * 2]
    trained, probed = records["toy/elmo"]["metrics"], records["toy-probe/elmo"]["metrics"]
    score = f"{100 * trained['best_validation_accuracy']:.2f}"
    assert rows[-3][1:6] == ["ELMo", "-", score, "1 of 1", "development"]
    assert rows[-1][1:6] == ["ELMo", "-", f"{100 * probed['test_accuracy']:.2f}", "1 of 1", "test"]
    assert "Toys" not in text.partition("## Table 2")[2].partition("## Figure 1")[0]
    assert "table1,toy-probe,elmo,1 of 1,test," in Path("out/results.csv").read_text()
