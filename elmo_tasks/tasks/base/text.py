"""What the tasks' files have in common: a JSON object a line, raw texts or their tokens, the Penn Treebank's words."""

from collections.abc import Callable
from typing import Any

from elmo_tasks.files import JSONError, parse_json

Text = str | list[str]
"""Raw text, or its tokens."""

_PENN_WORDS = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "``": '"',
    "''": '"',
}


def json_object(line: bytes | str, error: type[Exception]) -> dict[str, Any]:
    """The JSON object of a line; bytes are UTF-8. Raises `error`, which says what the line is instead."""
    try:
        record = parse_json(line)
    except JSONError as problem:
        raise error(f"this is {problem}; there must be a JSON object a line") from None
    if not isinstance(record, dict):
        raise error(f"this is no JSON object: {short(record)}")
    return record


def check_text(text: Any, name: object, purpose: str, error: type[Exception]) -> Text:
    """
    The text itself, if it is raw text or a list of tokens, and says something.

    # Parameters

    text : `Any`
    name : `object`
        What the text is called where it stands.
    purpose : `str`
        What the task does with it, such as `"classify"`.
    error : `type[Exception]`
        Is raised otherwise, and says what is wrong.
    """
    if isinstance(text, list):
        for number, token in enumerate(text):
            if not isinstance(token, str) or not token:
                raise error(
                    f'token {number} of "{name}" (counted from 0) must be a non-empty string, not {short(token)}'
                )
    elif not isinstance(text, str):
        raise error(f'"{name}" must be text or a list of tokens, not {short(text)}')
    if not (text.strip() if isinstance(text, str) else text):
        raise error(f'"{name}" is empty: there is nothing to {purpose}')
    return text


def check_unicode(text: Text, name: str, error: Callable[[str], Exception]) -> None:
    """
    Raises `error` where a text cannot be written into a vocabulary's file: where it has half of a surrogate pair, such
    as JSON has where somebody has cut a text, `"\\ud83d"`.
    """
    try:
        "".join(text).encode("utf-8")
    except UnicodeEncodeError:
        raise error(f"{name} has half of a surrogate pair, which is no character: {short(text)}") from None


def plain_word(word: str) -> str:
    """A word of the Penn Treebank as text has it, where `-LRB-` is a bracket and a slash has no backslash before it."""
    return _PENN_WORDS.get(word) or word.replace("\\/", "/").replace("\\*", "*")


def short(value: Any) -> str:
    """How a value is shown in an error."""
    return repr(value)[:100]
