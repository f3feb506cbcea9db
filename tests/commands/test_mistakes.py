"""A user's mistake is one line and exit code 1, by whichever command; a fault in a program keeps its traceback."""

import argparse
import gzip
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

import elmo_tasks.tasks  # noqa: F401 (registers)
from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.commands.command import Command, run_command
from elmo_tasks.files import writing
from elmo_tasks.runner.processes import RunError

ROOT = Path(__file__).parents[2]

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=8, projection_dim=4)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is good, and what is damaged."""
    folder = tmp_path_factory.mktemp("material")
    for name in ("bilm", "cut", "empty"):
        (folder / name).mkdir()
    BiLM(OPTIONS).save(folder / "bilm/options.json", folder / "bilm/weights.hdf5")
    shutil.copy(folder / "bilm/options.json", folder / "cut")
    weights = (folder / "bilm/weights.hdf5").read_bytes()
    (folder / "cut/weights.hdf5").write_bytes(weights[: len(weights) // 2])
    text = "the cat\nsaw\na dog\n" * 30
    (folder / "text.txt").write_text(text)
    (folder / "words.txt").write_text("the\ncat\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "cut.gz").write_bytes(gzip.compress(text.encode())[:-9])
    with tarfile.open(folder / "whole.tar.gz", "w:gz") as archive:
        archive.add(folder / "bilm/weights.hdf5", "weights.th")
    whole = (folder / "whole.tar.gz").read_bytes()
    (folder / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "config.json").write_text(json.dumps({"model": {"type": "simple_tagger"}}))
    (folder / "bad.jsonnet").write_text("{ model: }")
    return folder


@pytest.fixture
def fails(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Runs `elmo-tasks` beside a copy of the material, and gives what it exits with."""
    folder = shutil.copytree(material, tmp_path / "work")
    monkeypatch.chdir(folder)
    # Of the process, which goes on after the command here.
    monkeypatch.setattr("allennlp.common.util.install_sigterm_handler", lambda: None)

    def run(line: str) -> str:
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", *line.split()])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert capsys.readouterr().out == ""
        # A text is printed to the standard error, and makes the exit code 1.
        assert isinstance(stopped.value.code, str)
        return stopped.value.code

    return run


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("elmo missing.txt out.hdf5 --all --bilm bilm", "There is no file missing.txt"),
        ("elmo bilm out.hdf5 --all --bilm bilm", "bilm is a folder: name a file"),
        ("elmo cut.gz out.hdf5 --all --bilm bilm", "cut.gz, after line "),
        ("elmo text.txt out.hdf5 --all --bilm nobody", 'There is no biLM "nobody"'),
        ("elmo text.txt out.hdf5 --all --bilm bert-base-uncased", "is named transformer:bert-base-uncased"),
        ("elmo text.txt out.hdf5 --all --bilm empty", "There is no file empty/options.json"),
        ("elmo text.txt out.hdf5 --all --bilm cut", "cut/weights.hdf5 cannot be read as HDF5"),
        ("elmo text.txt out.hdf5 --all --bilm bilm --cuda-device 99", "--cuda-device 99: there is no such GPU"),
        ("elmo text.txt words.txt/out.hdf5 --all --bilm bilm", "Not a directory"),
        ("elmo-merge cut/weights.hdf5 out.hdf5", "cut/weights.hdf5 is not an HDF5 file, or not a whole one"),
        ("elmo-merge bilm/weights.hdf5 out.hdf5", "does not say what is in it"),
        ("elmo-words missing.txt out.txt --bilm bilm", "There is no file missing.txt"),
        ("elmo-words words.txt bilm --bilm bilm", "that is a folder"),
        ("elmo-words words.txt out.txt --bilm cut", "cut/weights.hdf5 cannot be read as HDF5"),
        ("elmo-neighbors --word cat --sentence cat --bilm bilm --corpus cut.gz", "cut.gz, after line "),
        ("elmo-neighbors --word cat --sentence cat --bilm bilm --cuda-device 99", "there is no such GPU"),
        ("elmo-add missing.json", "There is no file missing.json"),
        ("elmo-add config.json --bilm org/bert", "is named transformer:org/bert"),
        ("elmo-add bad.jsonnet", "bad.jsonnet cannot be evaluated: STATIC ERROR"),
        ("elmo-mix missing", "There is no archive or folder missing"),
        ("elmo-mix cut.tar.gz", "cut.tar.gz cannot be unpacked; it may be damaged"),
        ("elmo-merge bilm layers.hdf5", "bilm is a folder: name the files in it, such as bilm/*.hdf5"),
        ("elmo-merge bilm/weights.hdf5 bilm", "bilm is a folder: name the file to be written"),
        ("elmo-embed text.txt missing.txt out --bilm bilm", "There is no file missing.txt"),
        ("elmo-embed cut.gz out --bilm bilm", "cut.gz, after line "),
        ("elmo-embed text.txt bilm --bilm bilm", "bilm is there already"),
        ("elmo-embed text.txt out --bilm bilm --layers 0,9", "There is no layer 9"),
        ("elmo-embed text.txt out --bilm bilm --workers 0", "workers is 0"),
        ("elmo-export missing out", "missing does not exist"),
        ("elmo-export cut.tar.gz out", "cut.tar.gz cannot be unpacked"),
        ("elmo-export words.txt out", "words.txt cannot be unpacked"),
        ("elmo-export bilm out", "bilm/config.json does not exist: this is no archive and no run"),
        ("elmo-perplexity missing text.txt", "missing does not exist"),
        ("elmo-perplexity cut.tar.gz text.txt", "cut.tar.gz cannot be unpacked"),
        ("elmo-perplexity cut.tar.gz text.txt --cuda-device 99", "there is no such GPU"),
        ("elmo-perplexity bilm text.txt", "bilm is a biLM without its softmax"),
        ("elmo-perplexity cut.tar.gz text.txt --vocabulary missing.txt", "missing.txt: No such file or directory"),
        ("elmo-score missing text.txt", "missing does not exist"),
        ("elmo-score cut.tar.gz missing.txt", '"missing.txt" names no corpus file'),
        ("elmo-score cut.tar.gz text.txt --cuda-device 99", "there is no such GPU"),
        ("elmo-score cut.tar.gz text.txt --substitutes --by-token", "--by-token does not go with --substitutes"),
        ("elmo-score cut.tar.gz text.txt --substitutes --mean", "--mean does not go with --substitutes"),
        ("elmo-score cut.tar.gz text.txt --group-by UID", "--group-by goes with --pairs only"),
        ("elmo-score cut.tar.gz text.txt --substitutes --group-by UID", "--group-by goes with --pairs only"),
        ("elmo-score cut.tar.gz text.txt --top 10", "--top goes with --substitutes only"),
        ("elmo-score cut.tar.gz text.txt --pairs --mark ___", "--mark goes with --substitutes only"),
        ("elmo-perplexity cut.tar.gz text.txt --output-file words.txt", "words.txt is there already"),
        ("elmo-score cut.tar.gz text.txt --output-file words.txt", "words.txt is there already"),
        ("elmo-score cut.tar.gz text.txt --output-file text.txt --force", "text.txt is read by this very command"),
        ("elmo-perplexity cut.tar.gz text.txt --output-file text.txt --force", "text.txt is read by this very command"),
        ("elmo-mix a=cut.tar.gz --json cut.tar.gz --force", "cut.tar.gz is read by this very command"),
        ("elmo-mix missing --json words.txt", "words.txt is there already"),
        ("elmo-mix missing --picture picture.png", "picture.png is there already"),
        ("elmo-finetune bilm missing.txt --heldout text.txt -s run", '"missing.txt" names no corpus file'),
        ("elmo-finetune cut text.txt --heldout text.txt -s run --streams 2", "cut/weights.hdf5 cannot be read"),
        ("elmo-finetune bilm text.txt --heldout text.txt -s words.txt --streams 2", "words.txt: Not a directory"),
        ("elmo-train text.txt --heldout text.txt -s run --begin-with nobody", 'There is no biLM "nobody"'),
        ("elmo-train text.txt --heldout text.txt -s run --begin-with empty", "There is no file empty/options.json"),
        ("elmo-train text.txt --heldout text.txt -s run --begin-with bilm", "character_dim 16 is asked for: it can be"),
        ("elmo-predict missing text.txt", "file missing not found"),
        ("elmo-predict cut.tar.gz text.txt", "cut.tar.gz cannot be unpacked"),
        ("elmo-predict cut.tar.gz text.txt --cuda-device 99", "--cuda-device 99: there is no such GPU"),
        ("elmo-reproduce run table9 -o out", 'There is no table "table9"'),
        ("elmo-reproduce report missing", "There are no experiments in missing"),
        ("elmo-reproduce report missing --notes missing.txt", "missing.txt: No such file or directory."),
    ],
)
def test_one_line(line: str, message: str, fails: Callable[[str], str]) -> None:
    said = fails(line)
    assert said.startswith(f"{line.split()[0]}: ")
    assert message in said
    assert "\n" not in said
    assert not Path("out.hdf5").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train missing.json -s run", "file missing.json not found"),
        ("train bad.jsonnet -s run", "STATIC ERROR: bad.jsonnet:1:10"),
        ("evaluate cut.tar.gz text.txt", "cut.tar.gz cannot be unpacked"),
        ("evaluate cut.tar.gz text.txt --output-file ./text.txt", "./text.txt is the input"),
        ("evaluate cut.tar.gz text.txt --predictions-output-file text.txt", "text.txt is the input"),
        ("predict missing.tar.gz text.txt", "file missing.tar.gz not found"),
        ("predict cut.tar.gz text.txt --cuda-device 99", "cuda_device 99: there is no such GPU"),
    ],
)
def test_one_line_from_allennlps_commands(line: str, message: str, fails: Callable[[str], str]) -> None:
    said = fails(line)
    assert said.startswith(f"elmo-tasks {line.split()[0]}: ")
    assert message in said
    assert "\n" not in said


# The handler


def failing(error: Exception) -> Command:
    def run(args: argparse.Namespace) -> None:
        raise error

    return Command("", "", lambda parser: None, run)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bare one"),
        KeyError("word"),
        RuntimeError("shapes do not match"),
        AssertionError(),
        TypeError("no such argument"),
    ],
)
def test_a_fault_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        run_command("elmo-x", failing(error), argparse.Namespace())
    assert raised.value is error


class OwnError(ValueError):
    """As this package's errors are."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OwnError("no such word"), "no such word"),
        (ConfigurationError("no such key"), "no such key"),
        (RunError("a training failed"), "a training failed"),
        (FileNotFoundError(2, "No such file or directory", "a.txt"), "a.txt: No such file or directory."),
        (OSError(22, "Invalid argument"), "[Errno 22] Invalid argument (ELMO_TASKS_TRACEBACK=1 shows where)"),
        (EOFError("Ran out of input"), "A file is damaged or cut off: Ran out of input (ELMO_TASKS_TRACEBACK=1 shows"),
        (RuntimeError("RUNTIME ERROR: no such field\n\tin a.jsonnet"), "RUNTIME ERROR: no such field"),
        (ModuleNotFoundError("No module named 'h5py'"), "No module named 'h5py'\n`elmo-tasks elmo-doctor` says"),
    ],
)
def test_a_mistake_is_told(error: Exception, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_command("elmo-x", failing(error), argparse.Namespace())
    assert str(stopped.value).startswith(f"elmo-x: {message}")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "elmo_snli", "skip_bad_lines": "no"}, "Expected skip_bad_lines to be a bool."),
        ({"type": "elmo_snli", "skip_lines": True}, "got an unexpected keyword argument 'skip_lines'"),
        ({"type": "elmo_sampled", "base_reader": {"type": None}, "fraction": 1, "seed": 1}, "NoneType"),
        ({"type": "."}, "Empty module name"),
    ],
)
def test_what_allennlp_says_of_a_configs_types_is_told(config: dict[str, Any], message: str) -> None:
    def run(args: argparse.Namespace) -> None:
        DatasetReader.from_params(Params(config))

    with pytest.raises(SystemExit) as stopped:
        run_command("elmo-x", Command("", "", lambda parser: None, run), argparse.Namespace())
    assert str(stopped.value).startswith("elmo-x: The config has a value of a wrong type, or a key that is none: ")
    assert message in str(stopped.value)


def test_a_type_error_below_a_constructor_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **others: object) -> None:
        raise TypeError("unsupported operand")

    monkeypatch.setattr("elmo_tasks.tasks.snli.reader.check_flag", fail)

    def run(args: argparse.Namespace) -> None:
        DatasetReader.from_params(Params({"type": "elmo_snli"}))

    with pytest.raises(TypeError, match="unsupported operand"):
        run_command("elmo-x", Command("", "", lambda parser: None, run), argparse.Namespace())


def test_a_file_has_the_name_that_the_user_knows(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    def write(args: argparse.Namespace) -> None:
        with writing(tmp_path / "folder") as temporary:
            temporary.write_text("")

    with pytest.raises(SystemExit) as stopped:
        run_command("elmo-x", Command("", "", lambda parser: None, write), argparse.Namespace())
    assert str(stopped.value) == f"elmo-x: {tmp_path / 'folder'}: Is a directory."


@pytest.mark.parametrize("by", ["option", "variable"])
def test_the_traceback_can_be_had(by: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    args = argparse.Namespace(verbose=True) if by == "option" else argparse.Namespace()
    if by == "variable":
        monkeypatch.setenv("ELMO_TASKS_TRACEBACK", "1")
    with pytest.raises(SystemExit, match="elmo-x: no such word"):
        run_command("elmo-x", failing(OwnError("no such word")), args)
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert "in run\n" in printed


def test_a_log_file_has_the_traceback(tmp_path: Path) -> None:
    root, handler = logging.getLogger(), logging.FileHandler(tmp_path / "out.log")
    root.addHandler(handler)
    try:
        with pytest.raises(SystemExit):
            run_command("elmo-x", failing(OwnError("no such word")), argparse.Namespace())
    finally:
        root.removeHandler(handler)
        handler.close()
    log = (tmp_path / "out.log").read_text()
    assert "Traceback" in log
    assert "OwnError: no such word" in log


@pytest.mark.parametrize(("verbose", "shown"), [(False, []), (True, ["reading"])])
def test_the_log_is_shown_if_it_is_asked_for(verbose: bool, shown: list[str], caplog: pytest.LogCaptureFixture) -> None:
    def run(args: argparse.Namespace) -> None:
        logging.getLogger("allennlp.some_module").info("reading")

    level = logging.getLogger().level
    run_command("elmo-x", Command("", "", lambda parser: None, run), argparse.Namespace(verbose=verbose))
    assert caplog.messages == shown
    assert logging.getLogger().level == level


def test_control_c_is_one_line_and_a_shells_code_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(args: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stopped:
        run_command("elmo-long", Command("", "", lambda parser: None, interrupted), argparse.Namespace())
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "elmo-long: interrupted.\n"


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_has_enough_ends_it_without_a_word(lines: int, tmp_path: Path) -> None:
    """Whether what it has not read is met while the command writes, or when it has ended."""
    program = f"""
from argparse import Namespace
from elmo_tasks.commands.command import Command, run_command

def run(args):
    input()
    for number in range({lines}):
        print(number)

run_command("elmo-x", Command("", "", lambda parser: None, run), Namespace())
"""
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_output_that_has_not_all_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))

    def run(args: argparse.Namespace) -> None:
        print("été, köy, 银行")

    message = 'elmo-x: The output is latin-1, which has no "银": set the environment variable PYTHONUTF8=1\\.'
    with pytest.raises(SystemExit, match=message):
        run_command("elmo-x", Command("", "", lambda parser: None, run), argparse.Namespace())


def test_sigterm_gives_a_shells_code_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By which the runner knows that it was not AllenNLP that ended the training."""
    monkeypatch.setattr("allennlp.commands.main", lambda prog: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "train"])
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as stopped:
            main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert stopped.value.code == 143
