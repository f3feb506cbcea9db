from pathlib import Path

import pytest
import torch
from srl_eval import figures_by_hand, figures_of_script, official_script, propositions

from elmo_tasks.tasks.base.schemes import tags_to_spans
from elmo_tasks.tasks.srl.metric import Argument, PredicateScores, SrlEval, arguments


def scored(*pairs: tuple[str, str]) -> dict[str, float]:
    """Of propositions as predicted and gold tags."""
    metric = SrlEval()
    for predicted, gold in pairs:
        metric([predicted.split()], [gold.split()])
    return metric.get_metric(reset=True)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-ARG0 I-ARG0 B-V O", [("ARG0", (0, 2)), ("V", (2, 3))]),
        # A continuation belongs to the last argument of its role.
        ("B-ARG1 B-V O B-C-ARG1 I-C-ARG1", [("ARG1", (0, 1), (3, 5)), ("V", (1, 2))]),
        ("B-ARG1 O B-ARG1 B-C-ARG1 B-V", [("ARG1", (0, 1)), ("ARG1", (2, 3), (3, 4)), ("V", (4, 5))]),
        ("B-ARG1 B-V B-C-ARG1 O B-C-ARG1", [("ARG1", (0, 1), (2, 3), (4, 5)), ("V", (1, 2))]),
        # Without one it is an argument, which can be continued.
        ("B-C-ARG1 B-V B-C-ARG1", [("ARG1", (0, 1), (2, 3)), ("V", (1, 2))]),
        ("B-V O B-C-V", [("V", (0, 1), (2, 3))]),
        # A reference is an argument of its own.
        ("B-ARG0 B-R-ARG0 B-V B-C-ARG0", [("ARG0", (0, 1), (3, 4)), ("R-ARG0", (1, 2)), ("V", (2, 3))]),
        ("O O", []),
        ("", []),
    ],
)
def test_arguments(tags: str, expected: list[tuple[str, tuple[int, int]]]) -> None:
    assert arguments(tags.split()) == [Argument(role, tuple(pieces)) for role, *pieces in expected]


def test_counts_worked_by_hand() -> None:
    metrics = scored(
        # Two of two.
        ("B-ARG0 B-V B-ARG1 I-ARG1", "B-ARG0 B-V B-ARG1 I-ARG1"),
        # The end of one is wrong; a reference is missed; of V nothing is counted.
        ("B-ARG0 B-V B-ARG1 O", "B-R-ARG0 O B-ARG1 I-ARG1"),
        # A continued argument with one wrong piece is wrong.
        ("B-ARG1 B-V B-C-ARG1 O", "B-ARG1 B-V B-C-ARG1 I-C-ARG1"),
        # Pieces where there is one argument, though it covers the same tokens.
        ("B-ARG1 B-C-ARG1 B-V", "B-ARG1 I-ARG1 B-V"),
    )
    right, predicted, gold = 2, 6, 6
    assert metrics["precision-overall"] == right / predicted
    assert metrics["recall-overall"] == right / gold
    assert metrics["f1-measure-overall"] == 2 * right / (predicted + gold)
    assert metrics["perfect"] == 1 / 4
    assert (metrics["precision-ARG0"], metrics["recall-ARG0"]) == (1 / 2, 1)
    assert metrics["f1-measure-R-ARG0"] == 0
    assert not any(name.endswith(("-V", "C-ARG1")) for name in metrics)


def test_a_wrong_predicate_is_no_mistake() -> None:
    assert scored(("B-V B-C-V O", "O B-V O"))["perfect"] == 1


def test_zero_where_there_is_nothing() -> None:
    assert set(scored().values()) == {0.0}
    assert scored(("O B-V", "O B-V"))["f1-measure-overall"] == 0


def test_single_roles_come_at_the_end() -> None:
    metric = SrlEval()
    metric([["B-ARG0"]], [["B-ARG0"]])
    assert set(metric.get_metric()) == {"precision-overall", "recall-overall", "f1-measure-overall", "perfect"}
    assert "f1-measure-ARG0" in metric.get_metric(reset=True)
    assert set(metric.get_metric().values()) == {0.0}


def test_predicates() -> None:
    metric = PredicateScores()
    assert set(metric.get_metric().values()) == {0.0}
    metric(torch.tensor([[True, True, False], [False, False, True]]), torch.tensor([[True, False, True], [False] * 3]))
    metric(torch.tensor([[True]]), torch.tensor([[True]]))
    metrics = metric.get_metric(reset=True)
    assert metrics["precision-predicates"] == 2 / 4
    assert metrics["recall-predicates"] == 2 / 3
    assert metrics["f1-measure-predicates"] == 4 / 7
    assert set(metric.get_metric().values()) == {0.0}


# Against an independent implementation, and the official script


def test_counts_are_those_of_the_scripts_algorithm() -> None:
    cases = propositions(1, 2000)
    metric = SrlEval()
    metric([predicted for predicted, _ in cases], [gold for _, gold in cases])
    metrics = metric.get_metric(reset=True)
    assert 0.2 < metrics["f1-measure-overall"] < 0.8
    expected = figures_by_hand(cases)
    assert {name: metrics[name] for name in expected} == expected


@pytest.mark.skipif(
    official_script() is None, reason="allennlp-models, which has srl-eval.pl, or perl is not installed"
)
@pytest.mark.parametrize("seed", range(2))
def test_figures_are_those_of_the_official_script(seed: int, tmp_path: Path) -> None:
    cases = propositions(seed, 3000)
    for name, which in (("predicted", 0), ("gold", 1)):
        (tmp_path / name).write_text("".join(in_props(case[which]) for case in cases))
    script = official_script()
    assert script is not None
    metric = SrlEval()
    metric([predicted for predicted, _ in cases], [gold for _, gold in cases])
    metrics = {name: 100 * share for name, share in metric.get_metric(reset=True).items()}
    assert metrics == pytest.approx(figures_of_script(script, tmp_path / "gold", tmp_path / "predicted"), abs=0.0051)


def in_props(tags: list[str]) -> str:
    """A proposition as the script reads it: a column with the predicate, here in the first line, and its arguments."""
    begins = {start: role for role, start, _ in tags_to_spans(tags)}
    ends = {end - 1 for _, _, end in tags_to_spans(tags)}
    cells = [
        ("(" + begins[token] if token in begins else "") + "*" + (")" if token in ends else "")
        for token in range(len(tags))
    ]
    return "".join(f"{'-' if token else 'is'} {cell}\n" for token, cell in enumerate(cells)) + "\n"
