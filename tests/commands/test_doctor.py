"""`elmo-doctor`: its report. What it looks at is tested in tests/test_installation.py; where AllenNLP is not well, in
tests/test_registration.py."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elmo_tasks.commands import doctor
from elmo_tasks.installation import Check

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [["allennlp"], ["elmo_tasks"]])
def test_from_the_command_line(command: list[str]) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *command, "elmo-doctor"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    # No log of AllenNLP's, from neither.
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("elmo-tasks ")
    assert all(line.startswith("ok    ") for line in lines[1:-1])
    assert lines[-1] == f"all {len(lines) - 2} checks are well"
    assert any(line.startswith("ok    biLM: ") for line in lines)


def test_what_is_wrong_gives_a_failing_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    well = Check("well", lambda: "fine", "")
    ill = Check("ill", lambda: str(1 / 0), "divide by something else")
    monkeypatch.setattr(doctor, "all_checks", lambda commands: [well, ill])
    with pytest.raises(SystemExit) as exit_:
        doctor.COMMAND.run(argparse.Namespace(configs=[]))
    assert exit_.value.code == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "ok    well: fine",
        "FAIL  ill: ZeroDivisionError: division by zero",
        "      what to do: divide by something else",
        "1 of 2 checks failed",
    ]
