import logging
from collections.abc import Callable
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Vocabulary
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.data.tokenizers import WhitespaceTokenizer

from elmo_tasks.tasks.squad.corpus import Answer, BadQuestion
from elmo_tasks.tasks.squad.reader import SquadReader

Write = Callable[[Any], str]
LETTERS = " ".join("abcdefghijk")


def answer_of(instance: Instance) -> str | None:
    """The text of the gold span."""
    span, about = instance["answer_span"], instance["metadata"]
    if span.span_start < 0:
        return None
    return about["passage"][about["offsets"][span.span_start][0] : about["offsets"][span.span_end][1]]


def words(instance: Instance, name: str = "passage") -> list[str]:
    return [token.text for token in instance[name].tokens]


def test_reads(corpus: str) -> None:
    instances = list(SquadReader().read(corpus))
    assert [answer_of(instance) for instance in instances] == [
        "Oslo",
        "1903",
        "at noon",
        "Hannah",
        'the roof of the "Astoria"',
    ]
    tokens = ["Ada", "went", "to", "Oslo", "in", "1903", ".", "She", "did", "n't", "like", "it", "."]
    assert words(instances[0]) == tokens
    assert words(instances[0], "question") == ["Where", "did", "Ada", "go", "?"]
    about = instances[0]["metadata"].metadata
    assert (about["id"], about["answers"], about["window_start"]) == ("q1", ["Oslo", "to Oslo"], 0)


def test_questions_about_a_passage_share_it(corpus: str) -> None:
    first, second, third, *_ = SquadReader().read(corpus)
    assert first["passage"] is second["passage"]
    assert first["passage"] is not third["passage"]
    vocab = Vocabulary.from_instances([first, second, third])
    first.index_fields(vocab)
    indexed = first["passage"]._indexed_tokens
    second.index_fields(vocab)
    assert second["passage"]._indexed_tokens is indexed


def test_an_answer_that_begins_inside_a_token_is_named(
    content: Any, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    # "did" and "n't" are tokens, "didn" and "903" are not.
    questions = content["data"][0]["paragraphs"][0]["qas"]
    questions[0]["answers"] = [{"text": "didn", "answer_start": 30}]
    questions[1]["answers"].insert(0, {"text": "903", "answer_start": 21})
    path = write(content)
    with caplog.at_level(logging.INFO):
        instances = list(SquadReader().read(path))
    assert [answer_of(instance) for instance in instances[:2]] == [None, "1903"]
    inexact, unanswered = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{path}: 2 of 8 answers begin or end inside a token" in inexact.message
    assert 'q1 ("didn" in "didn\'t"); q2 ("903" in "1903")' in inexact.message
    assert "1 of 5 questions have no answer to train on: q1" in unanswered.message

    covered = [answer_of(instance) for instance in SquadReader(cover_inexact_answers=True).read(path)]
    assert covered[:2] == ["didn't", "1903"]
    left = SquadReader(answerable_only=True).read(path)
    assert [instance["metadata"]["id"] for instance in left] == ["q2", "q3", "q4", "q5"]


def test_many_are_all_named_in_the_end(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    qas = [
        {"id": f"id{number}", "question": "?", "answers": [{"text": "n", "answer_start": 0}]} for number in range(25)
    ]
    path = write({"data": [{"paragraphs": [{"context": "noon", "qas": qas}]}]})
    with caplog.at_level(logging.INFO):
        list(SquadReader().read(path))
    assert "25 of 25 answers" in caplog.text
    assert "and 15 more" in caplog.text
    assert all(f'id{number} ("n" in "noon")' in caplog.text for number in range(25))


def test_long_passages_are_cut(corpus: str, caplog: pytest.LogCaptureFixture) -> None:
    instances = list(SquadReader(max_passage_tokens=5).read(corpus))
    assert [words(instance) for instance in instances[:3]] == [
        ["Ada", "went", "to", "Oslo", "in"],
        ["Ada", "went", "to", "Oslo", "in"],
        ["A", "ferry", "leaves", "at", "noon"],
    ]
    assert [answer_of(instance) for instance in instances] == ["Oslo", None, "at noon", None, None]
    # What is cut off still counts.
    assert instances[1]["metadata"]["answers"] == ["1903", "in 1903"]
    assert "4 of 8 answers are in no window of their passage" in caplog.text
    assert "3 of 5 questions have no answer to train on: q2; q4; q5" in caplog.text


@pytest.mark.parametrize(
    ("length", "size", "stride", "windows"),
    [
        (11, 4, None, ["abcd", "cdef", "efgh", "ghij", "ijk"]),
        (10, 4, None, ["abcd", "cdef", "efgh", "ghij"]),
        (11, 4, 4, ["abcd", "efgh", "ijk"]),
        (11, 4, 1, ["abcd", "bcde", "cdef", "defg", "efgh", "fghi", "ghij", "hijk"]),
        (4, 4, None, ["abcd"]),
        (3, 4, None, ["abc"]),
        (3, 1, None, ["a", "b", "c"]),
        (11, 10, 10, ["abcdefghij", "k"]),
    ],
)
def test_windows(length: int, size: int, stride: int | None, windows: list[str]) -> None:
    reader = SquadReader(max_passage_tokens=size, long_passages="window", window_stride=stride)
    passage = LETTERS[: 2 * length - 1]
    for place, letter in enumerate(passage.split()):
        instances = reader.instances("which?", passage, [Answer(letter, 2 * place)])
        assert ["".join(words(instance)) for instance in instances] == windows
        for instance in instances:
            assert answer_of(instance) == (letter if letter in words(instance) else None)
            first = instance["metadata"]["window_start"]
            assert instance["metadata"]["offsets"][0] == (2 * first, 2 * first + 1)


def test_windows_without_the_answer_are_left_out_of_training(corpus: str) -> None:
    options: dict[str, Any] = {"max_passage_tokens": 6, "long_passages": "window", "window_stride": 3}
    assert len(list(SquadReader(**options).read(corpus))) > 7
    instances = list(SquadReader(**options, answerable_only=True).read(corpus))
    assert {instance["metadata"]["id"]: answer_of(instance) for instance in instances} == {
        "q1": "Oslo",
        "q2": "1903",
        "q3": "at noon",
        "q4": "Hannah",
    }


def test_bad_questions_are_raised_or_skipped(content: Any, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    questions = content["data"][0]["paragraphs"][0]["qas"]
    questions[0]["answers"][0]["answer_start"] = 1000
    del questions[1]["question"]
    path = write(content)
    with pytest.raises(BadQuestion, match=r"question q1 .* outside its passage"):
        list(SquadReader().read(path))
    instances = list(SquadReader(skip_bad_questions=True).read(path))
    assert [instance["metadata"]["id"] for instance in instances] == ["q3", "q4", "q5"]
    assert "skipped 2 bad questions" in caplog.text
    assert 'question q2 (data[0].paragraphs[0].qas[1]): the field "question" is missing' in caplog.text


def test_only_some_questions(content: Any, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    content["data"][0]["paragraphs"][0]["qas"][0]["answers"] = [{"text": "da", "answer_start": 1}]
    path = write(content)
    assert len(list(SquadReader(max_instances=2).read(path))) == 2
    assert "1 of 3 answers begin or end inside a token" in caplog.text
    assert len(list(SquadReader(max_paragraphs_per_article=1).read(path))) == 4


def test_text_to_instance_without_answers() -> None:
    instance = SquadReader().text_to_instance("Where?", "In Oslo.")
    assert "answer_span" not in instance.fields
    assert instance["metadata"].metadata == {
        "id": None,
        "question": "Where?",
        "passage": "In Oslo.",
        "window_start": 0,
        "offsets": [(0, 2), (3, 7), (7, 8)],
    }


@pytest.mark.parametrize(("question", "passage", "name"), [("", "a", "question"), ("a", "\u2003\n", "passage")])
def test_empty_texts_are_errors(question: str, passage: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The {name} is empty"):
        SquadReader().text_to_instance(question, passage)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"long_passages": "drop"}, 'long_passages is "drop"; it must be one of cut, window'),
        ({"long_passages": "window"}, "max_passage_tokens must be given"),
        ({"max_passage_tokens": 0}, "max_passage_tokens is 0"),
        ({"max_passage_tokens": 4.0}, "max_passage_tokens is 4.0; it must be a whole number, 1 or more, or null"),
        ({"max_paragraphs_per_article": -1}, "max_paragraphs_per_article is -1; it must be a whole number"),
        ({"max_paragraphs_per_article": True}, "max_paragraphs_per_article is True; it must be a whole number"),
        ({"max_instances": 0}, "max_instances is 0; it must be a whole number"),
        ({"skip_bad_questions": "false"}, "skip_bad_questions is 'false'; it must be true or false"),
        ({"answerable_only": 1}, "answerable_only is 1; it must be true or false"),
        ({"cover_inexact_answers": None}, "cover_inexact_answers is None; it must be true or false"),
        ({"max_passage_tokens": 5, "window_stride": 2}, "window_stride is 2"),
        ({"max_passage_tokens": 5, "long_passages": "window", "window_stride": 6}, "window_stride is 6"),
        ({"max_passage_tokens": 5, "long_passages": "window", "window_stride": 0}, "window_stride is 0"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SquadReader(**options)


def test_from_a_config() -> None:
    reader = DatasetReader.from_params(
        Params(
            {
                "type": "elmo_squad",
                "tokenizer": {"type": "elmo_spacy_rules", "language": "tr"},
                "token_indexers": {"words": {"type": "single_id"}},
            }
        )
    )
    instance = reader.text_to_instance("Kim?", "İstanbul'a gitti.")
    reader.apply_token_indexers(instance)
    assert words(instance) == ["İstanbul'a", "gitti", "."]
    assert isinstance(instance["passage"].token_indexers["words"], SingleIdTokenIndexer)


def test_a_tokenizer_without_offsets_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="idx"):
        SquadReader(tokenizer=WhitespaceTokenizer()).text_to_instance("a b", "c d")
