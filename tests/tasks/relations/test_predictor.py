from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.attackers import InputReduction
from allennlp.predictors import Predictor
from label_predictor_tests import LabelPredictorTests

MARKED = "The <e1>fire</e1> didn't cause <e2>a lot</e2>."


class TestWhatHoldsForAll(LabelPredictorTests):
    name = "elmo_relation_classifier"
    labels: ClassVar = {"Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)", "Component-Whole(e1,e2)", "Other"}
    given: ClassVar = {"text": MARKED}
    line = MARKED
    shown: ClassVar = {
        "tokens": ["The", "fire", "did", "n't", "cause", "a", "lot", "."],
        "e1": [1, 2],
        "e2": [5, 7],
    }
    others: ClassVar = [
        {"text": "<e1>Ada</e1> <e2>left</e2>"},
        {"text": "<e2>Ada</e2> <e1>left</e1>"},
        {"text": "A <e1>dog</e1> barked all day long and then some <e2>more</e2> ."},
        {"tokens": ["It", "rained"], "e1": [1, 2], "e2": [0, 1]},
    ]
    unreadable: ClassVar = [" ", "no mark"]
    scores: ClassVar = {"accuracy", "macro-f1", "macro-recall", "micro-f1"}
    figures: ClassVar = {"precision", "recall", "f1"}

    def strange(self, text: str) -> dict[str, Any]:
        return {"text": f"{text}<e1>{text}</e1> <e2>{text}</e2>"}


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


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'there must be either "text" or "tokens"'),
        (["Oslo"], "must be an object"),
        ({"text": " \n"}, r'"text" is empty'),
        ({"text": "no mark"}, "the text must have <e1>one</e1>.*begins: {"),
        ({"text": "<e1></e1><e2>b</e2>"}, r'"e1" is \(0, 0\)'),
        ({"text": "a b", "e1": [0, 1]}, '"e2" is None'),
        ({"text": "<e1>a</e1> <e2>b</e2>", "e1": [4, 5], "e2": [15, 16]}, "are marked and their places given"),
        (
            {"tokens": ["<e1>", "a", "</e1>", "<e2>", "b", "</e2>"], "e1": [1, 2], "e2": [4, 5]},
            "are marked and their places",
        ),
        ({"tokens": ["<e1>", "a", "</e1>", "<e2>", "b", "</e2>"]}, '"e1" is None'),
        ({"tokens": ["a", "b"], "e1": [0, 1], "e2": [1, 3]}, r'"e2" is \[1, 3\].*from 0 to 2'),
        ({"tokens": "a b", "e1": [0, 1], "e2": [1, 2]}, '"tokens" must be a list'),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_tokens_cannot_be_taken_away(predictor: Predictor) -> None:
    """By AllenNLP Interpret, which would leave the entities' places as they are."""
    with pytest.raises(ConfigurationError, match="input-reduction takes tokens away: ask for saliency"):
        InputReduction(predictor).attack_from_json({"text": MARKED}, "tokens", "grad_input_1")
