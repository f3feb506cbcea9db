import logging
import sys
from collections.abc import Iterator

import pytest

from elmo_tasks.commands import silence_log_of_commands


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield
    logging.getLogger().setLevel(before)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/usr/bin/allennlp", "elmo-mix", "runs/a"], logging.WARNING),
        (["elmo-tasks", "elmo", "in.txt"], logging.WARNING),
        (["/lib/allennlp/__main__.py", "elmo-mix"], logging.WARNING),
        (["/lib/elmo_tasks/__main__.py", "elmo-mix"], logging.WARNING),
        (["elmo-tasks", "elmo-mix", "--verbose"], logging.INFO),
        (["elmo-tasks", "train", "elmo"], logging.INFO),
        (["/usr/bin/search", "elmo"], logging.INFO),
        (["/lib/search/__main__.py", "elmo"], logging.INFO),
    ],
)
def test_the_log_of_other_programs_is_left_as_it_is(
    arguments: list[str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    silence_log_of_commands()
    assert logging.getLogger().level == expected
