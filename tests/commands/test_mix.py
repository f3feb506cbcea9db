import json
import sys
from pathlib import Path

import pytest
import torch
from allennlp.commands import main

from elmo_tasks.commands.mix import short_names, split_name, table
from elmo_tasks.embedders.trained_mixes import TrainedMix


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-mix", *arguments])
    main()


def write_run(folder: Path, places: list[str]) -> str:
    folder.mkdir(parents=True)
    state = {}
    for place in places:
        for layer in range(3):
            state[f"elmo.{place}._scalar_mix.scalar_parameters.{layer}"] = torch.zeros(1)
        state[f"elmo.{place}._scalar_mix.gamma"] = torch.ones(1)
    torch.save(state, folder / "best.th")
    (folder / "config.json").write_text(json.dumps({"model": {"elmo": {"bilm": "mini"}}}))
    return str(folder)


def test_names_are_what_tells_paths_apart(tmp_path: Path) -> None:
    assert short_names(["runs/ner/model.tar.gz"]) == ["ner"]
    assert short_names(["runs/ner/", "runs/snli/model.tar.gz", "squad.tar.gz"]) == ["runs/ner", "runs/snli", "squad"]
    assert short_names(["a/x/seed1", "a/y/seed1"]) == ["x/seed1", "y/seed1"]
    assert short_names(["ner", "ner"]) == ["ner", "ner"]


def test_a_name_can_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert split_name("NER=runs/ner") == ("NER", "runs/ner")
    assert split_name("runs/ner") == (None, "runs/ner")
    (tmp_path / "lr=0.1").mkdir()
    assert split_name("lr=0.1") == (None, "lr=0.1")
    assert split_name("best=lr=0.1") == ("best", "lr=0.1")


def test_the_table() -> None:
    mixes = [
        ("ner", TrainedMix("input", "", [0.25, 0.75], 1.5, None, True)),
        ("squad", TrainedMix("output", "", None, 0.5, 1, True)),
        ("srl", TrainedMix("input", "", [0.5, 0.5], 1.0, None, False)),
    ]
    assert table(mixes).splitlines() == [
        "| model | place  | token layer | biLSTM layer 1 | gamma |                     |",
        "| ----- | ------ | ----------: | -------------: | ----: | ------------------- |",
        "| ner   | input  |       0.250 |          0.750 | 1.500 |                     |",
        "| squad | output |           - |              - | 0.500 | layer 1 only, fixed |",
        "| srl   | input  |       0.500 |          0.500 | 1.000 | not trained         |",
    ]
    assert table(mixes[:1]).splitlines()[0] == "| model | place | token layer | biLSTM layer 1 | gamma |"
    assert table(mixes[1:2]).splitlines()[2] == "| squad | output | 0.500 | layer 1 only, fixed |"


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ner, squad = write_run(tmp_path / "ner", ["input"]), write_run(tmp_path / "squad", ["input", "output"])
    out, picture = tmp_path / "mixes.json", tmp_path / "mixes.svg"
    call(ner, f"SQuAD={squad}", "--json", str(out), "--picture", str(picture), monkeypatch=monkeypatch)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["model", "place", "token layer", "biLSTM layer 1", "biLSTM layer 2", "gamma"]
    assert rows[2:] == [
        ["ner", "input", *["0.333"] * 3, "1.000"],
        ["SQuAD", "input", *["0.333"] * 3, "1.000"],
        ["SQuAD", "output", *["0.333"] * 3, "1.000"],
    ]
    records = json.loads(out.read_text())
    assert [(record["model"], record["archive"], record["place"]) for record in records] == [
        ("ner", ner, "input"),
        ("SQuAD", squad, "input"),
        ("SQuAD", squad, "output"),
    ]
    assert records[0]["weights"] == pytest.approx([1 / 3] * 3)
    assert records[0]["gamma"] == 1
    assert picture.stat().st_size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nothing"], "There is no archive"), (["nothing", "--picture", "mixes.gif"], "must end with one of")],
)
def test_mistakes_end_with_a_message(arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=f"elmo-mix: .*{message}"):
        call(*arguments, monkeypatch=monkeypatch)
