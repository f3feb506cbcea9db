from typing import Any

import pytest

from elmo_tasks.tasks.base.text import check_text, json_object


class MistakeError(ValueError):
    """One of a task's own."""


@pytest.mark.parametrize("text", ["a b", ["a", "b c", "\u200b"], "\ufeff", "👩‍👩‍👧", "שלום"])
def test_a_text_that_says_something_is_taken_as_it_is(text: Any) -> None:
    assert check_text(text, "text", "read", MistakeError) is text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", '"text" is empty: there is nothing to read'),
        (" \n\u00a0", '"text" is empty'),
        ([], '"text" is empty'),
        (["a", ""], r"token 1 of .text. \(counted from 0\) must be a non-empty string, not ''"),
        (["a", 2], "token 1 .* not 2"),
        (None, '"text" must be text or a list of tokens, not None'),
    ],
)
def test_others_are_named(text: Any, message: str) -> None:
    with pytest.raises(MistakeError, match=message):
        check_text(text, "text", "read", MistakeError)


def test_a_line_is_a_json_object() -> None:
    assert json_object('{"a": "é"}', MistakeError) == json_object('{"a": "é"}'.encode(), MistakeError) == {"a": "é"}
    for line, message in (("{", "this is not JSON"), (b"\xff", "this is not UTF-8"), ("[1]", r"no JSON object: \[1\]")):
        with pytest.raises(MistakeError, match=message):
            json_object(line, MistakeError)
