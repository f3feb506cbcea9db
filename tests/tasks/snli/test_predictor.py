import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands import main
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, TextFieldTensors, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.interpret.attackers import Hotflip
from allennlp.models import Model
from allennlp.nn.util import get_text_field_mask
from allennlp.predictors import Predictor
from scipy.special import softmax

from task_setup import TaskSetup

Config = Callable[..., Params]
LABELS = {"entailment", "neutral", "contradiction"}
PAIR = {"premise": "Ada didn't leave.", "hypothesis": "Ada stayed here."}


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoEntailmentPredictor"


def test_a_pair(predictor: Predictor) -> None:
    answer = predictor.predict_json(PAIR)
    assert set(answer) == {"label", "probabilities", "premise_tokens", "hypothesis_tokens"}
    assert answer["premise_tokens"] == ["Ada", "did", "n't", "leave", "."]
    assert answer["hypothesis_tokens"] == ["Ada", "stayed", "here", "."]
    assert set(answer["probabilities"]) == LABELS
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert predictor.predict(**PAIR) == answer


def test_given_tokens_are_taken_as_they_are(predictor: Predictor) -> None:
    answer = predictor.predict_json({"premise": ["Ada", "didn't", "leave."], "hypothesis": "She stayed."})
    assert answer["premise_tokens"] == ["Ada", "didn't", "leave."]
    assert answer["hypothesis_tokens"] == ["She", "stayed", "."]


@pytest.mark.parametrize("text", ["👩‍👩‍👧 😀", "שלום עולם", "lone \ud83d surrogate", "a\u200bb", "\u0301"])
def test_unusual_text(predictor: Predictor, text: str) -> None:
    assert predictor.predict_json({"premise": text, "hypothesis": text})["label"] in LABELS


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    texts = ["Ada", "Ada left Oslo .", "A dog barked all day long and then some more .", "It rained"]
    assert_stable(predictor, [{"premise": one, "hypothesis": other} for one in texts for other in texts[:2]])


def test_bad_lines_are_skipped_on_request(archive: str) -> None:
    predictor = Predictor.from_path(archive, skip_bad_lines=True)
    lines = [json.dumps(PAIR), "{", '{"premise": "a"}', json.dumps(PAIR)]
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [answer.get("line") for answer in answers] == [None, 2, 3, None]


def test_a_batch_is_answered_as_its_pairs_are(predictor: Predictor) -> None:
    inputs = [PAIR, {"premise": "Oslo", "hypothesis": "A dog barked all day long and then some more."}]
    for one, together in zip(inputs, predictor.predict_batch_json(inputs), strict=True):
        alone = predictor.predict_json(one)
        assert together.pop("probabilities") == pytest.approx(alone.pop("probabilities"), abs=1e-5)
        assert together == alone


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'must be an object with "premise" and "hypothesis"'),
        ({"premise": "Oslo"}, r'with "premise" and "hypothesis".*Oslo'),
        (["Oslo", "Bergen"], "must be an object"),
        ({"premise": "Oslo", "hypothesis": ""}, r'"hypothesis" is empty.*begins: .*Oslo'),
        ({"premise": " \n", "hypothesis": "Oslo"}, '"premise" is empty'),
        ({"premise": [], "hypothesis": "Oslo"}, '"premise" is empty'),
        ({"premise": 3, "hypothesis": "Oslo"}, '"premise" must be text or a list of tokens, not 3'),
        ({"premise": "Oslo", "hypothesis": ["a", ""]}, 'token 1 of "hypothesis"'),
        ({"premise": [None], "hypothesis": "Oslo"}, 'token 0 of "premise".*not None'),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_a_line_that_is_not_json_is_explained(predictor: Predictor) -> None:
    assert predictor.load_line('{"premise": "a"}\n') == {"premise": "a"}
    with pytest.raises(ConfigurationError, match=r"is not JSON.*begins: Two dogs run"):
        predictor.load_line("Two dogs run.\n")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_predicts_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, output = tmp_path / "pairs.jsonl", tmp_path / "output.jsonl"
    lines.write_text(f"{json.dumps(PAIR)}\n{json.dumps({'premise': ['It', 'rained'], 'hypothesis': 'Rain.'})}\n")
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer["hypothesis_tokens"] for answer in answers] == [["Ada", "stayed", "here", "."], ["Rain", "."]]

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
    assert 0 <= metrics["accuracy"] <= 1
    assert {f"{what}-{label}" for what in ("precision", "recall") for label in LABELS} < set(metrics)


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    check_saliency(predictor, PAIR, {"grad_input_1": 4, "grad_input_2": 5})


def test_hotflip_changes_the_hypothesis(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_entailment")(setup.model, setup.reader))
    flipped = attack.attack_from_json(PAIR, "hypothesis", "grad_input_1")
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["Ada", "stayed", "here", "."]
    assert words[1] != words[0]


# Somebody else's models


class StockReader(DatasetReader):
    """What the readers of stock models of pairs give, whose tokenizer takes strings only."""

    def text_to_instance(self, premise: str, hypothesis: str) -> Instance:
        texts = {"premise": premise, "hypothesis": hypothesis}
        indexers = {"tokens": SingleIdTokenIndexer()}
        return Instance(
            {name: TextField([Token(word) for word in text.split()], indexers) for name, text in texts.items()}
        )


class StockModel(Model):
    """What stock models of pairs take and give: probabilities, of one label more for each token of the premise."""

    def __init__(self) -> None:
        super().__init__(Vocabulary({"labels": dict.fromkeys(["yes", "no", "maybe"], 1)}))
        # AllenNLP looks for the device of one.
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, premise: TextFieldTensors, hypothesis: TextFieldTensors, label: Any = None) -> dict[str, Any]:  # type: ignore[override]
        lengths = get_text_field_mask(premise).sum(dim=1)
        # Shape: (batch, 3)
        logits = 3.0 * torch.nn.functional.one_hot(lengths - 1, 3)
        return {"label_logits": logits, "label_probs": logits.softmax(dim=-1)}


def test_a_stock_model_is_served() -> None:
    predictor = Predictor.by_name("elmo_entailment")(StockModel(), StockReader())
    pairs = [{"premise": premise, "hypothesis": "It is ."} for premise in ("Bir", "İki 词 .", "iki köpek")]
    answers = predictor.predict_batch_json(pairs)
    assert [answer["label"] for answer in answers] == ["yes", "maybe", "no"]
    expected = softmax([3, 0, 0])
    assert answers[0]["probabilities"] == pytest.approx(dict(zip(["yes", "no", "maybe"], expected, strict=True)))
    assert answers[1]["premise_tokens"] == ["İki", "词", "."]
    assert predictor.predict_json(pairs[0]) == answers[0]
    (labeled,) = predictor.json_to_labeled_instances(pairs[2])
    assert labeled["label"].label == "no"  # type: ignore[attr-defined]


class OneTextReader(DatasetReader):
    """As transformers' readers: both texts in one field."""

    def text_to_instance(self, premise: str, hypothesis: str) -> Instance:
        return Instance({"tokens": TextField([Token(premise)], {"tokens": SingleIdTokenIndexer()})})


class OtherReader(DatasetReader):
    def text_to_instance(self, tokens: list[Token]) -> Instance:
        raise AssertionError


class OtherModel(StockModel):
    def forward(self, premise: TextFieldTensors, hypothesis: TextFieldTensors) -> dict[str, Any]:  # type: ignore[override]
        return {"scores": torch.zeros(1)}


@pytest.mark.parametrize(
    ("model", "reader", "given", "message"),
    [
        (StockModel, StockReader, {**PAIR, "premise": ["Ada"]}, 'a list of tokens, which the reader "elmo_snli" takes'),
        (StockModel, OneTextReader, PAIR, "the field premise; those of the reader OneTextReader have tokens"),
        (StockModel, OtherReader, PAIR, "The reader OtherReader does not take what this predictor reads"),
        (OtherModel, StockReader, PAIR, 'a model that gives "label_probs"; OtherModel gives scores'),
    ],
)
def test_what_does_not_fit_is_said(
    model: type[Model], reader: type[DatasetReader], given: dict[str, Any], message: str
) -> None:
    predictor = Predictor.by_name("elmo_entailment")(model(), reader())
    with pytest.raises(ConfigurationError, match=message) as raised:
        predictor.predict_json(given)
    assert "\n" not in str(raised.value)
