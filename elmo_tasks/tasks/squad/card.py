"""
What is known about reading comprehension.

The counts of SQuAD are those published with it; the others are of the files as they lie in the profiles' folders.
"""

from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.squad.corpus import BadQuestion, read_questions


def count_questions(path: Path) -> Counts:
    """The articles, paragraphs and questions of a file."""
    articles, paragraphs, questions = set(), set(), 0
    for question in read_questions(path):
        if isinstance(question, BadQuestion):
            raise question
        articles.add(question.article)
        paragraphs.add((question.article, question.paragraph))
        questions += 1
    return {"articles": len(articles), "paragraphs": len(paragraphs), "questions": questions}


def _experiment(title: str, config: str) -> Experiment:
    return Experiment("squad", title, "SQuAD", "f1", f"squad/{config}_baseline", f"squad/{config}_elmo")


def _questions(articles: int, paragraphs: int, questions: int) -> Counts:
    return {"articles": articles, "paragraphs": paragraphs, "questions": questions}


SQUAD = Corpus(
    "SQuAD 1.1",
    "https://rajpurkar.github.io/SQuAD-explorer",
    "CC BY-SA 4.0",
    count_questions,
    {
        "squad/train-v1.1.json": _questions(442, 18896, 87599),
        "squad/dev-v1.1.json": _questions(48, 2067, 10570),
    },
)

SQUAD_PART = Corpus(
    "SQuAD 1.1, and the first 24 articles of its development set",
    "https://rajpurkar.github.io/SQuAD-explorer",
    "CC BY-SA 4.0",
    count_questions,
    {
        "squad/train-v1.1.json.gz": _questions(442, 18896, 87599),
        "squad/dev-v1.1.first24.json": _questions(24, 984, 4807),
    },
)

FIXTURE = Corpus(
    "the project's questions",
    "a clone of the repository",
    "Apache-2.0",
    count_questions,
    {"squad/train.json": _questions(4, 8, 35), "squad/dev.json": _questions(2, 3, 12)},
)

CARD = Card(
    name="squad",
    title="Reading comprehension",
    experiments={
        "paper": [_experiment("SQuAD 1.1", "squad")],
        "open": [_experiment("SQuAD 1.1 in small", "open")],
        "smoke": [_experiment("SQuAD, fixture", "fixture")],
    },
    corpora={"paper": [SQUAD, GLOVE_840B], "open": [SQUAD_PART, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
)
