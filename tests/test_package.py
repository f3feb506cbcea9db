"""The package as a user gets it: its metadata, its wheel, and what happens where AllenNLP is missing or wrong."""

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

import h5py
import pytest
from packaging.requirements import Requirement

import elmo_tasks
from elmo_tasks import __main__ as command_line
from elmo_tasks import registration
from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.commands import COMMANDS
from elmo_tasks.installation import WITHOUT_ALLENNLP

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
    done = run_python("-c", code, cwd=work, pythonpath=site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(site / "elmo_tasks/__main__.py")
    assert json.loads((work / "config.json").read_text())["model"]["encoder"]["input_dim"] == 6 + dim
    assert (work / "run/model.tar.gz").exists()
    # None of what no user can act upon.
    for said in ("autocast", "image Python extension", "already been registered"):
        assert said not in done.stderr


# What may import what


LOOKS_UP = "registration"
"""It imports the rooms that register something, and has `commands` keep out of AllenNLP's log, before AllenNLP runs."""

SIDE_BY_SIDE = {
    "embedders": {"pipelines"},
    "tasks": {"pipelines"},
    "pretraining": {"serving", "tasks"},
    "runner": {"pretraining", "serving", "tasks"},
    "reproduce": {"pretraining", "serving"},
}
"""What the order allows, and none of these rooms needs: it would tie together what is of use by itself."""

WITHOUT_ALLENNLP_ANYWHERE = ("bilm", "probing", "transformer", "vectors", "pipelines")


def rooms_in_order() -> list[str]:
    """The rooms of the layout's table, the ground floor first."""
    layout = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    table = layout.partition("\n## The rooms\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)(?:/|\.py)`", cell)]


def imports_of(room: str) -> list[tuple[str, str]]:
    """Where a room imports something, in functions too, and what: `elmo_tasks.bilm.model`."""
    package = ROOT / "elmo_tasks"
    found = []
    for file in [*(package / room).rglob("*.py"), *package.glob(f"{room}.py")]:
        for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in part.names] if isinstance(part, ast.Import | ast.ImportFrom) else []
            if isinstance(part, ast.ImportFrom):
                assert part.level == 0, f"{file}, line {part.lineno}: the import is relative"
                names = [f"{part.module}.{name}" for name in names]
            found += [(f"{file}, line {getattr(part, 'lineno', 0)}", name) for name in names]
    return found


def test_the_layout_names_every_room() -> None:
    files = {path.stem for path in (ROOT / "elmo_tasks").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (ROOT / "elmo_tasks").glob("*/__init__.py")}
    assert sorted(rooms_in_order()) == sorted(files | folders)


@pytest.mark.parametrize("room", rooms_in_order())
def test_a_room_imports_only_what_is_below_it(room: str) -> None:
    order = rooms_in_order()
    not_allowed = {*order[order.index(room) + 1 :], *SIDE_BY_SIDE.get(room, ())}
    for where, name in imports_of(room):
        package, _, rest = name.partition(".")
        if package == "elmo_tasks" and room != LOOKS_UP:
            assert rest.split(".")[0] not in not_allowed, f"{where}: {room} imports {name}"


@pytest.mark.parametrize("room", WITHOUT_ALLENNLP_ANYWHERE)
def test_what_needs_no_allennlp_never_imports_it(room: str) -> None:
    assert [where for where, name in imports_of(room) if name.split(".")[0] == "allennlp"] == []


# What is imported, and when


HEAVY = ("allennlp", "transformers", "torchvision", "spacy", "sklearn")


@pytest.mark.parametrize(
    "code",
    [
        "import elmo_tasks.bilm",
        "import elmo_tasks.transformer",
        "import elmo_tasks.vectors, elmo_tasks.vectors.neighbors, elmo_tasks.vectors.static_vectors",
        "from elmo_tasks import Elmo, ElmoEmbedder, batch_to_ids",
        "import elmo_tasks.__main__, elmo_tasks.commands.doctor, elmo_tasks.commands.elmo",
    ],
)
def test_what_needs_no_allennlp_does_not_import_it(code: str, tmp_path: Path) -> None:
    code += f"\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_top_level_offers_what_most_people_want() -> None:
    from elmo_tasks.bilm.characters import batch_to_ids
    from elmo_tasks.vectors.embedder import ElmoEmbedder

    assert elmo_tasks.ElmoEmbedder is ElmoEmbedder
    assert elmo_tasks.batch_to_ids is batch_to_ids
    with pytest.raises(AttributeError, match="has no attribute 'ElmoEmbeder'"):
        _ = elmo_tasks.ElmoEmbeder  # type: ignore[attr-defined]


ABSENT = """
import sys
for name in ("allennlp", "transformers", "spacy", "overrides", "sklearn", "cached_path", "dill", "tqdm"):
    sys.modules[name] = None
"""


def test_the_bilm_needs_torch_numpy_and_h5py_only(tmp_path: Path) -> None:
    code = f"""
{ABSENT}
from elmo_tasks.bilm import BiLM, batch_to_ids
assert batch_to_ids([["A", "sentence", "."]]).shape == (1, 3, 50)
print(sorted(name for name in sys.modules if name.startswith("elmo_tasks.") and ".bilm" not in name))
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['elmo_tasks.checks', 'elmo_tasks.files', 'elmo_tasks.registration']"


def test_so_do_vectors_and_their_commands(tmp_path: Path) -> None:
    (tmp_path / "sentences.txt").write_text("A sentence .\nTwo words\n", encoding="utf-8")
    (tmp_path / "vocabulary.txt").write_text("Two\nwords\n", encoding="utf-8")
    code = f"""
{ABSENT}
from elmo_tasks import Elmo, ElmoEmbedder, batch_to_ids
print(ElmoEmbedder(bilm="mini").embed_sentence(["Two", "words"]).shape)
print(Elmo(bilm="mini")(batch_to_ids([["Two", "words"]]))["elmo_representations"][0].shape)
from elmo_tasks.__main__ import main
sys.argv = ["elmo-tasks", "elmo", "sentences.txt", "layers.hdf5", "--bilm", "mini", "--all"]
main()
sys.argv = ["elmo-tasks", "elmo-words", "vocabulary.txt", "words.txt"]
main()
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["(3, 2, 512)", "torch.Size([1, 2, 512])"]
    with h5py.File(tmp_path / "layers.hdf5") as file:
        assert file["1"].shape == (3, 2, 512)
    assert (tmp_path / "words.txt").exists()


def test_so_do_probes(tmp_path: Path) -> None:
    (tmp_path / "tags.txt").write_text("a D\ncat N\n", encoding="utf-8")
    senses = ROOT / "fixtures" / "senses"
    texts = [str(senses / "dev.data.xml"), "--corpus", str(senses / "train.data.xml")]
    code = f"""
{ABSENT}
from elmo_tasks.__main__ import main
sys.argv = ["elmo-tasks", "elmo-probe", "tags.txt", "tags.txt", "--no-random"]
main()
sys.argv = ["elmo-tasks", "elmo-senses", *{texts}, "--index", "{senses / "index.sense"}", "--averages", "a.hdf5"]
main()
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    assert "| layer 0 | 100.00 | - |" in done.stdout.splitlines()
    assert "| first sense | 66.7 |" in done.stdout.splitlines()


def test_the_version_is_this_projects(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from elmo_tasks.__main__ import main

    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "--version"])
    main()
    assert capsys.readouterr().out == f"elmo-tasks {elmo_tasks.__version__}\n"


# Registering


IS_REGISTERED = """
from allennlp.models import Model, archival
from allennlp.commands import Subcommand
assert "elmo_crf_tagger" in Model.list_available()
assert Model.by_name("elmo_crf_tagger").__name__ == "ElmoCrfTagger"
assert "elmo-finetune" in Subcommand.list_available()
# What `compat` mends is mended.
assert archival.extracted_archive.__module__ == "elmo_tasks.archives.safety"
# Nothing is left in the import system.
import sys
assert not any(type(finder).__module__.startswith("elmo_tasks") for finder in sys.meta_path)
import elmo_tasks.tasks.ner as package
assert type(package.__spec__.loader).__module__ == type(package.__loader__).__module__ == "_frozen_importlib_external"
print("registered")
"""


@pytest.mark.parametrize(
    "code",
    [
        "import elmo_tasks; from allennlp.common import Params",
        "import allennlp.commands; import elmo_tasks",
        # Here one of ours is what imports AllenNLP, in the middle of its own import.
        "from elmo_tasks.tasks.ner.model import ElmoCrfTagger",
        "import elmo_tasks.runner.runs",
        "import importlib, elmo_tasks; importlib.reload(elmo_tasks); import allennlp; importlib.reload(elmo_tasks)",
        "from allennlp.common.util import import_module_and_submodules as include; include('elmo_tasks')",
    ],
)
def test_all_is_registered_in_whatever_order_things_are_imported(code: str, tmp_path: Path) -> None:
    done = run_python("-c", code + IS_REGISTERED, cwd=tmp_path, pythonpath=ROOT)
    assert (done.returncode, done.stdout) == (0, "registered\n"), done.stderr


def test_all_is_registered_where_threads_import_at_once(tmp_path: Path) -> None:
    code = """
import importlib, threading
import elmo_tasks
names = ["allennlp.models", "elmo_tasks.tasks.ner"]
threads = [threading.Thread(target=importlib.import_module, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    done = run_python("-c", code + IS_REGISTERED, cwd=tmp_path, pythonpath=ROOT)
    assert (done.returncode, done.stdout) == (0, "registered\n"), done.stderr


def test_a_module_of_ours_can_be_run(tmp_path: Path) -> None:
    done = run_python("-m", "elmo_tasks.runner.compare", "--help", cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: python -m elmo_tasks.runner.compare")


# AllenNLP missing, broken, or another version


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of modules that come before those that are installed."""
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def with_fake(site: Path, module: str, content: str) -> None:
    (site / f"{module}.py").write_text(content)


BROKEN = {
    "absent": ("allennlp", "raise ModuleNotFoundError(\"No module named 'allennlp'\", name='allennlp')"),
    "broken": ("torchvision", "raise RuntimeError('operator torchvision::nms does not exist')"),
    "too new a library": ("transformers", "raise ImportError('cannot import name AdamW')"),
}


def run_here(*arguments: str, site: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, timeout=1200)


@pytest.mark.parametrize("what", BROKEN)
def test_the_bilm_works_where_allennlp_does_not(what: str, site: Path) -> None:
    with_fake(site, *BROKEN[what])
    code = """
from elmo_tasks import ElmoEmbedder
print(ElmoEmbedder(bilm="mini").embed_sentence(["A", "sentence", "."]).shape)
try:
    import allennlp
except ImportError as error:
    print(error)
import elmo_tasks.vectors.neighbors
"""
    done = run_here("-c", code, site=site)
    assert done.returncode == 0, done.stderr
    first, *message = done.stdout.splitlines()
    assert first == "(3, 3, 512)"
    if what == "broken":
        assert message[0].startswith("AllenNLP is installed but does not import: ")


def with_another_allennlp(site: Path) -> None:
    """One of an older version, which loads its plugins as AllenNLP does."""
    for package in ("allennlp", "allennlp/commands", "allennlp/common"):
        (site / package).mkdir()
        (site / package / "__init__.py").touch()
    with_fake(site, "allennlp/__init__", "__version__ = '0.9.0'")
    plugins = "import importlib\ndef import_plugins():\n    importlib.import_module('elmo_tasks')"
    with_fake(site, "allennlp/common/plugins", plugins)


def with_ill_allennlp(site: Path, what: str) -> None:
    if what == "another version":
        with_another_allennlp(site)
    else:
        with_fake(site, *BROKEN[what])


WHAT_NEEDS_NO_ALLENNLP = """
import spacy
import elmo_tasks, elmo_tasks.bilm, elmo_tasks.vectors, elmo_tasks.probing, elmo_tasks.splitting, elmo_tasks.columns
import elmo_tasks.files, elmo_tasks.transformer, elmo_tasks.commands.probe
from elmo_tasks import ElmoEmbedder, ElmoVectorizer
nlp = spacy.blank("en")
nlp.add_pipe("elmo")
print(nlp("A sentence.").tensor.shape)
for _ in range(2):
    try:
        from elmo_tasks.tasks.ner import ElmoCrfTagger
    except ImportError as error:
        print(str(error).splitlines()[0])
"""


@pytest.mark.parametrize("what", ["broken", "another version"])
@pytest.mark.parametrize(
    "code",
    [
        "try:\n    from allennlp.commands.elmo import ElmoEmbedder\nexcept Exception: pass",
        "try:\n    import allennlp.predictors\nexcept Exception: pass\nimport spacy; spacy.blank('en')",
        "import elmo_tasks\ntry:\n    import allennlp\nexcept Exception: pass",
        "import elmo_tasks\ntry:\n    import allennlp.predictors\nexcept Exception: pass",
    ],
    ids=["stock's import first", "spaCy first", "ours first", "ours and a part"],
)
def test_what_needs_no_allennlp_works_behind_one_that_failed(code: str, what: str, site: Path) -> None:
    with_ill_allennlp(site, what)
    done = run_here("-c", f"{code}\n{WHAT_NEEDS_NO_ALLENNLP}", site=site)
    assert done.returncode == 0, done.stderr
    messages = {
        "broken": "AllenNLP is installed but does not import: operator torchvision::nms does not exist.",
        "another version": "elmo_tasks works with AllenNLP 2.10.1; installed is 0.9.0.",
    }
    shape, *said = done.stdout.splitlines()
    assert shape == "(3, 512)"
    assert said == [messages[what]] * 2
    # One line in the log, where our import could not raise it and theirs did not.
    expected = "" if code.startswith("import elmo_tasks") else f"with AllenNLP. {messages[what]}\n"
    assert done.stderr.endswith(expected)
    assert done.stderr.count("\n") == bool(expected)


def test_an_allennlp_that_loads_the_plugin_and_is_not_well_gets_the_error(site: Path) -> None:
    with_another_allennlp(site)
    done = run_here("-c", "from allennlp.common.plugins import import_plugins; import_plugins()", site=site)
    assert done.returncode == 1
    assert "\nImportError: elmo_tasks works with AllenNLP 2.10.1; installed is 0.9.0.\n" in done.stderr


def test_it_is_known_which_modules_need_allennlp(tmp_path: Path) -> None:
    """Those that do not are imported where it is absent; each of the others needs it, or a module in it does."""
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in (ROOT / "elmo_tasks").rglob("*.py")
    }
    engine = sorted(module for module in modules if not module.startswith(registration.NEED_ALLENNLP))
    code = f"""
import importlib, sys
sys.modules["allennlp"] = None
for name in {engine}:
    importlib.import_module(name)
print([name for name in sys.modules if name.startswith({registration.NEED_ALLENNLP})])
for need in {registration.NEED_ALLENNLP}:
    for name in {sorted(modules)}:
        if f"{{name}}.".startswith(f"{{need}}."):
            try:
                importlib.import_module(name)
            except ImportError:
                break
    else:
        print(need)
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.parametrize("what", BROKEN)
def test_the_doctor_says_what_to_do_where_allennlp_does_not_import(what: str, site: Path) -> None:
    package, content = BROKEN[what]
    with_fake(site, package, content)
    done = run_here("-m", "elmo_tasks", "elmo-doctor", site=site)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[-1].endswith("checks failed")
    assert lines[-2].startswith("without AllenNLP work biLMs, vectors and probes in Python, and elmo, elmo-doctor, ")
    assert any(line.startswith("ok    biLM: ") for line in lines)
    for failing in {package, "allennlp", "registered"}:
        (index,) = (index for index, line in enumerate(lines) if line.startswith(f"FAIL  {failing}: "))
        remedies = [line for line in lines[index + 1 :] if line.startswith("      what to do: ")]
        assert remedies
    # Whatever fails, it is those that need it and no others.
    assert sum(line.startswith("FAIL") for line in lines) <= 4


def test_the_command_says_what_to_install_where_allennlp_is_missing(site: Path) -> None:
    with_fake(site, *BROKEN["absent"])
    for arguments in ["train", "config.json"], ["elmo-perplexity", "run", "text"], []:
        done = run_here("-m", "elmo_tasks", *arguments, site=site)
        assert done.returncode == 1
        assert "AllenNLP is not installed." in done.stderr
        assert "pip install --no-deps" in done.stderr
        assert "elmo-doctor" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_where_allennlp_is_missing_the_commands_that_need_none_are_listed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise ImportError("AllenNLP is not installed.")

    monkeypatch.setattr(command_line, "check_allennlp", missing)
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", *arguments])
    with pytest.raises(SystemExit, match="AllenNLP is not installed"):
        command_line.main()
    first, *listed, last = capsys.readouterr().out.splitlines()
    assert (first, last) == ("These commands work without AllenNLP:", "All others of elmo-tasks need it.")
    assert listed[0].split(maxsplit=1) == ["elmo", "write ELMo's layers for a text"]
    assert tuple(line.split()[0] for line in listed) == WITHOUT_ALLENNLP


def test_it_is_known_which_commands_need_allennlp(tmp_path: Path) -> None:
    """By what they import when they run."""
    imports = {}
    for name, module in COMMANDS.items():
        tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())
        functions = [part for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)]
        parts = [part for function in functions for part in ast.walk(function)]
        imports[name] = [str(part.module) for part in parts if isinstance(part, ast.ImportFrom)]
    code = f"""
import importlib, sys
sys.modules["allennlp"] = None
for name, modules in {imports}.items():
    try:
        for module in modules:
            importlib.import_module(module)
        print(name)
    except ImportError:
        pass
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert tuple(done.stdout.split()) == WITHOUT_ALLENNLP, done.stderr


def test_commands_that_need_no_allennlp_run_where_it_is_missing(site: Path) -> None:
    with_fake(site, *BROKEN["absent"])
    (site / "words.txt").write_text("The\ndog\n")
    done = run_here("-m", "elmo_tasks", "elmo-words", "words.txt", "vectors.txt", site=site)
    assert (done.returncode, done.stdout) == (0, "Wrote vectors.txt: 2 words, 256 numbers each.\n"), done.stderr


def test_an_allennlp_that_does_not_import_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "allennlp.commands", None)
    with pytest.raises(
        ImportError, match=r"does not import(.|\n)*pip install --no-deps torchvision allennlp==2\.10\.1"
    ):
        registration.register()


def test_another_version_of_allennlp_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allennlp.__version__", "2.9.3")
    with pytest.raises(ImportError, match=r"installed is 2\.9\.3(.|\n)*pip install"):
        registration.register()


def test_an_error_comes_back_at_each_import(tmp_path: Path) -> None:
    """Neither is AllenNLP used without what was to be registered, nor does the biLM suffer."""
    code = """
import elmo_tasks
from elmo_tasks import registration
registration.ROOMS = ("elmo_tasks.nothing_here",)
for code in ["import allennlp", "import allennlp", "import elmo_tasks.tasks", "import elmo_tasks.tasks"]:
    try:
        exec(code)
    except ImportError as error:
        print(str(error).splitlines()[0])
import elmo_tasks.vectors
"""
    done = run_python("-c", code, cwd=tmp_path, pythonpath=ROOT)
    assert done.returncode == 0, done.stderr
    message = "elmo_tasks.nothing_here does not import: No module named 'elmo_tasks.nothing_here'."
    assert done.stdout.splitlines() == [message] * 4


def test_a_missing_module_is_an_error_that_allennlp_does_not_swallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "ROOMS", ("elmo_tasks.nothing_here",))
    with pytest.raises(ImportError, match=r"elmo_tasks\.nothing_here does not import") as raised:
        registration.register()
    # Of a ModuleNotFoundError AllenNLP would log one line, and go on without the plugin.
    assert not isinstance(raised.value, ModuleNotFoundError)
