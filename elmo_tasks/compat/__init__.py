"""
Mends what stock AllenNLP 2.10.1 gets wrong on today's libraries, where an experiment of ours can meet it.

Importing this package applies all of it; nothing on disk is changed, and importing it again changes nothing more. There
is a module a subject, which says what it mends, how one sees it, and until when it is needed; and each of its entries
says what broke, with which version, and when it can go. As AllenNLP 2.10.1 is its last release, that is, at the latest,
when this project leaves AllenNLP or the library in question makes its peace with old callers.

Tried and found well on torch 2.13 without help: `Model.load`, archives, `evaluate`, worker processes in the data
loader, and `train --recover` with every other optimizer and scheduler.
"""

from importlib import import_module

for _subject in (
    "archives",
    "checkpoints",
    "configs",
    "devices",
    "distributed",
    "evaluating",
    "gradients",
    "help",
    "interpreting",
    "learning_rates",
    "mixed_precision",
    "predicting",
    "tokenizing",
    "torch_files",
):
    import_module(f"{__name__}.{_subject}").apply()
