import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.squad.corpus import Answer, BadQuestion, Question, read_questions

Write = Callable[[Any], str]


def test_reads_questions(corpus: str) -> None:
    questions = list(read_questions(corpus))
    assert [question.id for question in questions] == ["q1", "q2", "q3", "q4", "q5"]
    assert questions[0] == Question(
        "q1",
        "Where did Ada go?",
        "Ada went to Oslo in 1903. She didn't like it.",
        (Answer("Oslo", 12), Answer("to Oslo", 9)),
    )


def test_reads_gzip_and_a_byte_order_mark(corpus: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.json.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + Path(corpus).read_bytes()))
    assert list(read_questions(path)) == list(read_questions(corpus))


def test_the_first_paragraphs_of_each_article(corpus: str) -> None:
    assert [question.id for question in read_questions(corpus, 1)] == ["q1", "q2", "q4", "q5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "questions.json: this is not JSON: .*, at column 1"),
        (b'{"data": [\n}', "questions.json: this is not JSON: .*, at line 2, column 1"),
        (b"\xff{}", "questions.json: this is not UTF-8"),
        (b'{"data": ' + b"[" * 2000 + b"]" * 2000 + b"}", "questions.json: this is JSON with more than 200 objects"),
        (b'{"data": [' + b"9" * 5000 + b"]}", "questions.json: this is JSON with a number of thousands of digits"),
        (b"[]", 'list "data"'),
        (b'{"data": {}}', 'list "data"'),
        (b'{"data": []}', "there is no question"),
        (b'{"data": [{"paragraphs": []}]}', "there is no question"),
    ],
)
def test_a_file_that_is_none(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_bytes(text)
    with pytest.raises(ConfigurationError, match=message) as error:
        list(read_questions(path))
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"x" * 1000, mtime=0)[:-20]], ids=["plain", "broken off"]
)
def test_damaged_gzip(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "questions.json.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"questions\.json\.gz: this is not gzip, or is damaged"):
        list(read_questions(path))


def change(content: Any, place: str, value: Any) -> None:
    """Sets what is at a place such as `data.0.title`, or deletes it where the value is `...`."""
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    for step in way:
        content = content[step]
    if value is ...:
        del content[last]
    else:
        content[last] = value


QAS = "data.0.paragraphs.0.qas"


@pytest.mark.parametrize(
    ("place", "value", "lost", "message"),
    [
        ("data.0.paragraphs", ..., ["q1", "q2", "q3"], r'data\[0\]: the field "paragraphs" is missing'),
        ("data.0", "text", ["q1", "q2", "q3"], r'data\[0\]: expected an object, found "text"'),
        ("data.0.paragraphs.0.context", ..., ["q1", "q2"], r'data\[0\]\.paragraphs\[0\]: the field "context" is miss'),
        ("data.0.paragraphs.0.context", 7, ["q1", "q2"], 'the field "context" must be a string, not 7'),
        ("data.0.paragraphs.0.qas", {}, ["q1", "q2"], 'the field "qas" must be a list'),
        (f"{QAS}.1.id", ..., ["q2"], r'data\[0\]\.paragraphs\[0\]\.qas\[1\]: the field "id" is missing'),
        (f"{QAS}.1.question", ..., ["q2"], r'question q2 \(data\[0\].*\): the field "question" is missing'),
        (f"{QAS}.1.question", " ", ["q2"], "question q2 .*: the question is empty"),
        (f"{QAS}.1.question", "Why \ud83d?", ["q2"], r'question q2 .*: the field "question" has half of .*\\ud83d'),
        (f"{QAS}.1.answers", ..., ["q2"], 'question q2 .*: the field "answers" is missing'),
        (f"{QAS}.1.answers", [], ["q2"], "question q2 .*: there is no answer; .*SQuAD 2.0"),
        (f"{QAS}.1.answers.0.text", ..., ["q2"], 'question q2 .*: the field "text" is missing'),
        (f"{QAS}.1.answers.0.answer_start", True, ["q2"], 'the field "answer_start" must be a whole number, not true'),
        (f"{QAS}.1.answers.0.answer_start", 5.0, ["q2"], 'the field "answer_start" must be a whole number, not 5.0'),
        (f"{QAS}.1.answers.0.text", "", ["q2"], "question q2 .*: an answer is empty"),
        (
            f"{QAS}.1.answers.0.answer_start",
            "5",
            ["q2"],
            'question q2 .*"answer_start" must be a whole number, not "5"',
        ),
        (f"{QAS}.1.answers.0.answer_start", 42, ["q2"], 'question q2 .*"1903" at character 42 is outside its passage'),
        (f"{QAS}.1.answers.0.answer_start", -4, ["q2"], 'question q2 .*"1903" at character -4 is outside its passage'),
        (
            f"{QAS}.1.answers.0.answer_start",
            1,
            ["q2"],
            'question q2 .*"1903" is not at character 1 .*; there is "da w"',
        ),
        (f"{QAS}.1.id", "q1", ["q2"], "question q1 .*: another question has this id too"),
    ],
)
def test_bad_questions_are_named(
    place: str, value: Any, lost: list[str], message: str, content: Any, write: Write
) -> None:
    change(content, place, value)
    path = write(content)
    questions = list(read_questions(path))
    (bad,) = [question for question in questions if isinstance(question, BadQuestion)]
    with pytest.raises(BadQuestion, match=message):
        raise bad
    assert str(bad).startswith(f"{path}, ")
    good = [question.id for question in questions if isinstance(question, Question)]
    assert good == [name for name in ("q1", "q2", "q3", "q4", "q5") if name not in lost]


def test_an_empty_passage(content: Any, write: Write) -> None:
    content["data"][0]["paragraphs"][1]["context"] = "\n"
    questions = list(read_questions(write(content)))
    assert "question q3 (data[0].paragraphs[1].qas[0]): the passage is empty" in str(questions[2])


def test_real_files() -> None:
    """All questions of the real data are good, as many as its description says."""
    folder = Path(__file__).parents[4] / "shared" / "data" / "squad"
    if not folder.exists():
        pytest.skip("there is no ../shared")
    path = folder / "dev-v1.1.first24.json"
    questions = list(read_questions(path))
    assert len(questions) == 4807
    assert all(isinstance(question, Question) for question in questions)
    assert json.loads(path.read_text())["data"][0]["paragraphs"][0]["qas"][0]["id"] == questions[0].id  # type: ignore[union-attr]
