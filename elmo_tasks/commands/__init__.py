"""Subcommands of `allennlp`."""

from elmo_tasks.commands.add import Add
from elmo_tasks.commands.doctor import Doctor
from elmo_tasks.commands.elmo import Elmo, ElmoMerge
from elmo_tasks.commands.finetune import Finetune
from elmo_tasks.commands.language_model import Export, Perplexity
from elmo_tasks.commands.mix import Mix
from elmo_tasks.commands.neighbors import Neighbors
from elmo_tasks.commands.predict import ElmoPredict
from elmo_tasks.commands.reproduce import Reproduce
from elmo_tasks.commands.train import Train
from elmo_tasks.commands.words import Words

__all__ = [
    "Add",
    "Doctor",
    "Elmo",
    "ElmoMerge",
    "ElmoPredict",
    "Export",
    "Finetune",
    "Mix",
    "Neighbors",
    "Perplexity",
    "Reproduce",
    "Train",
    "Words",
]
