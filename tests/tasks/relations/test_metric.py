import random
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.relations.metric import RelationScores, undirected

LABELS = ["A-B(e1,e2)", "A-B(e2,e1)", "C-D(e1,e2)", "C-D(e2,e1)", "E-F(e1,e2)", "plain", "Other"]
pair = st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS))


def by_the_scorers_tables(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """
    The official scorer's steps one by one, with its table of 9 + 1 classes and a column of its own for the right
    relation in the wrong direction, for (gold, predicted) pairs.
    """
    table: dict[tuple[str, str], int] = {}
    column: dict[str, int] = {}
    key: dict[str, int] = {}
    for gold, predicted in pairs:
        row, place = undirected(gold), undirected(predicted)
        if gold != predicted and row == place:
            place = "WRONG_DIR"
        table[place, row] = table.get((place, row), 0) + 1
        column[place] = column.get(place, 0) + 1
        key[row] = key.get(row, 0) + 1
    relations = sorted(set(key) - {"Other"})
    figures = {}
    right = proposed = answers = 0
    sums = [Fraction(0)] * 3
    for relation in relations:
        hits, wrong = table.get((relation, relation), 0), table.get(("WRONG_DIR", relation), 0)
        denominator = column.get(relation, 0) + wrong
        precision = Fraction(hits, denominator) if column.get(relation, 0) else Fraction(0)
        recall = Fraction(hits, key[relation])
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else Fraction(0)
        for name, figure in (("precision", precision), ("recall", recall), ("f1", f1)):
            figures[f"{name}-{relation}"] = float(figure)
        sums = [total + figure for total, figure in zip(sums, (precision, recall, f1), strict=True)]
        right, proposed, answers = right + hits, proposed + denominator, answers + key[relation]
    for name, total in zip(("precision", "recall", "f1"), sums, strict=True):
        figures[f"macro-{name}"] = float(total / len(relations)) if relations else 0.0
    figures["micro-f1"] = 2 * right / (proposed + answers) if proposed + answers else 0.0
    figures["accuracy"] = sum(gold == predicted for gold, predicted in pairs) / len(pairs)
    return figures


@settings(max_examples=300)
@given(st.lists(pair, min_size=1, max_size=25), st.integers(1, 9))
def test_is_what_the_scorers_tables_give(pairs: list[tuple[str, str]], size: int) -> None:
    scores = RelationScores()
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        scores([predicted for _, predicted in part], [gold for gold, _ in part])
    metrics = scores.get_metric(reset=True)
    expected = by_the_scorers_tables(pairs)
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)


def score(*pairs: tuple[str, str]) -> dict[str, float]:
    """Of (gold, predicted)."""
    scores = RelationScores()
    scores([predicted for _, predicted in pairs], [gold for gold, _ in pairs])
    return scores.get_metric(reset=True)


def test_by_hand() -> None:
    metrics = score(
        ("Cause-Effect(e1,e2)", "Cause-Effect(e1,e2)"),
        ("Cause-Effect(e1,e2)", "Cause-Effect(e2,e1)"),
        ("Cause-Effect(e2,e1)", "Entity-Origin(e2,e1)"),
        ("Entity-Origin(e1,e2)", "Entity-Origin(e1,e2)"),
        ("Other", "Entity-Origin(e1,e2)"),
        ("Other", "Other"),
    )
    # Cause-Effect: 1 right of 1 + 1 in the wrong direction, and of 3 gold ones. Entity-Origin: 1 right of 3, and of 1.
    assert metrics["precision-Cause-Effect"] == pytest.approx(1 / 2)
    assert metrics["recall-Cause-Effect"] == pytest.approx(1 / 3)
    assert metrics["f1-Cause-Effect"] == pytest.approx(0.4)
    assert metrics["precision-Entity-Origin"] == pytest.approx(1 / 3)
    assert metrics["recall-Entity-Origin"] == 1
    assert metrics["macro-f1"] == pytest.approx((0.4 + 0.5) / 2)
    assert metrics["macro-precision"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert metrics["macro-recall"] == pytest.approx((1 / 3 + 1) / 2)
    assert metrics["micro-f1"] == pytest.approx(2 * 2 / (5 + 4))
    assert metrics["accuracy"] == pytest.approx(3 / 6)


def test_all_in_the_wrong_direction_is_nothing_right() -> None:
    metrics = score(("A-B(e1,e2)", "A-B(e2,e1)"), ("C-D(e1,e2)", "C-D(e1,e2)"))
    assert metrics["macro-f1"] == pytest.approx(1 / 2)
    assert metrics["f1-A-B"] == 0


def test_a_relation_that_no_gold_label_has_is_left_out_of_the_mean() -> None:
    metrics = score(("A-B(e1,e2)", "A-B(e1,e2)"), ("Other", "C-D(e1,e2)"))
    assert metrics["macro-f1"] == 1
    assert metrics["precision-C-D"] == 0


def test_only_others() -> None:
    assert score(("Other", "Other"))["macro-f1"] == 0
    assert score(("Other", "Other"))["accuracy"] == 1


def test_another_label_may_be_no_relation_or_none() -> None:
    pairs = [("none", "none"), ("per:title", "none"), ("per:age", "per:age")]
    expected = {None: (2 / 3 + 0 + 1) / 3, "none": 1 / 2}
    for negative, macro in expected.items():
        scores = RelationScores(negative_label=negative)
        scores([predicted for _, predicted in pairs], [gold for gold, _ in pairs])
        assert scores.get_metric()["macro-f1"] == pytest.approx(macro)


def test_figures_of_single_relations_come_at_the_end() -> None:
    scores = RelationScores(["A-B(e1,e2)", "A-B(e2,e1)", "Other"])
    scores(["A-B(e1,e2)"], ["A-B(e1,e2)"])
    assert scores.get_metric() == {"macro-f1": 1, "accuracy": 1}
    singles = {f"{name}-{relation}" for name in ("precision", "recall", "f1") for relation in ("A-B", "Other")}
    others = {"macro-f1", "accuracy", "macro-precision", "macro-recall", "micro-f1"}
    assert set(scores.get_metric(reset=True)) == singles | others
    assert set(scores.get_metric(reset=True).values()) == {0.0}


def test_both_have_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        RelationScores()(["Other"], ["Other", "Other"])


def test_adds_up_over_workers(beside: Callable[..., None]) -> None:
    pairs = [random.Random(number).choices(LABELS, k=2) for number in range(40)]
    whole, mine, other = RelationScores(), RelationScores(), RelationScores()
    whole([p for p, _ in pairs], [g for _, g in pairs])
    other([p for p, _ in pairs[25:]], [g for _, g in pairs[25:]])
    beside(other._pairs)
    mine([p for p, _ in pairs[:25]], [g for _, g in pairs[:25]])
    assert mine.get_metric(reset=True) == whole.get_metric(reset=True)
