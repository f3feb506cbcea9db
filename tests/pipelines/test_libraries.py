"""Each pipeline imports its own library only, and says so where it is missing."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import elmo_tasks

ROOM = Path(elmo_tasks.__file__).parent / "pipelines"


def libraries(path: Path) -> set[str]:
    pattern = r"^\s*(?:from|import) (sklearn|spacy)\b"
    return set(re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE))


def test_each_imports_its_own_library_only() -> None:
    found = {path.name: libraries(path) for path in ROOM.glob("*.py")}
    assert {name: of for name, of in found.items() if of} == {
        "spacy_component.py": {"spacy"},
        "vectorizer.py": {"sklearn"},
    }


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
