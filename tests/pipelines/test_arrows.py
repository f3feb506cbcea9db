"""What the pipelines stand on is below them, without AllenNLP, and each imports its own library only."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import elmo_tasks

ROOM = Path(elmo_tasks.__file__).parent / "pipelines"


def imported(name: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (ROOM / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_arrows_point_down() -> None:
    files = {path.name for path in ROOM.glob("*.py")}
    rooms = set().union(*(imported(name, r"^\s*(?:from|import) elmo_tasks\.(\w+)") for name in files))
    assert rooms == {"bilm", "checks", "files", "pipelines", "splitting", "transformer", "vectors"}
    libraries = {name: imported(name, r"^\s*(?:from|import) (allennlp|sklearn|spacy)\b") for name in files}
    assert {name: of for name, of in libraries.items() if of} == {
        "spacy_component.py": {"spacy"},
        "vectorizer.py": {"sklearn"},
    }


def test_what_is_below_them_knows_nothing_of_them() -> None:
    for room in ("bilm", "transformer", "vectors", "embedders", "tasks"):
        for path in (ROOM.parent / room).rglob("*.py"):
            assert "elmo_tasks.pipelines" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("module", "missing", "message"),
    [
        ("vectorizer", "sklearn.base", "ElmoVectorizer needs scikit-learn: pip install scikit-learn"),
        ("spacy_component", "spacy.language", 'The component "elmo" needs spaCy: pip install spacy'),
    ],
)
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, module: str, missing: str, message: str) -> None:
    monkeypatch.delitem(sys.modules, f"elmo_tasks.pipelines.{module}", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=message):
        import_module(f"elmo_tasks.pipelines.{module}")
