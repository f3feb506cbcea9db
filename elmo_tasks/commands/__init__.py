"""Subcommands of `allennlp`."""

from elmo_tasks.commands.add import Add
from elmo_tasks.commands.doctor import Doctor
from elmo_tasks.commands.elmo import Elmo, ElmoMerge
from elmo_tasks.commands.language_model import Export, Perplexity

__all__ = ["Add", "Doctor", "Elmo", "ElmoMerge", "Export", "Perplexity"]
