import json
import sys
from pathlib import Path

import pytest
import torch
from allennlp.commands import main


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
