import argparse
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from elmo_tasks.commands import doctor
from elmo_tasks.commands.doctor import Check, all_checks, registered_classes, report

ROOT = Path(__file__).parents[2]


def checks_named(*names: str) -> list[Check]:
    return [check for check in all_checks() if check.name in names]


def test_the_table_is_what_is_registered() -> None:
    expected = {(base, name) for base, names in doctor.REGISTERED.items() for name in names}
    own = {key for key, registered in registered_classes().items() if "tests" not in registered.__module__}
    assert own == expected


def test_from_the_command_line() -> None:
    allennlp = Path(sys.executable).parent / "allennlp"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [allennlp, "elmo-doctor"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("elmo-tasks ")
    assert all(line.startswith("ok    ") for line in lines[1:-1])
    assert lines[-1] == f"all {len(lines) - 2} checks are well"
    assert any(line.startswith("ok    biLM: ") for line in lines)


def test_a_missing_registration_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(doctor.REGISTERED, "Model", ("elmo_no_such_model",))
    assert report(checks_named('Model "elmo_no_such_model"')) == 1
    out = capsys.readouterr().out
    assert 'FAIL  Model "elmo_no_such_model": RuntimeError: not registered\n' in out
    assert "what to do: install again" in out


def test_a_missing_package_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(doctor, "version", version)
    assert report(checks_named("h5py")) == 1
    assert "FAIL  h5py: RuntimeError: h5py is not installed" in capsys.readouterr().out


def test_a_version_out_of_range_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "version", lambda package: "5.23.0")
    assert report(checks_named("transformers")) == 1
    assert "FAIL  transformers: RuntimeError: installed is 5.23.0, needed is <" in capsys.readouterr().out


def test_a_missing_bilm_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def find_bilm(name: str) -> None:
        raise FileNotFoundError("no weights.hdf5")

    monkeypatch.setattr("elmo_tasks.bilm.find_bilm", find_bilm)
    assert report(checks_named("biLM")) == 1
    out = capsys.readouterr().out
    assert "FAIL  biLM: FileNotFoundError: no weights.hdf5" in out
    assert "what to do: the bundled biLM's files are missing or damaged" in out


def test_jsonnet_or_spacy_gone_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_jsonnet.evaluate_snippet", lambda *args: "41\n")
    monkeypatch.setattr("spacy.blank", lambda language: lambda text: [])
    assert report(checks_named("configs", "tokenizer", "hdf5")) == 2


def test_what_is_wrong_gives_a_failing_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    well = Check("well", lambda: "fine", "")
    ill = Check("ill", lambda: str(1 / 0), "divide by something else")
    monkeypatch.setattr(doctor, "all_checks", lambda: [well, ill])
    with pytest.raises(SystemExit) as exit_:
        doctor.run(argparse.Namespace())
    assert exit_.value.code == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "ok    well: fine",
        "FAIL  ill: ZeroDivisionError: division by zero",
        "      what to do: divide by something else",
        "1 of 2 checks failed",
    ]
