import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from elmo_tasks.tasks.base.label_scores import LabelScores

pair = st.tuples(st.sampled_from("abcd"), st.sampled_from("abce"))


@settings(max_examples=100)
@given(st.lists(pair, min_size=1, max_size=20), st.integers(1, 7))
def test_is_what_scikit_learn_computes(pairs: list[tuple[str, str]], size: int) -> None:
    gold, predicted = [one for one, _ in pairs], [other for _, other in pairs]
    scores = LabelScores(["a", "z"])
    for start in range(0, len(pairs), size):
        scores(predicted[start : start + size], gold[start : start + size])
    metrics = scores.get_metric(reset=True)
    expected = {
        "accuracy": accuracy_score(gold, predicted),
        "macro-f1": f1_score(gold, predicted, average="macro", zero_division=0),
    }
    labels = sorted({*gold, *predicted, "a", "z"})
    precision, recall, _, _ = precision_recall_fscore_support(gold, predicted, labels=labels, zero_division=0)
    for number, label in enumerate(labels):
        expected |= {f"precision-{label}": precision[number], f"recall-{label}": recall[number]}
    assert metrics == pytest.approx(expected)


def test_by_hand() -> None:
    scores = LabelScores()
    scores(["x", "x", "y", "y"], ["x", "y", "y", "z"])
    assert scores.get_metric() == pytest.approx({"accuracy": 2 / 4, "macro-f1": (2 / 3 + 2 / 4 + 0) / 3})
    assert scores.get_metric(reset=True)["recall-z"] == 0
    assert scores.get_metric(reset=True) == {"accuracy": 0, "macro-f1": 0}


def test_both_have_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        LabelScores()(["a"], ["a", "b"])


def test_adds_up_over_workers(beside: Callable[..., None]) -> None:
    pairs = [random.Random(number).choices("abc", k=2) for number in range(20)]
    whole, mine, other = LabelScores(), LabelScores(), LabelScores()
    whole([p for p, _ in pairs], [g for _, g in pairs])
    other([p for p, _ in pairs[12:]], [g for _, g in pairs[12:]])
    beside(other._pairs)
    mine([p for p, _ in pairs[:12]], [g for _, g in pairs[:12]])
    assert mine.get_metric(reset=True) == whole.get_metric(reset=True)
