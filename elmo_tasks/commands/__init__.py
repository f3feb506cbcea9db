"""
The subcommands: options and messages only; what they do is in the other rooms.

`COMMANDS` is the one list of them. `elmo-tasks` runs them from it, and `subcommands` registers them with AllenNLP, for
the command `allennlp`. Their modules import nothing but the standard library before a command runs, so that
`elmo-doctor` can say what is wrong where a library does not import, and no command waits for what it does not use.
"""

import importlib
import logging
import sys
from pathlib import Path

from elmo_tasks.commands.command import Command

COMMANDS = {
    "elmo": "elmo_tasks.commands.elmo",
    "elmo-add": "elmo_tasks.commands.add",
    "elmo-doctor": "elmo_tasks.commands.doctor",
    "elmo-embed": "elmo_tasks.commands.embed",
    "elmo-export": "elmo_tasks.commands.export",
    "elmo-finetune": "elmo_tasks.commands.finetune",
    "elmo-merge": "elmo_tasks.commands.merge",
    "elmo-mix": "elmo_tasks.commands.mix",
    "elmo-neighbors": "elmo_tasks.commands.neighbors",
    "elmo-onnx": "elmo_tasks.commands.onnx",
    "elmo-perplexity": "elmo_tasks.commands.perplexity",
    "elmo-predict": "elmo_tasks.commands.predict",
    "elmo-probe": "elmo_tasks.commands.probe",
    "elmo-reproduce": "elmo_tasks.commands.reproduce",
    "elmo-score": "elmo_tasks.commands.score",
    "elmo-senses": "elmo_tasks.commands.senses",
    "elmo-serve": "elmo_tasks.commands.serve",
    "elmo-train": "elmo_tasks.commands.train",
    "elmo-words": "elmo_tasks.commands.words",
}
"""A command's name, and the module that has it as `COMMAND`."""

_PROGRAMS = ("allennlp", "elmo-tasks", "elmo_tasks")


def load_command(name: str) -> Command:
    """The command of that name, one of `COMMANDS`."""
    command: Command = importlib.import_module(COMMANDS[name]).COMMAND
    return command


def silence_log_of_commands() -> None:
    """
    Where it is one of these that `allennlp` or `elmo-tasks` runs: no log of how plugins are found and loaded before the
    answer. Other programs have a log of their own.
    """
    if sys.argv[1:2] and sys.argv[1] in COMMANDS and "--verbose" not in sys.argv and _is_command_line(sys.argv[0]):
        logging.getLogger().setLevel(logging.WARNING)


def _is_command_line(program: str) -> bool:
    """Whether a program is one of the two commands, or `python -m` of one of their packages."""
    path = Path(program)
    name = path.parent.name if path.name == "__main__.py" else path.stem
    return name in _PROGRAMS
