import pytest

from elmo_tasks.tasks.base.metric import ratio, scores


@pytest.mark.parametrize(
    ("counts", "figures"), [((2, 4, 3), (2 / 4, 2 / 3, 4 / 7)), ((0, 0, 3), (0, 0, 0)), ((0, 0, 0), (0, 0, 0))]
)
def test_precision_recall_and_f1(counts: tuple[int, int, int], figures: tuple[float, float, float]) -> None:
    names = ("precision-X", "recall-X", "f1-measure-X")
    assert scores("X", *counts) == dict(zip(names, figures, strict=True))


def test_nothing_is_right_where_nothing_was() -> None:
    assert (ratio(0, 0), ratio(1, 4)) == (0, 0.25)
