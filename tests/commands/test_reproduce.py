"""The smoke profile from end to end, killed in the middle; and the messages for what cannot be."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from allennlp.commands import main

from elmo_tasks.tasks import cards

ROOT = Path(__file__).parents[2]


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-reproduce", *arguments])
    main()


def kill_in_the_second_training(out: Path) -> list[str]:
    """The checkpoints that the second training has when it is killed, with its call."""
    command = [sys.executable, "-m", "elmo_tasks", "elmo-reproduce", "run", "table1", "--profile", "smoke"]
    command += ["--tasks", "ner", "--seeds", "1", "--jobs", "1", "-o", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    second = out / "ner" / "elmo" / "seed1" / "run"
    end = time.monotonic() + 600
    # A checkpoint is a zip file, whose directory is written last.
    while not any(map(zipfile.is_zipfile, second.glob("training_state_*.th"))):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    # The call and its training.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return [path.name for path in second.glob("training_state_*.th")]


def test_smoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from elmo_tasks.runner.runs import read_record

    out = tmp_path / "out"
    checkpoints = kill_in_the_second_training(out)
    first, second = (out / "ner" / variant / "seed1" for variant in ("baseline", "elmo"))
    before = (first / "record.json").read_bytes()
    assert not (second / "record.json").exists()

    call("report", str(out), monkeypatch=monkeypatch)
    assert "not run yet" in (out / "RESULTS.md").read_text()

    arguments = ("run", "table1", "--profile", "smoke", "--tasks", "ner", "--seeds", "1", "-o", str(out))
    call(*arguments, monkeypatch=monkeypatch)
    assert "2 trainings, 1 of them done" in capsys.readouterr().out
    assert (first / "record.json").read_bytes() == before
    record = read_record(second)
    if checkpoints == ["training_state_e1_b0.th"]:
        assert record["recovered"]
    assert len(record["epochs"]) == 2
    assert [mix["place"] for mix in record["mixes"]] == ["input"]
    # A bare AllenNLP takes some 300 MB.
    assert 200 < record["peak_memory_mb"] < 8000

    call("report", str(out), monkeypatch=monkeypatch)
    score = 100 * record["metrics"]["test_f1-measure-overall"]
    page, text = (out / "results.html").read_text(), (out / "RESULTS.md").read_text()
    assert f"| NER, fixture | ELMo | 92.22 ± 0.10 (+2.06; 21 %) | {score:.2f} | 1 of 1 | test |" in text
    assert f'<td class="number">{score:.2f}</td>' in page
    assert "http" not in page.replace("http://www.w3.org", "")
    # Once more, and there is nothing to do.
    call(*arguments, monkeypatch=monkeypatch)
    assert "2 trainings, 2 of them done" in capsys.readouterr().out


def refused(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    with pytest.raises(SystemExit) as stopped:
        call(*arguments, monkeypatch=monkeypatch)
    return str(stopped.value)


def test_what_is_not_there_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smoke = ("--profile", "smoke", "-o", str(tmp_path / "out"))
    assert "no table" in refused("run", "table9", *smoke, monkeypatch=monkeypatch)
    assert 'no biLM "huge"' in refused("run", "table1", "--bilm", "huge", *smoke, monkeypatch=monkeypatch)
    nowhere = refused("run", "table1", "--data", str(tmp_path / "nowhere"), *smoke, monkeypatch=monkeypatch)
    files = {file for card in cards() for corpus in card.corpora["smoke"] for file in corpus.files}
    assert all(f"{file}: missing" in nowhere for file in files)
    assert nowhere.count(": missing") == len(files) >= 9
    assert "There are no experiments" in refused("report", str(tmp_path), monkeypatch=monkeypatch)
    assert not (tmp_path / "out").exists()


def test_a_truncated_split_is_said_before_any_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path(shutil.copytree(ROOT / "fixtures", tmp_path / "data"))
    train = data / "snli" / "train.jsonl"
    train.write_text("".join(train.read_text().splitlines(keepends=True)[:-5]))
    arguments = ("run", "table1", "--profile", "smoke", "--data", str(data), "-o", str(tmp_path / "out"))
    message = refused(*arguments, monkeypatch=monkeypatch)
    assert "snli/train.jsonl: " in message
    assert "where there should be 16" in message
    assert not (tmp_path / "out").exists()


def test_open_data_without_originals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call("data", "open", "--only", "ner", "-o", str(tmp_path / "data"), monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    assert "WNUT-17. Licence: CC BY 4.0\n  https://noisy-text.github.io" in out
    assert "wnut17train.conll for ner/wnut17.train.txt" in out
    assert "Not to be made from public originals yet:\nner/weibo_zh.*: " in out
    assert "snli" not in out
    assert not (tmp_path / "data").exists()


def test_open_data_that_are_not_as_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "emerging.dev.conll").write_text("Word\tO\n\n")
    arguments = ("data", "open", "--only", "ner", "--originals", str(tmp_path), "-o", str(tmp_path / "data"))
    with pytest.raises(SystemExit) as exit_code:
        call(*arguments, monkeypatch=monkeypatch)
    assert exit_code.value.code == 1
    out = capsys.readouterr().out
    assert "ner/wnut17.dev.txt: 4 lines where there should be 16,744. The original" in out
    assert "wnut17train.conll for ner/wnut17.train.txt" in out


def test_open_data_from_a_folder_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"elmo-reproduce: There is no folder .*nowhere with originals"):
        call("data", "open", "--originals", str(tmp_path / "nowhere"), "-o", str(tmp_path), monkeypatch=monkeypatch)


def test_open_data_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="elmo-reproduce: none of the open data are below nre or x; see the list"):
        call("data", "open", "--only", "nre", "x", "-o", str(tmp_path), monkeypatch=monkeypatch)
