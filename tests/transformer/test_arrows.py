"""What a transformer needs is below it, and AllenNLP is not; transformers is imported where one is read."""

import re
from pathlib import Path

import elmo_tasks

PACKAGE = Path(elmo_tasks.__file__).parent


def imported(room: str, pattern: str) -> set[str]:
    files = list((PACKAGE / room).rglob("*.py"))
    assert len(files) > 4
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(pattern, text, re.MULTILINE))


def test_arrows_point_down() -> None:
    assert imported("transformer", r"^\s*(?:from|import) elmo_tasks\.(\w+)") == {"bilm", "transformer"}
    assert "transformer" not in imported("bilm", r"^\s*(?:from|import) elmo_tasks\.(\w+)")
    assert "allennlp" not in imported("transformer", r"^\s*(?:from|import) (\w+)")
    # At the left margin: when the module itself is imported.
    assert "transformers" not in imported("transformer", r"^(?:from|import) (\w+)")
