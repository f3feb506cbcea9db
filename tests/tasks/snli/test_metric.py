import pytest

from elmo_tasks.tasks.snli.metric import MergedLabelScores

LABELS = ["entailment", "neutral", "contradiction"]


def test_several_labels_count_as_one() -> None:
    scores = MergedLabelScores(LABELS, {"neutral": "other", "contradiction": "other"})
    scores(["neutral", "contradiction", "entailment", "entailment"], ["other", "neutral", "other", "entailment"])
    assert scores.get_metric(reset=True) == {
        "accuracy": 3 / 4,
        "macro-f1": pytest.approx((2 / 3 + 4 / 5) / 2),
        "precision-entailment": 1 / 2,
        "recall-entailment": 1,
        "precision-other": 1,
        "recall-other": pytest.approx(2 / 3),
    }


def test_without_merging_it_is_label_scores() -> None:
    scores = MergedLabelScores(LABELS)
    scores(["neutral"], ["neutral"])
    assert {name for name, value in scores.get_metric(reset=True).items() if value == 1} == {
        "accuracy",
        "macro-f1",
        "precision-neutral",
        "recall-neutral",
    }
