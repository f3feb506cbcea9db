"""
Questions: SQuAD 1.1.

The training set that the published results read was rebuilt from the pages on which SQuAD's authors show it: articles
by title, questions numbered in that order, and each answer where it occurs first in its paragraph. The same rule can
be applied to the official file.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from elmo_tasks.files import parse_json
from elmo_tasks.reproduce.open_data.recipe import OriginalError, whole

_DEVELOPMENT_ARTICLES = 24

_TITLE = re.compile(r'<h1 id="title">(.*?)</h1>', re.DOTALL)
_CONTEXT = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)
_QUESTION = re.compile(
    r'<strong class="question">(?P<question>.*?)</strong>.*?<span class="answer">(?P<answer>.*?)</span>', re.DOTALL
)


class _Paragraph(NamedTuple):
    context: str
    questions: list[tuple[str, str]]
    """Each with its first answer."""


def development(originals: Sequence[Path]) -> Iterator[str]:
    """The first 24 articles of the official development set, by title, as they are."""
    articles = sorted(_official(originals[0]), key=lambda article: article["title"])
    return _dataset(
        {
            "title": article["title"],
            "paragraphs": [
                {
                    "context": paragraph["context"],
                    "qas": [
                        {
                            "answers": [
                                {"answer_start": answer["answer_start"], "text": answer["text"]}
                                for answer in question["answers"]
                            ],
                            "question": question["question"],
                            "id": question["id"],
                        }
                        for question in paragraph["qas"]
                    ],
                }
                for paragraph in article["paragraphs"]
            ],
        }
        for article in articles[:_DEVELOPMENT_ARTICLES]
    )


def train_from_pages(originals: Sequence[Path]) -> Iterator[str]:
    """The training set, from a folder of pages, one an article."""
    return _rebuilt(dict(_page(path) for path in sorted(originals[0].glob("*.html")) if path.stem != "index"))


def _page(path: Path) -> tuple[str, list[_Paragraph]]:
    """An article's title and paragraphs."""
    try:
        page = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise OriginalError(f"{path}: this is not UTF-8: {error.reason}.") from None
    title = _TITLE.search(page)
    if title is None:
        raise OriginalError(f"{path}: this is not a page of SQuAD's explorer, it has no title.")
    # A page's parts: what is before the first paragraph, and then a paragraph and its questions by turns.
    _, *parts = _CONTEXT.split(page)
    paragraphs = [
        _Paragraph(
            html.unescape(context),
            [(html.unescape(one["question"]), html.unescape(one["answer"])) for one in _QUESTION.finditer(questions)],
        )
        for context, questions in zip(parts[::2], parts[1::2], strict=True)
    ]
    return html.unescape(title[1]), paragraphs


def train_from_official(originals: Sequence[Path]) -> Iterator[str]:
    """The training set, from the official file."""
    return _rebuilt(
        {
            article["title"]: [
                _Paragraph(
                    paragraph["context"],
                    [(question["question"], question["answers"][0]["text"]) for question in paragraph["qas"]],
                )
                for paragraph in article["paragraphs"]
            ]
            for article in _official(originals[0])
        }
    )


def _rebuilt(articles: dict[str, list[_Paragraph]]) -> Iterator[str]:
    """The dataset by titles, with ids that count the questions, and answers where they occur first."""
    number = 0

    def questions(paragraph: _Paragraph) -> Iterator[dict[str, Any]]:
        nonlocal number
        for question, answer in paragraph.questions:
            number += 1
            text = answer.strip()
            start = paragraph.context.find(text)
            yield {
                "answers": [{"answer_start": start, "text": text}],
                "question": question,
                "id": f"html-train-{number:06d}",
            }

    return _dataset(
        {
            "title": title,
            "paragraphs": [{"context": one.context, "qas": list(questions(one))} for one in articles[title]],
        }
        for title in sorted(articles)
    )


def _official(path: Path) -> list[dict[str, Any]]:
    """The articles of a file in SQuAD's form."""
    try:
        return list(parse_json(whole(path))["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise OriginalError(f"{path}: this is not a SQuAD file: {type(error).__name__}: {error}.") from None


def _dataset(articles: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A file in SQuAD's form, an article at a time."""
    separator = '{"version": "1.1", "data": ['
    for article in articles:
        yield separator + json.dumps(article, ensure_ascii=False)
        separator = ", "
    yield "]}"
