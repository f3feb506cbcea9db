"""What `--help` says of each command, by `allennlp` and by `elmo-tasks`."""

import argparse
import re
import sys
from collections.abc import Iterator

import pytest
from allennlp.commands import parse_args

from elmo_tasks.commands import COMMANDS, load_command
from elmo_tasks.commands.command import options_parser

NAMES = sorted([*COMMANDS, "elmo-reproduce data", "elmo-reproduce report", "elmo-reproduce run"])

Parsers = dict[str, argparse.ArgumentParser]


def subparsers(parser: argparse.ArgumentParser, above: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, subparser in action.choices.items():
                yield f"{above}{name}", subparser
                yield from subparsers(subparser, f"{above}{name} ")


@pytest.fixture
def of_allennlp(monkeypatch: pytest.MonkeyPatch) -> Parsers:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-doctor"])
    found = dict(subparsers(parse_args("allennlp")[0]))
    return {name: found[name] for name in sorted(found) if name.startswith("elmo")}


@pytest.fixture
def of_elmo_tasks() -> Parsers:
    found = {}
    for name in COMMANDS:
        command = load_command(name)
        options = options_parser(name, command, "elmo-tasks")
        found[name] = argparse.ArgumentParser(parents=[options], description=command.description)
        found.update(subparsers(found[name], f"{name} "))
    return {name: found[name] for name in sorted(found)}


@pytest.fixture(params=["of_allennlp", "of_elmo_tasks"])
def parsers(request: pytest.FixtureRequest) -> Parsers:
    return request.getfixturevalue(request.param)


def test_every_command_is_looked_at(parsers: Parsers) -> None:
    assert list(parsers) == NAMES


def test_each_has_an_example(parsers: Parsers) -> None:
    for name, parser in parsers.items():
        # Lines are broken at hyphens too.
        text = "".join(parser.format_help().split())
        assert f"Example:elmo-tasks{name.replace(' ', '')}" in text


def test_each_says_each_default_once(parsers: Parsers) -> None:
    looked_at = 0
    for name, parser in parsers.items():
        for action in parser._actions:
            takes_a_value = action.option_strings and action.nargs != 0 and not action.required
            # AllenNLP adds `--include-package` itself, to those of its commands that load plugins.
            if not takes_a_value or (action.dest == "include_package" and name != "elmo"):
                continue
            looked_at += 1
            said = parser._get_formatter()._expand_help(action)
            assert said.count("default") == 1, (name, action.option_strings, said)
            if action.default:
                assert f"default: {action.default}" in said, (name, action.option_strings, said)
    assert looked_at > 50


def test_each_says_which_bilm_it_takes(parsers: Parsers) -> None:
    with_option = []
    for name, parser in parsers.items():
        said = " ".join(parser.format_help().split())
        if "--bilm" in parser._option_string_actions:
            with_option.append(name)
            assert re.search(r"the biLM: [^()]*\(default: ", said), name
        # The steps that do not train read records and texts.
        elif name not in ("elmo-reproduce", "elmo-reproduce data", "elmo-reproduce report"):
            assert "biLM" in said, name
    assert with_option == [
        "elmo",
        "elmo-add",
        "elmo-embed",
        "elmo-neighbors",
        "elmo-probe",
        "elmo-reproduce run",
        "elmo-senses",
        "elmo-words",
    ]


def test_no_flag_says_that_it_is_false(parsers: Parsers) -> None:
    for parser in parsers.values():
        assert "False" not in parser.format_help()


@pytest.mark.parametrize("arguments", [["elmo-words"], ["elmo-reproduce", "run"], ["elmo", "a", "b"]])
def test_a_wrong_usage_has_exit_code_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from elmo_tasks.__main__ import main

    monkeypatch.setattr(sys, "argv", ["elmo-tasks", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith(f"usage: elmo-tasks {arguments[0]}")
