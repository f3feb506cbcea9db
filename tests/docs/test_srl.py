import random
import subprocess
from pathlib import Path

import pytest
from srl_eval import figures_by_hand, figures_of_script, official_script, propositions

from doc_pages import ROOT, run_page
from elmo_tasks.tasks.base.conll2012 import Frame
from elmo_tasks.tasks.base.conll2012_writing import rows
from elmo_tasks.tasks.base.schemes import OUTSIDE
from elmo_tasks.tasks.srl.metric import SrlEval

LENGTH = 12


def test_every_block_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_page("docs/srl.md", tmp_path, monkeypatch)


def test_the_script_is_given_what_is_scored(tmp_path: Path) -> None:
    """
    By the page's recipe: where predicted arguments cover the predicate, where gold's roleset is in no predicate's row,
    where two predicates are one token, and where columns are in another order than the predicates.
    """
    draw = random.Random(3)
    cases = []
    frames: dict[str, list[Frame]] = {"predicted": [], "gold": []}
    for predicted, gold in propositions(3, 1500):
        predicted += [OUTSIDE] * (LENGTH - len(predicted))
        gold = [OUTSIDE if tag[2:] == "V" else tag for tag in gold] + [OUTSIDE] * (LENGTH - len(gold))
        predicate = draw.randrange(LENGTH)
        gold[predicate] = "B-V"
        cases.append((predicted, gold))
        frames["predicted"].append(Frame(predicate, predicted))
        frames["gold"].append(Frame(predicate, gold))
    metric = SrlEval()
    metric([predicted for predicted, _ in cases], [gold for _, gold in cases])
    metrics = metric.get_metric(reset=True)

    recipe = (ROOT / "docs/srl.md").read_text(encoding="utf-8").split("cat > props.awk <<'END'\n")[1]
    (tmp_path / "props.awk").write_text(recipe.split("\nEND\n")[0])
    for name, of_name in frames.items():
        sentences = [rows(["word"] * LENGTH, of_name[first : first + 3]) for first in range(0, len(of_name), 3)]
        (tmp_path / name).write_text("".join(sentences).replace(" 01 ", " - "))
        command = ["awk", "-f", tmp_path / "props.awk", tmp_path / name]
        (tmp_path / f"{name}.props").write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)

    read = [propositions_in(tmp_path / f"{name}.props") for name in ("predicted", "gold")]
    expected = figures_by_hand(list(zip(*read, strict=True)))
    assert {name: metrics[name] for name in expected} == expected
    if script := official_script():
        printed = figures_of_script(script, tmp_path / "gold.props", tmp_path / "predicted.props")
        assert {name: 100 * share for name, share in metrics.items()} == pytest.approx(printed, abs=0.0051)


def propositions_in(path: Path) -> list[list[str]]:
    """The tags of a file of sentences with one predicate each, in which no argument is within another."""
    propositions = []
    for sentence in path.read_text().split("\n\n")[:-1]:
        targets, cells = zip(*(line.split() for line in sentence.split("\n")), strict=True)
        assert sum(target != "-" for target in targets) == 1
        tags, role = [], None
        for cell in cells:
            opened, _, closed = cell.partition("*")
            assert role is None or not opened
            assert len(closed) <= 1
            role = opened[1:] or role
            tags.append(OUTSIDE if role is None else f"{'B' if opened else 'I'}-{role}")
            role = None if closed else role
        propositions.append(tags)
    return propositions
