import json
from collections.abc import Callable
from pathlib import Path

import pytest

from elmo_tasks.tasks.squad.metric import SquadScores, exact_match, f1, normalize

CASES = json.loads((Path(__file__).parent / "official_scores.json").read_text(encoding="utf-8"))
"""
What the functions of SQuAD's official script (evaluate-v1.1.py) computed. torchmetrics 1.9.0
(`torchmetrics.text.SQuAD`) gives the same, but for the F1 of answers that normalize to nothing, such as "a" and
"the": 0 here, 1 there.
"""


def test_as_the_official_script() -> None:
    assert len(CASES) > 300
    for case in CASES:
        assert exact_match(case["predicted"], case["gold"]) == case["em"], case
        assert f1(case["predicted"], case["gold"]) == pytest.approx(case["f1"], abs=1e-6), case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  The  Cat's, pyjamas! ", "cats pyjamas"),
        ("A.", ""),
        ("an-other the-atre", "another theatre"),
        ("Theatre an der Wien", "theatre der wien"),
        ("“A” – ok", "“ ” – ok"),  # noqa: RUF001
        ("a\u00a0b\tc", "b c"),
    ],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_all_questions_and_all_gold_answers_count() -> None:
    scores = SquadScores()
    assert scores.get_metric() == {"em": 0, "f1": 0}
    scores(["1", "2"], ["the cat", "big red dog"], [["dog", "cat"], ["red dog", "ox"]], [0.0, 0.0])
    scores([None, None], ["x", "y"], [["y"], ["y"]], [0.0, 0.0])
    assert scores.get_metric(reset=True) == pytest.approx({"em": 2 / 4, "f1": (1 + 0.8 + 0 + 1) / 4})
    assert scores.get_metric() == {"em": 0, "f1": 0}


def test_of_several_windows_the_surest_counts() -> None:
    scores = SquadScores()
    scores(["1", "1", "2"], ["cat", "dog", "ox"], [["dog"], ["dog"], ["ox"]], [3.0, 5.0, 1.0])
    assert scores.get_metric() == {"em": 1, "f1": 1}
    scores(["1"], ["bird"], [["dog"]], [4.0])
    assert scores.get_metric() == {"em": 1, "f1": 1}
    scores(["1"], ["bird"], [["dog"]], [6.0])
    assert scores.get_metric() == {"em": 0.5, "f1": 0.5}


def test_adds_up_over_workers(beside: Callable[..., None]) -> None:
    other = SquadScores()
    other(["9"], ["cat"], [["cat"]], [1.0])
    beside([("9", other._records["9"])])
    scores = SquadScores()
    scores(["1"], ["cat"], [["dog"]], [1.0])
    assert scores.get_metric() == {"em": 0.5, "f1": 0.5}
