"""
The command `elmo-tasks`: `allennlp` with this plugin loaded, in any folder.

`allennlp` itself finds the plugin only where a file names it: `.allennlp_plugins` in the current folder, or
`~/.allennlp/plugins`. The commands of this plugin are run without AllenNLP's own command line, so that they start
quickly, those that need no AllenNLP also without it.
"""

import argparse
import importlib
import logging
import signal
import sys

import elmo_tasks
from elmo_tasks.commands import COMMANDS, load_command
from elmo_tasks.commands.command import mistakes_told, options_parser, run_command
from elmo_tasks.installation import WITHOUT_ALLENNLP
from elmo_tasks.registration import check_allennlp

PROG = "elmo-tasks"


def main() -> None:
    """Runs the command line; `elmo-tasks ARGUMENTS` takes what `allennlp ARGUMENTS` takes."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in COMMANDS:
        _run(name, sys.argv[2:])
    elif name == "--version":
        print(f"{PROG} {elmo_tasks.__version__}")
    else:
        _run_allennlp(name)


def _run(name: str, arguments: list[str]) -> None:
    """One of our own commands."""
    with mistakes_told(name):
        command = load_command(name)
    parser = argparse.ArgumentParser(
        prog=f"{PROG} {name}", parents=[options_parser(name, command, PROG)], description=command.description
    )
    if command.plugins:
        parser.add_argument(
            "--include-package", action="append", default=[], help="one more package to import (default: none)"
        )
    args = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s - %(message)s", level=logging.WARNING)
    if command.plugins:
        with mistakes_told(name):
            _import_plugins(args.include_package)
    run_command(name, command, args)


def _import_plugins(packages: list[str]) -> None:
    check_allennlp()
    from allennlp.common.plugins import import_plugins
    from allennlp.common.util import import_module_and_submodules

    import_plugins()
    for package in packages:
        import_module_and_submodules(package)


def _run_allennlp(name: str) -> None:
    """One of AllenNLP's commands, or the list of all."""
    with mistakes_told(f"{PROG} {name}".strip()):
        try:
            check_allennlp()
        except ImportError:
            if name in ("", "-h", "--help"):
                print(_list_without_allennlp(), flush=True)
            raise
        # Sets up logging as the `allennlp` command does.
        importlib.import_module("allennlp.__main__")
        from allennlp.commands import main as allennlp_main
        from allennlp.common.util import SigTermReceived, install_sigterm_handler

        install_sigterm_handler()
        try:
            allennlp_main(prog=PROG)
        except SigTermReceived:
            # As a shell says it: no mistake of the training's.
            sys.exit(128 + signal.SIGTERM)


def _list_without_allennlp() -> str:
    """The commands that work where AllenNLP does not, a line each."""
    lines = [f"    {name:16}{load_command(name).help}" for name in WITHOUT_ALLENNLP]
    return "\n".join(["These commands work without AllenNLP:", *lines, f"All others of {PROG} need it."])


if __name__ == "__main__":
    main()
