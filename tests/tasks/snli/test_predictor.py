from typing import Any, ClassVar

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, TextFieldTensors, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.models import Model
from allennlp.nn.util import get_text_field_mask
from allennlp.predictors import Predictor
from label_predictor_tests import LabelPredictorTests
from scipy.special import softmax

PAIR = {"premise": "Ada didn't leave.", "hypothesis": "Ada stayed here."}


class TestWhatHoldsForAll(LabelPredictorTests):
    name = "elmo_entailment"
    labels: ClassVar = {"entailment", "neutral", "contradiction"}
    given: ClassVar = PAIR
    shown: ClassVar = {
        "premise_tokens": ["Ada", "did", "n't", "leave", "."],
        "hypothesis_tokens": ["Ada", "stayed", "here", "."],
    }
    others: ClassVar = [
        {"premise": "Ada", "hypothesis": "Ada left Oslo ."},
        {"premise": "A dog barked all day long and then some more .", "hypothesis": "Ada"},
        {"premise": ["It", "rained"], "hypothesis": "A dog barked all day long and then some more ."},
    ]
    unreadable: ClassVar = ['{"premise": "a"}', "Two dogs run."]
    attacked = "hypothesis"

    def strange(self, text: str) -> dict[str, Any]:
        return {"premise": text, "hypothesis": text}


def test_given_tokens_are_taken_as_they_are(predictor: Predictor) -> None:
    answer = predictor.predict_json({"premise": ["Ada", "didn't", "leave."], "hypothesis": "She stayed."})
    assert answer["premise_tokens"] == ["Ada", "didn't", "leave."]
    assert answer["hypothesis_tokens"] == ["She", "stayed", "."]


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
