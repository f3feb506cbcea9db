import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.attackers import Hotflip
from allennlp.predictors import Predictor

from task_setup import TaskSetup

Config = Callable[..., Params]
LABELS = {"Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)", "Component-Whole(e1,e2)", "Other"}
MARKED = "The <e1>fire</e1> didn't cause <e2>a lot</e2>."


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoRelationPredictor"


def test_a_marked_text(predictor: Predictor) -> None:
    answer = predictor.predict_json({"text": MARKED})
    assert set(answer) == {"label", "probabilities", "tokens", "e1", "e2"}
    assert answer["tokens"] == ["The", "fire", "did", "n't", "cause", "a", "lot", "."]
    assert (answer["e1"], answer["e2"]) == ([1, 2], [5, 7])
    assert set(answer["probabilities"]) == LABELS
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert predictor.predict(MARKED) == answer


def test_places_say_the_same_as_marks(predictor: Predictor, check_same: Callable[[Any, Any], None]) -> None:
    answer = predictor.predict(MARKED)
    characters = {"text": "The fire didn't cause a lot.", "e1": [4, 8], "e2": [22, 27]}
    tokens = {"tokens": answer["tokens"], "e1": answer["e1"], "e2": answer["e2"]}
    for given in (characters, tokens):
        check_same(predictor.predict_json(given), answer)


def test_a_line_is_json_or_a_marked_text(predictor: Predictor) -> None:
    assert predictor.load_line('{"text": "Who?"}\n') == {"text": "Who?"}
    assert predictor.load_line('"<e1>Who</e1>?" <e2>she</e2> said.\r\n') == {
        "text": '"<e1>Who</e1>?" <e2>she</e2> said.'
    }
    with pytest.raises(ConfigurationError, match=r"begins with \{ but is not JSON"):
        predictor.load_line("{Who?}\n")


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
]


@pytest.mark.parametrize("text", STRANGE)
def test_unusual_text(predictor: Predictor, text: str) -> None:
    assert predictor.predict(f"{text}<e1>{text}</e1> <e2>{text}</e2>")["label"] in LABELS


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    texts = [
        "<e1>Ada</e1> <e2>left</e2>",
        "<e2>Ada</e2> <e1>left</e1>",
        "A <e1>dog</e1> barked all day long and then some <e2>more</e2> .",
        "The <e1>rain</e1> ended the <e2>game</e2>",
    ]
    assert_stable(predictor, [{"text": text} for text in texts])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'there must be either "text" or "tokens"'),
        (["Oslo"], "must be an object"),
        ({"text": " \n"}, r'"text" is empty'),
        ({"text": "no mark"}, "the text must have <e1>one</e1>.*begins: {"),
        ({"text": "<e1></e1><e2>b</e2>"}, r'"e1" is \(0, 0\)'),
        ({"text": "a b", "e1": [0, 1]}, '"e2" is None'),
        ({"tokens": ["a", "b"], "e1": [0, 1], "e2": [1, 3]}, r'"e2" is \[1, 3\].*from 0 to 2'),
        ({"tokens": "a b", "e1": [0, 1], "e2": [1, 2]}, '"tokens" must be a list'),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_bad_lines_are_skipped_on_request(archive: str) -> None:
    predictor = Predictor.from_path(archive, skip_bad_lines=True)
    lines = [MARKED, "{", '{"premise": "a"}', " ", "no mark", MARKED]
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [answer.get("line") for answer in answers] == [None, 2, 3, 4, 5, None]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_predicts_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, output = tmp_path / "texts.txt", tmp_path / "output.jsonl"
    lines.write_text(MARKED + '\n{"tokens": ["It", "rained"], "e1": [1, 2], "e2": [0, 1]}\n')
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(answer["e1"], answer["e2"]) for answer in answers] == [([1, 2], [5, 7]), ([1, 2], [0, 1])]

    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", "--batch-size", "3", *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(answers) == 5
    assert all(answer["label"] in LABELS for answer in answers)


def test_evaluates_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "metrics.json"
    run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(output))
    metrics = json.loads(output.read_text())
    assert 0 <= metrics["macro-f1"] <= 1
    assert {"accuracy", "macro-recall", "micro-f1", "f1-Cause-Effect", "precision-Other"} < set(metrics)


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    check_saliency(predictor, {"text": MARKED}, {"grad_input_1": 8})


def test_hotflip_changes_the_text(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_relation_classifier")(setup.model, setup.reader))
    flipped = attack.attack_from_json(
        {"text": "The <e1>storm</e1> caused a <e2>flood</e2> ."}, "tokens", "grad_input_1"
    )
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["The", "storm", "caused", "a", "flood", "."]
    assert words[1] != words[0]
