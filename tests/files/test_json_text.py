import json
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.files import JSONError, parse_json, read_object


def nested(depth: int) -> str:
    return "[" * depth + "1" + "]" * depth


@pytest.mark.parametrize("value", [None, [], {"a": [1, 2.5, "\u2028"]}, json.loads(nested(200))])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_json_is_parsed(value: Any, mark: str) -> None:
    text = mark + json.dumps(value, ensure_ascii=False)
    assert parse_json(text) == parse_json(text.encode()) == value


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_objects_that_were_written_before(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(mark + '{"said": "so", "seeds": null}', encoding="utf-8")
    assert read_object(path, LookupError, said=str, seeds=int | None) == {"said": "so", "seeds": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is not JSON"),
        (b"\xff", "this is not UTF-8"),
        (b"[" * 100_000, "this is JSON with more than 200"),
        (b'["said"]', "this is no JSON object"),
        (b"{}", '"said" is not there, or not what it should be'),
        (b'{"said": 1}', '"said" is not there, or not what it should be'),
    ],
)
def test_objects_that_are_damaged(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(LookupError, match=rf"run\.json is damaged: {message}"):
        read_object(path, LookupError, said=str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^not JSON: Expecting value, at column 1$"),
        ('{"a": 1,}', "^not JSON: .*, at column "),
        ("[1,\n2 3]", "^not JSON: Expecting ',' delimiter, at line 2, column 3$"),
        (b"\xff", "^not UTF-8: invalid start byte$"),
        ('{"a": ' + "9" * 5000 + "}", "^JSON with a number of thousands of digits$"),
        (nested(201), "^JSON with more than 200 objects and lists in each other$"),
        (nested(2000), "^JSON with more than 200"),
        (nested(100_000), "^JSON with more than 200"),
        ('{"a": ' * 300 + "1" + "}" * 300, "^JSON with more than 200"),
    ],
)
def test_what_is_no_json(text: str | bytes, message: str) -> None:
    with pytest.raises(JSONError, match=message):
        parse_json(text)
