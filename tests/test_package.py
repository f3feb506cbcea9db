"""The package as a user gets it: its metadata, its wheel, and what happens where AllenNLP is missing or wrong."""

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

import elmo_tasks
from elmo_tasks.bilm import BiLMOptions

ROOT = Path(__file__).parents[1]


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def run_python(*arguments: str, cwd: Path, pythonpath: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(pythonpath), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=1200
    )


# What belongs together


def test_the_pinned_set_lies_within_the_ranges() -> None:
    lines = [line for line in setup_cfg()["options"]["install_requires"].splitlines() if line and line[0] != "#"]
    ranges = {requirement.name: requirement for requirement in map(Requirement, lines)}
    pins = re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert set(ranges) == {name for name, _ in pins}
    for name, version in pins:
        assert ranges[name].specifier.contains(version), f"{name} {version} is outside {ranges[name]}"


def test_the_makefile_installs_the_allennlp_that_the_package_asks_for() -> None:
    assert f"\nALLENNLP = {elmo_tasks.ALLENNLP_VERSION}\n" in (ROOT / "Makefile").read_text()


def test_the_plugins_file_names_the_package() -> None:
    assert (ROOT / ".allennlp_plugins").read_text().split() == ["elmo_tasks"]


def test_the_command_points_at_a_function() -> None:
    (command,) = entry_points(group="console_scripts", name="elmo-tasks")
    assert callable(command.load())


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
    done = run_python("-c", code, cwd=work, pythonpath=site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(site / "elmo_tasks/__main__.py")
    assert json.loads((work / "config.json").read_text())["model"]["encoder"]["input_dim"] == 6 + dim
    assert (work / "run/model.tar.gz").exists()
    # Neither of the two warnings that no user can act upon.
    assert "autocast" not in done.stderr
    assert "image extension" not in done.stderr


# AllenNLP missing, broken, or another version


def test_the_bilm_needs_torch_numpy_and_h5py_only(tmp_path: Path) -> None:
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"allennlp", "transformers", "spacy", "overrides", "sklearn", "cached_path", "dill"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from elmo_tasks.bilm import BiLM, batch_to_ids
assert batch_to_ids([["A", "sentence", "."]]).shape == (1, 3, 50)
print(sorted(name for name in sys.modules if name.startswith("elmo_tasks.") and ".bilm" not in name))
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['elmo_tasks.files']"


def test_the_command_says_what_to_install_where_allennlp_is_missing(tmp_path: Path) -> None:
    code = "import sys; sys.modules['allennlp'] = None; from elmo_tasks.__main__ import main; main()"
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 1
    assert "needs AllenNLP, which is not installed" in done.stderr
    assert "pip install --no-deps" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_registered_where_allennlp_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "allennlp", None)
    assert not elmo_tasks._allennlp_is_here()


def test_an_allennlp_that_does_not_import_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "allennlp.commands", None)
    with pytest.raises(
        ImportError, match=r"does not import(.|\n)*pip install --no-deps torchvision allennlp==2\.10\.1"
    ):
        elmo_tasks._allennlp_is_here()


def test_another_version_of_allennlp_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allennlp.__version__", "2.9.3")
    with pytest.raises(ImportError, match=r"installed is 2\.9\.3(.|\n)*pip install"):
        elmo_tasks._allennlp_is_here()


def test_a_missing_module_is_an_error_that_allennlp_does_not_swallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elmo_tasks, "_ROOMS", ("elmo_tasks.nothing_here",))
    with pytest.raises(ImportError, match=r"elmo_tasks\.nothing_here does not import") as raised:
        elmo_tasks._register()
    # Of a ModuleNotFoundError AllenNLP would log one line, and go on without the plugin.
    assert not isinstance(raised.value, ModuleNotFoundError)
