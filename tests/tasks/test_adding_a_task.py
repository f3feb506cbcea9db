"""The recipe names files that are there, and the project's own tasks keep to it."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from allennlp.common import Registrable

from elmo_tasks import tasks
from elmo_tasks.reproduce import published
from elmo_tasks.tasks.base.card import Card

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
NAMED = sorted(
    set(
        re.findall(r"`((?:elmo_tasks|training_configs|fixtures|tests|docs)/[\w./-]+|\w+\.md)`", PAGE.replace("\n", " "))
    )
)
OF_TAGS = "pos"
"""A task that takes the model and the predictor of named entities, and brings a reader only."""
BORROWED = re.compile("(model|predictor)[.]py$")
CARDS = [pytest.param(card, id=card.name) for card in tasks.cards()]


def test_the_recipe_names_every_kind_of_file() -> None:
    kinds = {name.split("/")[0] for name in NAMED if "X" in name}
    assert kinds == {"elmo_tasks", "training_configs", "fixtures", "tests", "docs"}
    assert "elmo_tasks/tasks/__init__.py" in NAMED


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    for card in tasks.cards():
        if card.name == OF_TAGS and BORROWED.search(name):
            continue
        assert (ROOT / name.replace("X", card.name)).exists()


@pytest.mark.parametrize("card", CARDS)
def test_a_task_is_one_folder(card: Card) -> None:
    """Its configs and fixtures are in folders of its name, and it registers names that are this project's."""
    package = f"elmo_tasks.tasks.{card.name}"
    assert package in tasks.TASKS
    import_module(package)
    names = [
        name
        for base in Registrable.__subclasses__()
        for name in base.list_available()
        if base.resolve_class_name(name)[0].__module__.startswith(f"{package}.")
    ]
    assert len(names) >= (1 if card.name == OF_TAGS else 3)
    assert all(name.startswith("elmo_") for name in names)
    assert card.experiments["smoke"]
    for experiments in card.experiments.values():
        for experiment in experiments:
            assert experiment.baseline.startswith(f"{card.name}/")
            assert experiment.elmo.startswith(f"{card.name}/")
            assert experiment.row in published.TASKS or card.tables
    for corpus in card.corpora["smoke"]:
        assert all(file.startswith(f"{card.name}/") for file in corpus.files)


@pytest.mark.parametrize("card", CARDS)
def test_nothing_else_imports_a_task(card: Card) -> None:
    own = ROOT / "elmo_tasks" / "tasks"
    others = [
        path
        for path in (ROOT / "elmo_tasks").rglob("*.py")
        if own / card.name not in path.parents and path != own / "__init__.py"
    ]
    assert len(others) > 100
    naming = [path for path in others if f"elmo_tasks.tasks.{card.name}" in path.read_text(encoding="utf-8")]
    assert naming == []
