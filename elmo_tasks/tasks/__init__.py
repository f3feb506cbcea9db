"""
The tasks, a package each: reader, model, predictor, metric, card. Importing this registers them with AllenNLP.

docs/adding-a-task.md says what a new one needs.
"""

from importlib import import_module

from elmo_tasks.tasks.base.card import Card

TASKS = [
    "elmo_tasks.tasks.squad",
    "elmo_tasks.tasks.snli",
    "elmo_tasks.tasks.srl",
    "elmo_tasks.tasks.ner",
    "elmo_tasks.tasks.pos",
    "elmo_tasks.tasks.sst",
    "elmo_tasks.tasks.classification",
    "elmo_tasks.tasks.relations",
    "elmo_tasks.tasks.translation",
    "elmo_tasks.tasks.coreference",
]
"""
Their packages, in the order of the reports: the one line that a new task adds. A task outside this project says
`TASKS.append(__name__)` in its own `__init__.py`, and is named in `.allennlp_plugins`.
"""

for _task in TASKS:
    import_module(_task)


def cards() -> list[Card]:
    """The tasks' cards, in the order of `TASKS`."""
    return [import_module(f"{task}.card").CARD for task in TASKS]
