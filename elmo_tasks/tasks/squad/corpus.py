"""SQuAD 1.1's JSON (Rajpurkar et al. 2016)."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.files import JSONError, parse_json, read_text
from elmo_tasks.tasks.base.text import check_unicode


class Answer(NamedTuple):
    """A gold answer, and its first character's place in the passage."""

    text: str
    start: int


class Question(NamedTuple):
    """
    A question about a passage. `answers` is never empty: where there are several, each is right. `article` is its
    article's number in the file and `paragraph` its passage's number in the article, both counted from 0.
    """

    id: str
    text: str
    passage: str
    answers: tuple[Answer, ...]
    article: int = 0
    paragraph: int = 0


class BadQuestion(ConfigurationError):
    """A question (or a whole paragraph) that is not as SQuAD 1.1 has it; the message says where and what is wrong."""


def read_questions(
    file_path: PathOrStr, max_paragraphs_per_article: int | None = None
) -> Iterator[Question | BadQuestion]:
    """
    The questions of a file in SQuAD 1.1's JSON, UTF-8, plain or compressed, in its order.

    # Parameters

    file_path : `PathOrStr`
    max_paragraphs_per_article : `int`, optional
        Each article's first paragraphs, and no more.

    # Returns

    `Iterator[Question | BadQuestion]`
        The exception stands where the bad question would, so that the caller may raise it, or count it and go on.

    # Raises

    `ConfigurationError`
        If the file is not JSON, is not SQuAD's, or has no question; the file is named.
    """
    file_name = str(file_path)
    articles = _load(file_name)
    seen: set[str] = set()
    for article_number, article in enumerate(articles):
        try:
            paragraphs = _field(file_name, f"data[{article_number}]", article, "paragraphs", list)
        except BadQuestion as error:
            yield error
            continue
        for number, paragraph in enumerate(paragraphs[:max_paragraphs_per_article]):
            where = f"data[{article_number}].paragraphs[{number}]"
            for question in _paragraph_questions(file_name, where, paragraph, seen):
                if isinstance(question, Question):
                    question = question._replace(article=article_number, paragraph=number)
                yield question
    if not seen:
        raise ConfigurationError(f"{file_name}: there is no question in this file.")


def _load(file_name: str) -> list[Any]:
    try:
        content = parse_json(read_text(cached_path(file_name), ConfigurationError, file_name))
    except JSONError as error:
        raise ConfigurationError(f"{file_name}: this is {error}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        raise ConfigurationError(
            f'{file_name}: this is not SQuAD 1.1\'s JSON, which is an object with a list "data" of articles.'
        )
    return content["data"]


def _paragraph_questions(
    file_name: str, where: str, paragraph: Any, seen: set[str]
) -> Iterator[Question | BadQuestion]:
    """`seen`: the ids of all questions before; those of this paragraph are added."""
    try:
        passage = _field(file_name, where, paragraph, "context", str)
        questions = _field(file_name, where, paragraph, "qas", list)
    except BadQuestion as error:
        yield error
        return
    for number, question in enumerate(questions):
        try:
            yield _question(file_name, f"{where}.qas[{number}]", question, passage, seen)
        except BadQuestion as error:
            yield error


def _question(file_name: str, where: str, question: Any, passage: str, seen: set[str]) -> Question:
    identifier = _field(file_name, where, question, "id", str)
    where = f"question {identifier} ({where})"
    if identifier in seen:
        raise _error(file_name, where, "another question has this id too")
    seen.add(identifier)
    text = _field(file_name, where, question, "question", str)
    if not text.strip():
        raise _error(file_name, where, "the question is empty")
    if not passage.strip():
        raise _error(file_name, where, "the passage is empty")
    answers = _field(file_name, where, question, "answers", list)
    if not answers:
        raise _error(file_name, where, "there is no answer; questions that have none are SQuAD 2.0's, not 1.1's")
    return Question(identifier, text, passage, tuple(_answer(file_name, where, answer, passage) for answer in answers))


def _answer(file_name: str, where: str, answer: Any, passage: str) -> Answer:
    text = _field(file_name, where, answer, "text", str)
    start = _field(file_name, where, answer, "answer_start", int)
    if not text.strip():
        raise _error(file_name, where, "an answer is empty")
    if not 0 <= start <= len(passage) - len(text):
        raise _error(
            file_name,
            where,
            f'the answer "{text}" at character {start} is outside its passage, which has {len(passage)} characters',
        )
    there = passage[start : start + len(text)]
    if there != text:
        raise _error(
            file_name, where, f'the answer "{text}" is not at character {start} of its passage; there is "{there}"'
        )
    return Answer(text, start)


_KINDS = {str: "a string", int: "a whole number", list: "a list"}


def _field(file_name: str, where: str, holder: Any, name: str, kind: type) -> Any:
    if not isinstance(holder, dict):
        raise _error(file_name, where, f"expected an object, found {json.dumps(holder)[:50]}")
    if name not in holder:
        raise _error(file_name, where, f'the field "{name}" is missing')
    # True and false are whole numbers to Python.
    if not isinstance(holder[name], kind) or isinstance(holder[name], bool):
        raise _error(
            file_name, where, f'the field "{name}" must be {_KINDS[kind]}, not {json.dumps(holder[name])[:50]}'
        )
    if kind is str:
        check_unicode(holder[name], f'the field "{name}"', lambda message: _error(file_name, where, message))
    return holder[name]


def _error(file_name: str, where: str, message: str) -> BadQuestion:
    return BadQuestion(f"{file_name}, {where}: {message}.")
