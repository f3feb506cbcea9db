"""The plugin registers, whatever is imported first, or says what is wrong with the AllenNLP that is there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from python_runs import ROOT, run_python

from elmo_tasks import __main__ as command_line
from elmo_tasks import registration
from elmo_tasks.commands import COMMANDS
from elmo_tasks.installation import WITHOUT_ALLENNLP

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
    done = run_python("-c", code + IS_REGISTERED, cwd=tmp_path)
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
    done = run_python("-c", code + IS_REGISTERED, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "registered\n"), done.stderr


def test_a_module_of_ours_can_be_run(tmp_path: Path) -> None:
    done = run_python("-m", "elmo_tasks.runner.compare", "--help", cwd=tmp_path)
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
    return run_python(*arguments, cwd=site, path=[site, ROOT])


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
    done = run_python("-c", code, cwd=tmp_path)
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
    done = run_python("-c", code, cwd=tmp_path)
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
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    message = "elmo_tasks.nothing_here does not import: No module named 'elmo_tasks.nothing_here'."
    assert done.stdout.splitlines() == [message] * 4


def test_a_missing_module_is_an_error_that_allennlp_does_not_swallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "ROOMS", ("elmo_tasks.nothing_here",))
    with pytest.raises(ImportError, match=r"elmo_tasks\.nothing_here does not import") as raised:
        registration.register()
    # Of a ModuleNotFoundError AllenNLP would log one line, and go on without the plugin.
    assert not isinstance(raised.value, ModuleNotFoundError)
