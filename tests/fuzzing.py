"""
Damaged and strange input, and what must become of it: an answer that is right, or an error that is told in one line.

Each test in tests/fuzz/ gives one place where users' bytes come in `INPUTS` inputs, the same ones each time. In the
suite these are few. By hand

    FUZZ=250 nice python -m pytest tests/fuzz -n 0 -rP

gives each place 250, 10,000 in all, in some minutes, and prints what became of them.
"""

import json
import os
import random
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

INPUTS = int(os.environ.get("FUZZ", "4"))

_SECONDS = 20
"""No input takes longer."""

Chance = random.Random
"""Where an input's random numbers come from."""

TEXTS = (
    *(
        "",
        " ",
        "\t",
        "\0",
        "a\0b",
        "\ufeff",
        "\ufeffThe",
        "a\u200bb",
        "e\u0301",
        "שלום",
        "İstanbul \u0131",
        "東京",
        "👩\u200d💻",
    ),
    *(
        "\u2028",
        "\x85",
        "\x1c",
        "\r",
        "\u00a0",
        "x" * 500,
        "ß" * 260,
        "((((((((",
        '""""',
        "'",
        "\\",
        "{",
        "[",
        "-LRB-",
        ")",
    ),
    *(
        "-DOCSTART-",
        "@@UNKNOWN@@",
        "@@PADDING@@",
        "@@NEWLINE@@",
        "<S>",
        "</S>",
        "-",
        "O",
        "B-",
        "I-PER",
        "-X-",
        "/",
        ".",
    ),
    *("NaN", "1e999", "null", "true", "-1", "nan nan", "a b", "# x", "*", "../x", "mini", "type"),
)
"""What may stand for a word or a name and is not what one thinks of."""

_HUGE, _DEEP, _HALF = "<thousands of digits>", "<thousands of lists>", "<half of a surrogate pair>"

VALUES = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 50, 1.0, 1.5, -0.5, 1e300, -1e300, float("nan"), float("inf")),
    *(10**20, 2**31, 2**63, 2**64, [], {}, [[]], [None], {"": None}, [1, "a"], {"type": "mini"}, {"type": None}),
    *(_HUGE, _DEEP, _HALF, "1", "false", "None"),
)
"""What may stand for any value in JSON."""


def fuzz(check: Callable[[Chance], object], *errors: type[Exception], where: str = "", inputs: int = INPUTS) -> None:
    """
    # Parameters

    check : `Callable[[Chance], object]`
        Makes an input and gives it to the product; asserts what can be known of the answer.
    errors : `type[Exception]`
        Those that the product may raise. What the system says of a file may be raised too.
    where : `str`
        What these errors must have in them, such as the file's name.
    inputs : `int`
        How many.

    # Raises

    `pytest.fail.Exception`
        With one input of each kind that led to another error, to a wrong answer, or to none in `_SECONDS`.
    """
    counts: Counter[str] = Counter()
    failures: dict[str, str] = {}
    for number in range(inputs):
        try:
            with _time_limit():
                check(Chance(number))
            counts["answers"] += 1
        except (Exception, _TooLongError) as error:
            if problem := _problem(error, errors, where):
                counts["failures"] += 1
                failures.setdefault(_place(error), f"input {number}: {problem}")
            else:
                counts["named errors"] += 1
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    print(f"{inputs} inputs: {told}")
    if failures:
        pytest.fail("\n\n".join(f"{problem}\n{place}" for place, problem in failures.items()), pytrace=False)


class _TooLongError(BaseException):
    """Not to be taken for one of the product's."""


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(*arguments: object) -> None:
        raise _TooLongError(f"no answer in {_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _problem(error: BaseException, errors: tuple[type[Exception], ...], where: str) -> str | None:
    """What is wrong with an error, if anything is."""
    said = f"{type(error).__name__}: {str(error)[:300]}"
    if not isinstance(error, (OSError, *errors)) or type(error) is ValueError:
        return said
    if "\n" in str(error):
        return f"more than a line: {said}"
    return None if where in str(error) else f"does not name {where}: {said}"


def _place(error: BaseException) -> str:
    """Where it came from: the last lines of the traceback that are not a library's."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return "\n".join(f"  {frame.filename}:{frame.lineno}: {frame.line}" for frame in frames[-3:])


def text_of(chance: Chance, most: int = 8) -> str:
    """A few words, some of them strange, separated by spaces."""
    return " ".join(word_of(chance) for _ in range(chance.randint(0, most)))


def word_of(chance: Chance) -> str:
    """A word, strange or plain."""
    return chance.choice(TEXTS) if chance.random() < 0.3 else chance.choice(["the", "cat", "Ada", "Oslo", "ran", "."])


def damaged(content: bytes, chance: Chance) -> bytes:
    """Bytes that were changed once or a few times; now and then not at all."""
    for _ in range(chance.choice([0, 1, 1, 1, 2, 5])):
        content = chance.choice(_DAMAGES)(content, chance)
    return content


def _span(content: bytes, chance: Chance) -> tuple[int, int]:
    start = chance.randint(0, len(content))
    return start, min(len(content), start + chance.choice([1, 2, 16, 500]))


def _flip(content: bytes, chance: Chance) -> bytes:
    if not content:
        return content
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def _replace(content: bytes, chance: Chance) -> bytes:
    start, stop = _span(content, chance)
    return content[:start] + chance.choice([bytes(stop - start), chance.randbytes(stop - start)]) + content[stop:]


def _insert(content: bytes, chance: Chance) -> bytes:
    place = chance.randint(0, len(content))
    new = chance.choice(
        [b"\0", b"\r", b"\n", b"\xff", b"\xc3", b"\xef\xbb\xbf", b" ", b"\t", b'"', b"{", chance.randbytes(9)]
    )
    return content[:place] + new + content[place:]


def _remove(content: bytes, chance: Chance) -> bytes:
    start, stop = _span(content, chance)
    return content[:start] + content[stop:]


def _repeat(content: bytes, chance: Chance) -> bytes:
    start, stop = _span(content, chance)
    return content[:stop] + content[start:]


_DAMAGES: tuple[Callable[[bytes, Chance], bytes], ...] = (
    *(_flip, _flip, _replace, _insert, _insert, _remove, _repeat),
    lambda content, chance: content[: chance.randint(0, len(content))],
    lambda content, chance: content[chance.randint(0, len(content)) :],
    lambda content, chance: b"\xef\xbb\xbf" + content,
    lambda content, chance: content.replace(b"\n", chance.choice([b"\r", b"\r\n", b"\n\n", b"", b"\0"])),
    lambda content, chance: content.decode("utf-8", "replace").encode(chance.choice(["utf-16", "latin-1"]), "replace"),
    lambda content, chance: b"",
    lambda content, chance: content + content,
)


def write(path: Path, content: bytes, chance: Chance) -> None:
    """Writes a file; now and then there is a folder in its place, or nothing."""
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    if (kind := chance.random()) > 0.02:
        path.write_bytes(content)
    elif kind > 0.01:
        path.mkdir()


def strange_json(value: Any, chance: Chance) -> str:
    """JSON of which one or two values are others, or elsewhere, or missing."""
    for _ in range(chance.choice([1, 1, 1, 2])):
        value = _strange(value, chance)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    for placeholder, strange in ((_HUGE, "9" * 5000), (_DEEP, "[" * 3000 + "]" * 3000), (_HALF, '"\\ud83d"')):
        text = text.replace(json.dumps(placeholder), strange)
    return text


def _strange(value: Any, chance: Chance) -> Any:
    """One of the values inside is changed, or this one."""
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not keys or chance.random() < 0.1:
        return chance.choice([*VALUES, *TEXTS, [value], {"a": value}])
    key = chance.choice(keys)
    changed = value.copy()
    kind = chance.random()
    if kind < 0.8:
        changed[key] = _strange(value[key], chance)
    elif kind < 0.9:
        del changed[key]
    elif isinstance(changed, list):
        changed.insert(0, value[key])
    else:
        changed[chance.choice([*TEXTS, *keys])] = changed.pop(key)
    return changed
