"""
What AllenNLP's commands say of biLMs.

What it mends: nothing that is wrong in AllenNLP 2.10.1, which knows nothing of biLMs: people ask which one a command
takes.
How one sees it: in `elmo-tasks COMMAND --help`; plain `allennlp` loads no plugin before it helps with its own commands.
Until when: as long as AllenNLP is used.
"""

import argparse
from functools import wraps
from typing import Any

from allennlp.commands import Subcommand

from elmo_tasks.compat.replacing import replacement, stock_of

_FROM_CONFIG = (
    'The biLM is the one that the config names ("bilm", such as "mini"); without one nothing is embedded by ELMo.'
)
_FROM_ARCHIVE = "The biLM is the one that the archive has in it, where its model has one; there is no other default."

BILMS = {
    "train": _FROM_CONFIG,
    "find-lr": _FROM_CONFIG,
    "predict": _FROM_ARCHIVE,
    "evaluate": _FROM_ARCHIVE,
}
"""By command, which biLM it takes."""


def apply() -> None:
    """Applies all of it."""
    say_which_bilm()


def say_which_bilm() -> None:
    """
    Has the `--help` of AllenNLP's commands end with the biLM that they take.

    What broke: nothing.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    for name, said in BILMS.items():
        command: Any = Subcommand.by_name(name)
        stock = stock_of(command.add_subparser)
        command.add_subparser = replacement(_with_end(stock, said), stock)


def _with_end(stock: Any, said: str) -> Any:
    @wraps(stock)
    def add_subparser(self: Subcommand, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        subparser: argparse.ArgumentParser = stock(self, parser)
        subparser.epilog = said
        return subparser

    return add_subparser
