"""SQuAD, from the official files and from the pages of its explorer."""

import json
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.reproduce.open_data.questions import development, train_from_official, train_from_pages
from elmo_tasks.reproduce.open_data.recipe import OriginalError

PAGE = """<html><head><title>SQuAD</title></head><body><h1 id="title">{title}</h1><div>
<div class="para-wrap"><pre>{context}</pre><div class="qa-wrap"><p> <strong class="question">{question}</strong></p>
<ol><li><p><i>Answer 1: </i><span class="answer"> {answer} </span></p></li></ol></div></div></div></body></html>"""


def article(title: str, context: str, question: str, answer: str, start: int) -> dict[str, Any]:
    qa = {"id": "57", "question": question, "answers": [{"text": answer, "answer_start": start}]}
    return {"title": title, "paragraphs": [{"context": context, "qas": [qa]}]}


ARTICLES = [
    article("Zoo", 'A "big" zoo & a zoo.\n', "What is it? ", "zoo", 16),
    article("Étude", "An étude.", "What is <it>?", "étude", 3),
    article("51st_state", "The 51st.", "Which?", "51st", 4),
]


@pytest.fixture
def official(tmp_path: Path) -> list[Path]:
    path = tmp_path / "train-v1.1.json"
    path.write_text(json.dumps({"data": ARTICLES, "version": "1.1"}))
    return [path]


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "train"
    folder.mkdir()
    for number, one in enumerate(ARTICLES):
        paragraph = one["paragraphs"][0]
        texts = {"title": one["title"], "context": paragraph["context"], "question": paragraph["qas"][0]["question"]}
        texts["answer"] = paragraph["qas"][0]["answers"][0]["text"]
        escaped = {
            name: text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
            for name, text in texts.items()
        }
        (folder / f"{number}.html").write_text(PAGE.format_map(escaped), encoding="utf-8")
    (folder / "index.html").write_text("<h1>Articles</h1>")
    return [folder]


def test_the_training_set_is_rebuilt(official: list[Path]) -> None:
    text = "".join(train_from_official(official))
    assert text.startswith('{"version": "1.1", "data": [{"title": "51st_state", "paragraphs": [{"context": "The 51st."')
    data = json.loads(text)["data"]
    assert [one["title"] for one in data] == ["51st_state", "Zoo", "Étude"]
    assert data[1]["paragraphs"][0] == {
        "context": 'A "big" zoo & a zoo.\n',
        # The first zoo, not the second.
        "qas": [
            {"answers": [{"answer_start": 8, "text": "zoo"}], "question": "What is it? ", "id": "html-train-000002"}
        ],
    }


def test_pages_give_the_same_as_the_official_file(official: list[Path], pages: list[Path]) -> None:
    assert "".join(train_from_pages(pages)) == "".join(train_from_official(official))


def test_a_page_of_something_else_is_named(pages: list[Path]) -> None:
    (pages[0] / "3.html").write_text("<h1>404</h1>")
    with pytest.raises(OriginalError, match=r"3\.html: this is not a page of SQuAD's explorer"):
        list(train_from_pages(pages))


def test_the_development_set_is_the_first_24_articles_as_they_are(tmp_path: Path) -> None:
    articles = [article(f"{number:02}", "The zoo, the zoo.", "What?", "zoo", 13) for number in range(30)]
    path = tmp_path / "dev-v1.1.json"
    path.write_text(json.dumps({"data": articles[::-1], "version": "1.1"}))
    assert json.loads("".join(development([path]))) == {"version": "1.1", "data": articles[:24]}


@pytest.mark.parametrize("text", ["", "[]", "{}", "<html>"])
def test_what_is_no_squad_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dev-v1.1.json"
    path.write_text(text)
    with pytest.raises(OriginalError, match=r"dev-v1\.1\.json: this is not a SQuAD file"):
        list(development([path]))
