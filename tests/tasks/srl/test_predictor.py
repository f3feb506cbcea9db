import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.attackers import InputReduction
from allennlp.predictors import Predictor

from elmo_tasks.tasks.base.conll2012 import read_sentences
from elmo_tasks.tasks.base.schemes import tags_to_spans

Config = Callable[..., Params]


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoSrlPredictor"


def answer_for(predictor: Any, words: list[str], tags: str, **more: Any) -> dict[str, Any]:
    """What the predictor makes of these tags of the word 1."""
    instance = predictor._json_to_instance({**({} if "sentence" in more else {"tokens": words}), **more})
    return predictor.instance_answer(instance, {"words": words, "predicates": [1], "tags": [tags.split()]})


def test_the_answer_is_allennlps_with_places(predictor: Predictor) -> None:
    """What allennlp-models says of the words and tags of one predicate, and where they are."""
    answer = answer_for(predictor, ["Ann", "left", "the", "house", "."], "B-ARG0 B-V B-ARG1 I-ARG1 O")
    assert answer["words"] == ["Ann", "left", "the", "house", "."]
    (verb,) = answer["verbs"]
    assert verb["verb"] == "left"
    assert verb["description"] == "[ARG0: Ann] [V: left] [ARG1: the house] ."
    assert verb["tags"] == ["B-ARG0", "B-V", "B-ARG1", "I-ARG1", "O"]
    assert verb["index"] == 1
    assert verb["arguments"] == [
        {"type": "ARG0", "start": 0, "end": 1, "start_char": 0, "end_char": 3, "text": "Ann"},
        {"type": "V", "start": 1, "end": 2, "start_char": 4, "end_char": 8, "text": "left"},
        {"type": "ARG1", "start": 2, "end": 4, "start_char": 9, "end_char": 18, "text": "the house"},
    ]


def test_places_are_those_of_the_raw_sentence(predictor: Predictor) -> None:
    answer = answer_for(predictor, ["İpek", "left", "."], "B-ARG0 B-V O", sentence="İpek   left.")
    places = [(one["start_char"], one["end_char"], one["text"]) for one in answer["verbs"][0]["arguments"]]
    assert places == [(0, 4, "İpek"), (7, 11, "left")]


def test_arguments_beside_one_another_are_told_apart(predictor: Predictor) -> None:
    answer = answer_for(predictor, ["a", "b", "c"], "B-ARG1 B-ARG1 I-ARG1")
    assert answer["verbs"][0]["description"] == "[ARG1: a] [ARG1: b c]"


def test_given_predicates_are_taken_in_their_order(predictor: Predictor) -> None:
    given = predictor.predict_json({"tokens": ["He", "wants", "to", "leave"], "predicates": [3, 1]})
    assert [verb["verb"] for verb in given["verbs"]] == ["leave", "wants"]
    raw = predictor.predict_json({"sentence": "He wants to leave", "predicates": [1]})
    assert raw["verbs"] == given["verbs"][1:]
    assert predictor.predict_json({"sentence": "He wants to leave", "predicates": []})["verbs"] == []


def test_predicates_are_found_in_a_raw_sentence(predictor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = predictor._model.predicate_finder
    # All words are predicates.
    monkeypatch.setattr(finder.classifier.bias, "data", finder.classifier.bias.data + 100)
    answer = predictor.predict("Ann didn't leave.")
    assert answer["words"] == ["Ann", "did", "n't", "leave", "."]
    assert [verb["index"] for verb in answer["verbs"]] == [0, 1, 2, 3, 4]
    alone = predictor.predict_json({"tokens": answer["words"], "predicates": [3]})
    assert alone["verbs"][0]["tags"] == answer["verbs"][3]["tags"]


def test_a_line_is_json_or_a_sentence(predictor: Predictor) -> None:
    assert predictor.load_line('{"sentence": "Who?"}\n') == {"sentence": "Who?"}
    assert predictor.load_line('"Who?" she said.\r\n') == {"sentence": '"Who?" she said.'}


STRANGE = [
    "👩‍👩‍👧 😀",
    "שלום עולם",
    "lone \ud83d surrogate",
    "a\u200bb",
    "\u0301",
    "İstanbul",
    "我不喜欢",
    "\ufeffx",
    "é" * 250,
    "",
]


@pytest.mark.parametrize("text", STRANGE)
def test_unusual_text(predictor: Predictor, text: str) -> None:
    answer = predictor.predict(text)
    assert all(len(verb["tags"]) == len(answer["words"]) for verb in answer["verbs"])
    if answer["words"]:
        (verb,) = predictor.predict_json({"sentence": text, "predicates": [0]})["verbs"]
        for argument in verb["arguments"]:
            assert text[argument["start_char"] : argument["end_char"]] == argument["text"]


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    inputs: list[dict[str, Any]] = [
        {"sentence": "Ann gave Bo an old clock .", "predicates": [1]},
        {"sentence": "He wants to leave it", "predicates": [3, 1]},
        {"sentence": "Good morning"},
        {"sentence": "The man who left smiled and went home without any other word", "predicates": [3, 4]},
    ]
    assert_stable(predictor, inputs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'either "sentence" or "tokens"'),
        (["Oslo"], 'either "sentence" or "tokens"'),
        ({"sentence": "a", "tokens": ["a"]}, 'either "sentence" or "tokens"'),
        ({"sentence": 3}, '"sentence" must be a string, not int'),
        ({"tokens": "a b"}, '"tokens" must be a list'),
        ({"tokens": ["a", ""]}, r"token 1 \(counted from 0\)"),
        (
            {"tokens": ["a", "b"], "predicates": [2]},
            r"\"predicates\" must be a list of tokens' numbers, 0 to 1, not \[2\]",
        ),
        ({"tokens": [], "predicates": [0]}, r"numbers, of which there are none, not \[0\]"),
        ({"tokens": ["a", "b"], "predicates": 1}, "must be a list of tokens' numbers"),
        ({"tokens": ["a", "b"], "predicates": [True]}, "must be a list of tokens' numbers"),
        ({"tokens": ["a", "b"], "predicates": ["a"]}, "must be a list of tokens' numbers.*begins: {"),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_bad_lines_are_skipped_on_request(archive: str) -> None:
    predictor = Predictor.from_path(archive, skip_bad_lines=True)
    lines = ["Ann left.", "{", '{"premise": "a"}', '{"sentence": "a", "predicates": [7]}', " "]
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [answer.get("line") for answer in answers] == [None, 2, 3, 4, None]
    model: Any = predictor._model
    model.predicate_finder = None
    lines = ['{"sentence": "Ann left.", "predicates": [1]}', "Ann left."]
    given, sought = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [verb["verb"] for verb in given["verbs"]] == ["left"]
    assert sought["line"] == 7
    assert "does not find predicates" in sought["error"]


def test_another_languages_rules(archive: str) -> None:
    predictor = Predictor.from_path(archive, language="de")
    assert predictor.predict("Das war z.B. gut.")["words"] == ["Das", "war", "z.B.", "gut", "."]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_predicts_and_evaluates_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, output = tmp_path / "texts.txt", tmp_path / "output.jsonl"
    lines.write_text('Ann left.\n{"tokens": ["It", "rained"], "predicates": [1]}\n')
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer["words"] for answer in answers] == [["Ann", "left", "."], ["It", "rained"]]
    assert [verb["verb"] for verb in answers[1]["verbs"]] == ["rained"]

    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", "--batch-size", "3", *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [len(answer["verbs"]) for answer in answers] == [1, 2, 0, 1, 2]

    in_columns = ("--predictor-args", '{"columns": true}')
    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", *in_columns, *to_output)
    written = list(read_sentences(output))
    assert [sentence.plain_words for sentence in written] == [answer["words"] for answer in answers]
    for sentence, answer in zip(written, answers, strict=True):
        assert [place for place, roleset in enumerate(sentence.column(7)) if roleset != "-"] == [
            verb["index"] for verb in answer["verbs"]
        ]
        for column, verb in enumerate(answer["verbs"], start=11):
            cells = sentence.column(column)
            assert "(V*" in cells[verb["index"]]
            # But for the predicate's own they are those of the answer.
            read = [span for span in tags_to_spans(sentence.frames()[column - 11].tags) if span.type != "V"]
            assert read == [(one["type"], one["start"], one["end"]) for one in verb["arguments"] if one["type"] != "V"]

    run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(output))
    metrics = json.loads(output.read_text())
    assert {"f1-measure-overall", "f1-measure-ARG0", "perfect", "f1-measure-predicates"} < set(metrics)


def test_saliency_is_of_each_predicate(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    given = {"tokens": ["He", "wants", "to", "leave"], "predicates": [1, 3]}
    check_saliency(predictor, given, {"grad_input_1": 4})


def test_tokens_cannot_be_taken_away(predictor: Predictor) -> None:
    """By AllenNLP Interpret, which would leave the predicates' places as they are."""
    given = {"tokens": ["He", "wants", "to", "leave"], "predicates": [1, 3]}
    with pytest.raises(
        ConfigurationError, match=r"The predicates' places .* input-reduction takes tokens away: ask for"
    ):
        InputReduction(predictor).attack_from_json(given, "tokens", "grad_input_1")
