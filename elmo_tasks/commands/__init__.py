"""Subcommands of `allennlp`."""

from elmo_tasks.commands.doctor import Doctor
from elmo_tasks.commands.language_model import Export, Perplexity

__all__ = ["Doctor", "Export", "Perplexity"]
