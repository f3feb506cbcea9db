"""The package as a user gets it: its metadata, its set-up and its wheel."""

import ast
import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from python_runs import ROOT, run_python

import elmo_tasks
from elmo_tasks import registration
from elmo_tasks.bilm import BiLMOptions


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


# What belongs together


def test_the_pinned_set_lies_within_the_ranges() -> None:
    lines = [line for line in setup_cfg()["options"]["install_requires"].splitlines() if line and line[0] != "#"]
    ranges = {requirement.name: requirement for requirement in map(Requirement, lines)}
    pins = re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert set(ranges) == {name for name, _ in pins}
    for name, version in pins:
        assert ranges[name].specifier.contains(version), f"{name} {version} is outside {ranges[name]}"


def test_the_makefile_installs_the_allennlp_that_the_package_asks_for() -> None:
    assert f"\nALLENNLP = {registration.ALLENNLP_VERSION}\n" in (ROOT / "Makefile").read_text()


def test_no_message_sends_its_reader_to_a_page_that_the_wheel_lacks() -> None:
    for file in sorted((ROOT / "elmo_tasks").rglob("*.py")):
        parts = list(ast.walk(ast.parse(file.read_text())))
        # Whoever reads the code has the pages too.
        docstrings = {part.value for part in parts if isinstance(part, ast.Expr)}
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part not in docstrings:
                assert not re.search("docs/|README", part.value), f"{file}, line {part.lineno}: {part.value}"


def test_the_plugins_file_names_the_package() -> None:
    assert (ROOT / ".allennlp_plugins").read_text().split() == ["elmo_tasks"]


def test_the_command_points_at_a_function() -> None:
    (command,) = entry_points(group="console_scripts", name="elmo-tasks")
    assert callable(command.load())


def test_spacy_finds_the_component() -> None:
    (factory,) = entry_points(group="spacy_factories", name="elmo")
    assert callable(factory.load()), "install again where setup.cfg has changed: make setup"


# The Python of `make setup`


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def python_after(code: str) -> str:
    """The line of a script that is this Python, but for what the code does first. It is called with `-c CODE`."""
    return f"exec {sys.executable} -c '{code}'\"$2\""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (python_after('import sys; sys.version_info, sys.version = (3, 10, 13), "3.10.13 (x)"; '), "Python 3.10.13"),
        (python_after('import sys; sys.modules["ensurepip"] = None; '), "ModuleNotFoundError: import of ensurepip"),
        ("echo 'shim: no such version' >&2; exit 127", "shim: no such version"),
    ],
    ids=["too old", "without venv", "another's shim"],
)
def test_a_python_that_will_not_do_is_refused_in_one_line_with_its_own_words(
    tmp_path: Path, line: str, words: str
) -> None:
    python = script(tmp_path / "python", line)
    made = run_make("setup", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert made.returncode != 0
    (said,) = [line for line in made.stderr.splitlines() if not line.startswith("make")]
    assert said.startswith(f"{python} is no Python 3.11 or later with venv and ensurepip: ")
    assert words in said
    assert not (tmp_path / "venv").exists()


def test_where_no_python_will_do_each_says_why(tmp_path: Path) -> None:
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        script(tmp_path / name, f"echo 'no {name} here' >&2; exit 127")
    made = run_make("setup", f"VENV={tmp_path / 'venv'}", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert made.returncode != 0
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        assert f"{name}: no {name} here\n" in made.stderr
    assert "make setup PYTHON=/path/to/python3.11" in made.stderr


def run_make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    # A `make test` hands its own settings down.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "PYTHON", "VENV")}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment | variables, capture_output=True, text=True, timeout=60)


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as building leaves folders in the source."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "elmo_tasks", folder / "source/elmo_tasks", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(folder / "source")], check=True, timeout=1200)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    source = {path.relative_to(ROOT) for path in (ROOT / "elmo_tasks").rglob("*") if path.is_file()}
    expected = {str(path) for path in source if path.suffix != ".pyc" and not path.name.startswith(".")}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert expected <= held
    assert {name.split("/")[0] for name in held} == {"elmo_tasks", f"elmo_tasks-{elmo_tasks.__version__}.dist-info"}
    assert any(name.endswith("LICENSE") for name in held)


def test_the_wheel_adds_elmo_and_trains_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.tsv").write_text("the###D cat###N sees###V Anna###P\nAnna###P sees###V\n" * 4)
    dim = BiLMOptions.from_file(site / "elmo_tasks/bilm/models/mini/options.json").output_dim
    config = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": "train.tsv",
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 6}}},
            "encoder": {"type": "pass_through", "input_dim": 6},
        },
        "data_loader": {"batch_size": 2},
        "trainer": {"num_epochs": 1, "optimizer": "adam", "cuda_device": -1},
    }
    (work / "plain.json").write_text(json.dumps(config))
    code = """
import sys
import elmo_tasks.__main__ as command
print(command.__file__)
for arguments in ["elmo-add", "plain.json", "-o", "config.json"], ["train", "config.json", "-s", "run"]:
    sys.argv[1:] = arguments
    command.main()
"""
    done = run_python("-c", code, cwd=work, path=[site])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(site / "elmo_tasks/__main__.py")
    assert json.loads((work / "config.json").read_text())["model"]["encoder"]["input_dim"] == 6 + dim
    assert (work / "run/model.tar.gz").exists()
    # None of what no user can act upon.
    for said in ("autocast", "image Python extension", "already been registered"):
        assert said not in done.stderr


def test_the_version_is_this_projects(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from elmo_tasks.__main__ import main

    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "--version"])
    main()
    assert capsys.readouterr().out == f"elmo-tasks {elmo_tasks.__version__}\n"
