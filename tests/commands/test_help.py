"""What `--help` says of each command."""

import argparse
import sys
from collections.abc import Iterator

import pytest
from allennlp.commands import parse_args

from elmo_tasks.commands.doctor import REGISTERED

COMMANDS = sorted([*REGISTERED["Subcommand"], "elmo-reproduce data", "elmo-reproduce report", "elmo-reproduce run"])


def subparsers(parser: argparse.ArgumentParser, above: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, subparser in action.choices.items():
                yield f"{above}{name}", subparser
                yield from subparsers(subparser, f"{above}{name} ")


@pytest.fixture
def parsers(monkeypatch: pytest.MonkeyPatch) -> dict[str, argparse.ArgumentParser]:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-doctor"])
    found = dict(subparsers(parse_args("allennlp")[0]))
    return {name: found[name] for name in sorted(found) if name.startswith("elmo")}


def test_every_command_is_looked_at(parsers: dict[str, argparse.ArgumentParser]) -> None:
    assert list(parsers) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_an_example(parsers: dict[str, argparse.ArgumentParser], command: str) -> None:
    # Lines are broken at hyphens too.
    text = "".join(parsers[command].format_help().split())
    assert f"Example:allennlp{command.replace(' ', '')}" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_each_default(parsers: dict[str, argparse.ArgumentParser], command: str) -> None:
    for action in parsers[command]._actions:
        takes_a_value = action.option_strings and action.nargs != 0 and not action.required
        if takes_a_value and "." not in action.dest and action.dest != "include_package":
            # AllenNLP's parser adds the default of an option that has one.
            said = parsers[command]._get_formatter()._expand_help(action)
            assert "default" in said, action.option_strings
