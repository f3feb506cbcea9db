"""The one way to read JSON."""

import json
from pathlib import Path
from types import UnionType
from typing import Any

_DEEPEST = 200

_TOO_DEEP = f"JSON with more than {_DEEPEST} objects and lists in each other"


class JSONError(ValueError):
    """A text is no JSON, or more than can be read."""


def parse_json(text: str | bytes) -> Any:
    """
    What a JSON text says, in UTF-8 where it is bytes.

    # Raises

    `JSONError`
        Says what the text is: `"not JSON: "`, why, in which column, and in which line where there are several; not
        UTF-8; or JSON that is too deep (200), or has a number too long, for what is to be done with it.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise JSONError(f"not UTF-8: {error.reason}") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in error.doc.strip() else ""
        raise JSONError(f"not JSON: {error.msg}, at {line}column {error.colno}") from None
    except RecursionError:
        raise JSONError(_TOO_DEEP) from None
    except ValueError:
        # Python refuses to read it, as that would take long.
        raise JSONError("JSON with a number of thousands of digits") from None
    _check_depth(value)
    return value


def read_object(path: str | Path, error: type[Exception], **fields: type | UnionType) -> dict[str, Any]:
    """
    The JSON object that this package, or AllenNLP, has written into a file.

    # Parameters

    path : `str` or `Path`
    error : `type[Exception]`
        Is raised, with the file's name, if that is not what is in it.
    fields : `type` or `UnionType`
        Those that it must have, and their types.
    """
    try:
        value = parse_json(Path(path).read_bytes())
    except JSONError as problem:
        raise error(f"{path} is damaged: this is {problem}.") from None
    if not isinstance(value, dict):
        raise error(f"{path} is damaged: this is no JSON object.")
    for name, kind in fields.items():
        if not isinstance(value.get(name), kind):
            raise error(f'{path} is damaged: "{name}" is not there, or not what it should be.')
    return value


def _check_depth(value: Any) -> None:
    """What is parsed may still be too deep for those who print it or copy it."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise JSONError(_TOO_DEEP)
