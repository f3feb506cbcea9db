"""Registers the commands with AllenNLP, for `allennlp` and for `--help`."""

import argparse
from functools import partial

from allennlp.commands.subcommand import Subcommand
from overrides import overrides

from elmo_tasks.commands import COMMANDS, load_command
from elmo_tasks.commands.command import options_parser, run_command


class ElmoSubcommand(Subcommand):
    """
    One of `COMMANDS` as AllenNLP wants it.

    A class derived from it is registered as a `Subcommand` for each, under the command's name.
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        command = load_command(self.name)
        # As parents, options are taken as they are: AllenNLP's `add_argument` would add each default to the help again.
        options = options_parser(self.name, command, prog="allennlp")
        subparser: argparse.ArgumentParser = parser.add_parser(
            self.name, parents=[options], description=command.description, help=command.help
        )
        subparser.set_defaults(func=partial(run_command, self.name, command))
        return subparser


for _name in COMMANDS:
    # AllenNLP finds a subcommand's name by its class, so each needs one.
    _class = type(f"ElmoSubcommand[{_name}]", (ElmoSubcommand,), {"requires_plugins": load_command(_name).plugins})
    Subcommand.register(_name)(_class)
