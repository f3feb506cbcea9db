"""What probes stands on the sources of layers, and needs no AllenNLP."""

import re
from pathlib import Path

import elmo_tasks

FILES = list((Path(elmo_tasks.__file__).parent / "probing").glob("*.py"))


def test_arrows_point_down() -> None:
    assert len(FILES) > 5
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    rooms = set(re.findall(r"^\s*(?:from|import) elmo_tasks\.(\w+)", text, re.MULTILINE))
    assert rooms == {"bilm", "columns", "files", "probing"}
    assert "allennlp" not in re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
