"""Reports of trainings that nobody has trained: what is in their records must be what is in the report."""

import csv
import json
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from scipy import stats

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.figures import draw_curves, draw_epochs, mean_mixes
from elmo_tasks.reproduce.profiles import PROFILES
from elmo_tasks.reproduce.report import CSV, MARKDOWN, PAGE, write_report
from elmo_tasks.reproduce.results import Results
from elmo_tasks.reproduce.tables import TABLES
from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Run

BASELINE, ELMO = (0.80, 0.82, 0.81), (0.86, 0.87, 0.85)
ACCURACY = "accuracy"
ROOT = Path(__file__).parents[2]


def mixes(*first: float) -> list[dict[str, Any]]:
    mix = {"place": "input", "module": "m", "weights": list(first), "gamma": 1.5, "layer": None, "trained": True}
    return [mix, mix | {"place": "output", "weights": [0.3, 0.3, 0.4], "gamma": 0.5}]


@pytest.mark.parametrize("name", ["open", "open-mini-0.1"])
def test_the_committed_records_make_the_committed_report(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all numbers; the pictures are another matplotlib's elsewhere."""
    monkeypatch.chdir(ROOT)
    folder = Path("results", name)
    notes = folder / "notes.md"
    write_report(folder, tmp_path, notes.read_text(encoding="utf-8") if notes.exists() else None)
    for file in (MARKDOWN, CSV):
        assert (tmp_path / file).read_bytes() == (folder / file).read_bytes()


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory, make_run_in: Callable[..., Run], finish: Callable[..., Run]
) -> Path:
    """Three seeds of SNLI without and with ELMo, with a curve; a failure, and tasks that were not run."""
    cells = {"baseline": "baseline", "elmo": "elmo"}
    tables = {
        "table1": {"seeds": 3, "tasks": {"snli": cells, "ner": cells}},
        "table3": {"seeds": 3, "tasks": {"snli": {"baseline": "baseline", "both": "elmo", "output": "elmo-output"}}},
        "figure1": {
            "seeds": 3,
            "tasks": {
                "snli": {
                    "baseline-0.5": "baseline-data-0.5",
                    "elmo-0.5": "elmo-data-0.5",
                    "baseline-1": "baseline",
                    "elmo-1": "elmo",
                }
            },
        },
        "figure2": {"seeds": 3, "tasks": {"snli": {"both": "elmo"}}},
    }
    said = {"profile": "smoke", "data": None, "bilm": "mini", "bilm_digest": "f" * 64, "tables": tables}
    folder = tmp_path_factory.mktemp("out")
    (folder / "experiments.json").write_text(json.dumps(said))
    for seed, (baseline, elmo) in enumerate(zip(BASELINE, ELMO, strict=True), 1):
        weights = (0.1 * seed, 0.5, 0.5 - 0.1 * seed)
        run = make_run_in(folder, f"snli/baseline/seed{seed}")
        finish(run, baseline, epochs=[0.5, 0.7, baseline, 0.6], metric=ACCURACY, seconds=10.0 * seed)
        finish(
            make_run_in(folder, f"snli/elmo/seed{seed}"),
            elmo,
            epochs=[0.79, elmo],
            mixes=mixes(*weights),
            metric=ACCURACY,
            recovered=seed == 3,
            seconds=100.0 * seed,
            cpu_seconds=60.0 * seed,
            peak_memory_mb=1000 + seed,
        )
    finish(make_run_in(folder, "snli/baseline-data-0.5/seed1"), 0.7, metric=ACCURACY)
    finish(make_run_in(folder, "snli/elmo-data-0.5/seed1"), 0.69, metric=ACCURACY)
    failed = folder / "ner" / "elmo" / "seed1"
    failed.mkdir(parents=True)
    (failed / "failure.json").write_text(json.dumps({"code": 1, "message": "ner/elmo/seed1 ended: <no memory>"}))
    write_report(folder, notes="First note.\n\nSecond `note`.")
    return folder


@pytest.fixture
def text(written: Path) -> str:
    """The report in Markdown."""
    return (written / MARKDOWN).read_text()


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    """A copy without the report, to be changed."""
    names = (MARKDOWN, CSV, PAGE, "*.svg")
    return Path(shutil.copytree(written, tmp_path / "out", ignore=shutil.ignore_patterns(*names)))


def set_score(out: Path, run: str, metric: str, value: float) -> None:
    path = out / run / "record.json"
    record = json.loads(path.read_text())
    record["metrics"][metric] = value
    path.write_text(json.dumps(record))


def row(text: str, *cells: str) -> list[str]:
    """The cells of the Markdown table's row that begins with these."""
    beginning = "| " + " | ".join(cells) + " |"
    (line,) = (line for line in text.splitlines() if line.startswith(beginning))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_1(text: str) -> None:
    table_1 = text.partition("## Table 1")[2].partition("## Table 2")[0]
    p = stats.ttest_rel(ELMO, BASELINE).pvalue
    assert row(table_1, "SNLI, fixture", "baseline")[2:] == [
        "88.0",
        "81.00 ± 1.00",
        "3 of 3",
        "development",
        "-",
        "-",
        "-",
        "-",
    ]
    assert row(table_1, "SNLI, fixture", "ELMo")[2:] == [
        "88.7 ± 0.17 (+0.7; 5.8 %)",
        "86.00 ± 1.00",
        "3 of 3",
        "development",
        "+5.00",
        "26.3 %",
        f"{p:.3f}",
        "0.100",
    ]
    assert row(table_1, "NER, fixture", "ELMo")[2] == "92.22 ± 0.10 (+2.06; 21 %)"
    assert row(table_1, "SST-5, fixture", "ELMo")[2] == "54.7 ± 0.5 (+3.3; 6.8 %)"
    assert row(table_1, "SQuAD, fixture", "ELMo")[3] == "not run"
    assert row(table_1, "NER, fixture", "ELMo")[3] == "0 of 3, 1 failed"
    assert row(table_1, "NER, fixture", "baseline")[3] == "not run yet"
    assert row(table_1, "Semantic roles, fixture", "ELMo")[2:4] == ["84.6 (+3.2; 17.2 %)", "not run"]
    assert row(table_1, "Coreference, fixture", "ELMo")[2:4] == ["70.4 (+3.2; 9.8 %)", "not run"]
    assert "Better than the baseline, p (t) < 0.05: SNLI, fixture, ELMo (+5.00)." in table_1
    assert "    ner/elmo/seed1 ended: <no memory>" in text
    assert "First note.\n\nSecond `note`." in text
    assert " --notes FILE\n" in text
    assert "elmo-tasks elmo-reproduce run table3 --profile smoke --tasks snli --bilm mini --seeds 3 -o" in text


def test_what_was_not_run_says_so(text: str) -> None:
    table_2 = text.partition("## Table 2")[2].partition("## Table 3")[0]
    assert row(table_2, "SNLI, fixture", "last layer only")[2:4] == ["89.1", "not run"]
    assert "Not run. To run it:\n\n    elmo-tasks elmo-reproduce run table2 --profile smoke --bilm mini" in table_2
    table_3 = text.partition("## Table 3")[2].partition("## Figure 1")[0]
    assert row(table_3, "SNLI, fixture", "input and output")[3] == "86.00 ± 1.00"
    assert row(table_3, "SNLI, fixture", "input only")[3] == "not run"
    assert row(table_3, "SNLI, fixture", "output only")[3] == "not run yet"
    table_5 = text.partition("## Table 5")[2].partition("## Table 6")[0]
    assert row(table_5, "Senses, fixture", "second layer")[2:4] == ["69.0", "not run"]
    assert "    elmo-tasks elmo-reproduce run table5 --profile smoke --bilm mini" in table_5


def test_figure_1_and_epochs(text: str) -> None:
    figure_1 = text.partition("## Figure 1")[2].partition("## Figure 2")[0]
    assert row(figure_1, "SNLI, fixture", "50 %")[2:] == ["70.00", "69.00", "-1.00", "-3.3 %", "1 / 1"]
    assert row(figure_1, "SNLI, fixture", "100 %")[2:4] == ["81.00 ± 1.00", "86.00 ± 1.00"]
    assert row(figure_1, "SNLI, fixture", "3.0")[2:] == ["2.0", "3 of 3"]
    assert (
        "SNLI, fixture: the baseline scores 81.00 on all of the training data; ELMo scores 86.00 on 100 %." in figure_1
    )


@pytest.mark.parametrize(
    ("half", "whole", "said"),
    [(0.83, 0.9, "ELMo scores 83.00 on 50 %"), (0.6, 0.7, "ELMo scores less than that on each part")],
)
def test_how_much_data_elmo_needs(out: Path, half: float, whole: float, said: str) -> None:
    set_score(out, "snli/elmo-data-0.5/seed1", f"best_validation_{ACCURACY}", half)
    for seed in (1, 2, 3):
        set_score(out, f"snli/elmo/seed{seed}", f"best_validation_{ACCURACY}", whole)
    text = write_report(out)[0].read_text()
    assert f"SNLI, fixture: the baseline scores 81.00 on all of the training data; {said}." in text


def test_figure_2_is_of_the_means(text: str, written: Path) -> None:
    assert row(text, "SNLI, fixture", "input")[2:] == ["0.200", "0.500", "0.300", "1.500", "3"]
    assert row(text, "SNLI, fixture", "output")[2:] == ["0.300", "0.300", "0.400", "0.500", "3"]
    results = Results(written)
    means = mean_mixes([("SNLI", results.named("snli/elmo"))])
    assert [sum(mix.weights or []) for _, mix in means] == pytest.approx([1, 1])


def test_time_and_memory(text: str) -> None:
    """Of the mean those are left out that were interrupted: their time is that since the checkpoint."""
    assert row(text, "`snli/elmo`")[1:] == ["3", "2 min", "90 s", "1,003 MB", "1"]
    # Records from before processor time was measured.
    assert row(text, "`snli/baseline`")[1:] == ["3", "20 s", "-", "700 MB", "0"]
    assert row(text, "torch") == ["torch", "2.6"]


def test_a_recovered_training_may_have_had_two_environments(out: Path) -> None:
    path = out / "snli/elmo/seed3/record.json"
    earlier = {"environment": {"torch": "2.5"}, "variables": {"OMP_NUM_THREADS": "4"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"earlier": [earlier]}))
    environment = Results(out).environment()
    assert (environment["torch"], environment["threads"]) == (["2.6", "2.5"], ["1", "4"])


def test_csv_has_plain_numbers(written: Path) -> None:
    with open(written / CSV, newline="") as file:
        rows = {(row["table"], row["task"], row["variant"]): row for row in csv.DictReader(file)}
    elmo = rows["table1", "snli", "elmo"]
    assert (elmo["ours"], elmo["deviation"], elmo["runs"], elmo["gain"]) == ("86.0", "1.0", "3", "5.0")
    assert elmo["scores"] == "86.00 87.00 85.00"
    assert elmo["paper"] == "88.7"
    assert elmo["to_paper"] == ""
    assert float(elmo["p_paired_t"]) == pytest.approx(stats.ttest_rel(ELMO, BASELINE).pvalue, rel=1e-2)
    assert rows["table1", "coref", "elmo"]["state"] == "not run"


def test_ours_is_set_against_the_papers_only_on_its_data(out: Path) -> None:
    path = out / "experiments.json"
    path.write_text(path.read_text().replace('"smoke"', '"paper"'))
    for seed in (1, 2, 3):
        set_score(out, f"snli/elmo/seed{seed}", "test_accuracy", 0.89)
    text = write_report(out)[0].read_text()
    assert "ours - paper" in text
    assert row(text.partition("## Table 2")[0], "SNLI", "ELMo")[5:7] == ["test", "+0.30"]
    # The baseline has no test score here, so that it is not set against the paper's.
    assert row(text.partition("## Table 2")[0], "SNLI", "baseline")[5:7] == ["development", "-"]


def test_seeds_of_different_configs_are_reported(
    out: Path, make_run_in: Callable[..., Run], finish: Callable[..., Run]
) -> None:
    config = {"trainer": {"num_epochs": 9}}
    finish(make_run_in(out, "snli/elmo/seed4", config), 0.9, metric=ACCURACY, mixes=mixes(0.2, 0.5, 0.3))
    assert not Results(out).named("snli/elmo").is_uniform
    assert "are not of one config, or not of the same data: snli/elmo." in write_report(out)[0].read_text()


def test_pictures(written: Path) -> None:
    """Each is SVG whose text is drawn; in each, baseline and ELMo differ by more than their colour."""
    files = sorted(written.glob("*.svg"))
    assert [file.stem for file in files] == ["epochs", "figure1", "figure2"]
    for file in files:
        root = ElementTree.fromstring(file.read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert not root.findall(".//{http://www.w3.org/2000/svg}text")
    results = Results(written)
    measured = [cell for cell in results.cells(TABLES["figure1"]) if cell.scores]
    for figure in (draw_curves(measured), draw_epochs(results.epochs())):
        (axes,) = figure.axes
        baseline, elmo = (line for line in axes.get_lines() if line.get_marker() in ("s", "o"))
        assert baseline.get_linestyle() != elmo.get_linestyle()
        assert baseline.get_color() != elmo.get_color()
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["baseline", "ELMo"]


def test_the_same_trainings_make_the_same_files(out: Path) -> None:
    first = [file.read_bytes() for file in write_report(out)]
    assert [file.read_bytes() for file in write_report(out)] == first


def test_the_page_has_every_section(written: Path) -> None:
    page = (written / PAGE).read_text()
    for name in ("Table 1", "Table 2", "Table 3", "Figure 1", "Figure 2", "Table 5", "Table 6", "Environment"):
        assert f">{name}</a>" in page
    assert page.count('<img alt="') == page.count('src="data:image/svg+xml;base64,') == 3
    assert "ended: &lt;no memory&gt;" in page
    titles = {experiment.title for experiment in PROFILES["smoke"].experiments}
    assert len(titles) > len(published.TASKS)
    assert all(f">{title}<" in page for title in titles)


def test_it_can_be_written_elsewhere(out: Path, tmp_path: Path) -> None:
    files = write_report(out, tmp_path / "page")
    assert all(file.parent == tmp_path / "page" and file.exists() for file in files)
    assert not (out / "RESULTS.md").exists()


def test_nothing_but_what_was_asked_for_yet(out: Path) -> None:
    """Before the first training has ended."""
    for record in out.rglob("record.json"):
        record.unlink()
    files = write_report(out)
    assert len(files) == 3
    assert "The learning curve was not run." in files[0].read_text()


def test_a_folder_without_experiments(tmp_path: Path) -> None:
    with pytest.raises(ReproductionError, match="There are no experiments in"):
        write_report(tmp_path)


@pytest.mark.parametrize("content", ["{", "3", '{"metrics": {}}', "[" * 100_000])
def test_a_damaged_record(content: str, out: Path) -> None:
    (out / "snli" / "elmo" / "seed2" / "record.json").write_text(content)
    with pytest.raises(RunError, match=r"record\.json is damaged"):
        write_report(out)


def test_only_common_seeds_are_compared(
    tmp_path: Path, make_run_in: Callable[..., Run], finish: Callable[..., Run]
) -> None:
    """Table 1 wants five seeds and table 3 three of the same baseline; ELMo's fourth is not done."""
    snli = {"baseline": "baseline", "elmo": "elmo"}
    tables = {
        "table1": {"seeds": 5, "tasks": {"snli": snli}},
        "table3": {"seeds": 3, "tasks": {"snli": {"baseline": "baseline", "both": "elmo"}}},
    }
    said = {"profile": "smoke", "data": None, "bilm": "mini", "bilm_digest": "f" * 64, "tables": tables}
    (tmp_path / "experiments.json").write_text(json.dumps(said))
    baseline = {1: 0.70, 2: 0.72, 3: 0.71, 4: 0.10, 5: 0.74}
    elmo = {1: 0.75, 2: 0.76, 3: 0.78, 5: 0.77}
    for cell, scores in (("baseline", baseline), ("elmo", elmo)):
        for seed, score in scores.items():
            finish(make_run_in(tmp_path, f"snli/{cell}/seed{seed}"), score, metric=ACCURACY)
    write_report(tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    table_1 = text.partition("## Table 1")[2].partition("## Table 2")[0]
    table_3 = text.partition("## Table 3")[2].partition("## Figure 1")[0]
    assert row(table_1, "SNLI, fixture", "baseline")[4] == "5 of 5"
    common = [baseline[seed] for seed in elmo]
    gain = statistics.mean(elmo.values()) - statistics.mean(common)
    reduction = gain / (1 - statistics.mean(common))
    p = stats.ttest_rel(list(elmo.values()), common).pvalue
    assert row(table_1, "SNLI, fixture", "ELMo")[4:] == [
        "4 of 5",
        "development",
        f"+{100 * gain:.2f}",
        f"{100 * reduction:.1f} %",
        f"{p:.3f}",
        # Of the 70 ways to deal these out two are as far apart: this one and its reverse.
        f"{2 / 70:.3f}",
    ]
    assert row(table_3, "SNLI, fixture", "baseline")[3:5] == ["71.00 ± 1.00", "3 of 3"]
    assert row(table_3, "SNLI, fixture", "input and output")[4] == "3 of 3"


def test_each_task_has_its_own_seeds_and_data(
    tmp_path: Path, make_run_in: Callable[..., Run], finish: Callable[..., Run]
) -> None:
    cells = {"baseline": "baseline", "elmo": "elmo"}
    asked = {"ner": {"seeds": 5, "data": "/x", "cells": cells}, "snli": {"seeds": 3, "data": None, "cells": cells}}
    tables = {"table1": {"tasks": asked}}
    said = {"profile": "smoke", "data": None, "bilm": "mini", "bilm_digest": "f" * 64, "tables": tables}
    (tmp_path / "experiments.json").write_text(json.dumps(said))
    for seed in (1, 2, 3):
        finish(make_run_in(tmp_path, f"snli/elmo/seed{seed}"), 0.5, metric=ACCURACY)
    text = write_report(tmp_path)[0].read_text()
    assert row(text.partition("## Table 2")[0], "SNLI, fixture", "ELMo")[4] == "3 of 3"
    run = "elmo-tasks elmo-reproduce run table1 --profile smoke --tasks"
    assert f"    {run} ner --data /x --bilm mini --seeds 5 -o {tmp_path}\n" in text
    assert f"    {run} snli --bilm mini --seeds 3 -o {tmp_path}\n" in text


def test_one_seed_is_not_tested(tmp_path: Path, make_run_in: Callable[..., Run], finish: Callable[..., Run]) -> None:
    cells = {"baseline": "baseline", "elmo": "elmo"}
    tables = {"table1": {"seeds": 1, "tasks": {"snli": cells}}}
    said = {"profile": "smoke", "data": None, "bilm": "mini", "bilm_digest": "f" * 64, "tables": tables}
    (tmp_path / "experiments.json").write_text(json.dumps(said))
    # A difference that rounds to nothing has no sign.
    for cell, score in (("baseline", 0.7), ("elmo", 0.69999)):
        finish(make_run_in(tmp_path, f"snli/{cell}/seed1"), score, metric=ACCURACY)
    write_report(tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert row(text, "SNLI, fixture", "ELMo")[6:8] == ["+0.00", "0.0 %"]
    assert "in all: SNLI, fixture, ELMo (+0.00)." in text
    assert "tell from chance" not in text


def test_table_6_has_each_layer_of_one_run(
    tmp_path: Path, make_run_in: Callable[..., Run], finish: Callable[..., Run]
) -> None:
    trained = dict.fromkeys(("layer-0", "layer-1", "layer-2", "mix"), "elmo")
    random = {f"random-{name}": "elmo-weights-random" for name in trained}
    tables = {"table6": {"seeds": 3, "tasks": {"pos-probe": {"baseline": "baseline"} | trained | random}}}
    said = {"profile": "paper", "data": None, "bilm": "original", "bilm_digest": "f" * 64, "tables": tables}
    (tmp_path / "experiments.json").write_text(json.dumps(said))
    metrics = {"test_accuracy": 0.96, "test_layer_0": 0.93, "test_layer_1": 0.975, "test_layer_2": 0.968}
    finish(make_run_in(tmp_path, "pos-probe/baseline/seed1"), 0.0, metrics={"test_accuracy": 0.92})
    for name, mix in (("elmo", 0.96), ("elmo-weights-random", 0.9)):
        finish(make_run_in(tmp_path, f"pos-probe/{name}/seed1"), 0.0, metrics=metrics | {"test_mix": mix})
    write_report(tmp_path)
    table_6 = (tmp_path / "RESULTS.md").read_text().partition("## Table 6")[2].partition("## Runs")[0]
    assert published.OTHERS_6 in table_6
    first = row(table_6, "Penn Treebank", "first layer")
    # One run is all, for the seed makes no difference.
    assert first[2:8] == ["97.3", "97.50", "1 of 1", "test", "+0.20", "+5.50"]
    assert row(table_6, "Penn Treebank", "baseline")[2:7] == ["-", "92.00", "1 of 1", "test", "-"]
    assert row(table_6, "Penn Treebank", "mix of all layers")[3] == "96.00"
    assert row(table_6, "Penn Treebank", "random weights, mix of all layers")[3] == "90.00"
    with open(tmp_path / CSV, newline="") as file:
        rows = {(line["table"], line["variant"]): line["ours"] for line in csv.DictReader(file)}
    assert rows["table6", "layer-2"] == "96.8"
    assert rows["table6", "random-layer-0"] == "93.0"
