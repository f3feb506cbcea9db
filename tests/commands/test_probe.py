import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from allennlp.commands import main

from elmo_tasks.bilm import BiLM
from elmo_tasks.commands import load_command
from elmo_tasks.commands.command import options_parser
from elmo_tasks.commands.probe import table
from elmo_tasks.files import sha256
from elmo_tasks.probing.classifier import L2
from elmo_tasks.probing.probe import Figures, probe, read_layers
from elmo_tasks.probing.tagged import read_all_tagged
from tiny_bilms import make_bilm as make_bilm

TRAIN = "the D\ndog N\nsaw V\na D\ncat N\n\na D\ncat N\nran V\n\nsaw V\n"
DEV = "the D\ncat N\nslept V\n\nsaw V\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_bilm: Callable[..., BiLM]) -> Path:
    """Where the test is: a tiny biLM's folder and two files of tags."""
    (tmp_path / "bilm").mkdir()
    make_bilm().save(tmp_path / "bilm" / "options.json", tmp_path / "bilm" / "weights.hdf5")
    (tmp_path / "train.txt").write_text(TRAIN)
    (tmp_path / "dev.txt").write_text(DEV)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-probe", *arguments])
    main()


def rows(out: str) -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in out.splitlines() if line.startswith("| ")]
    return {name: cells for name, *cells in lines[2:]}


def test_table_and_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bilm_runs: list[int]
) -> None:
    call("train.txt", "dev.txt", "--bilm", "bilm", "--json", "out.json", monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    sizes = "3 tags; 9 words in 3 sentences to train on, 4 in 2 to evaluate on."
    assert out.startswith(f"Accuracy in percent; {sizes}\n\n| ")
    found = rows(out)
    # "slept" gets D, which is as frequent as N and V and before them.
    assert found["most frequent tag"][:2] == ["75.00", "0.00"]
    assert list(found) == ["most frequent tag", "layer 0", "layer 1", "layer 2", "mix"]
    assert float(found["layer 0"][0]) >= 75
    assert "The mix, trained weights: 0." in out
    assert "The mix, random weights: 0." in out
    record = json.loads((folder / "out.json").read_text())
    assert record["files"]["dev.txt"] == sha256(folder / "dev.txt")
    figures = record["figures"]
    for name, cells in found.items():
        key = name.replace(" ", "_")
        assert f"{100 * figures['trained weights'][key]['accuracy']:.2f}" == cells[0]
        if name.startswith("layer"):
            assert f"{100 * figures['random weights'][key]['accuracy']:.2f}" == cells[2]
    # Each sentence once for each kind of weights.
    assert sum(bilm_runs) == 10


def test_half_of_it_on_fewer_sentences(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bilm_runs: list[int]
) -> None:
    options = ["--bilm", "bilm", "--no-random", "--sentences", "2", "--column", "1"]
    call("train.txt", "dev.txt", *options, monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    assert "8 words in 2 sentences" in out
    assert "random" not in out
    assert sum(bilm_runs) == 4


@pytest.mark.parametrize("seed", [1, 2])
def test_the_random_weights_are_the_seeds(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--bilm", "bilm", "--json", "out.json", *(["--seed", str(seed)] if seed != 1 else [])]
    call("train.txt", "dev.txt", *options, monkeypatch=monkeypatch)
    random = BiLM.from_files(folder / "bilm/options.json", folder / "bilm/weights.hdf5").untrained(seed)
    train, dev = (read_layers(random, read_all_tagged(folder / name)) for name in ("train.txt", "dev.txt"))
    expected = json.loads(json.dumps({name: found._asdict() for name, found in probe(train, dev).items()}))
    record = json.loads((folder / "out.json").read_text())
    assert record["figures"]["random weights"] == expected
    assert record["seed"] == seed


def test_words_in_another_column(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train", "dev"):
        lines = (folder / f"{name}.txt").read_text().splitlines()
        numbered = [f"{number} {line}" if line else "" for number, line in enumerate(lines)]
        (folder / f"numbered_{name}.txt").write_text("\n".join(numbered) + "\n")
    options = ["--bilm", "bilm", "--no-random"]
    call("train.txt", "dev.txt", *options, monkeypatch=monkeypatch)
    expected = capsys.readouterr().out
    call("numbered_train.txt", "numbered_dev.txt", "--word-column", "1", *options, monkeypatch=monkeypatch)
    assert capsys.readouterr().out == expected
    call("numbered_train.txt", "numbered_dev.txt", *options, monkeypatch=monkeypatch)
    assert capsys.readouterr().out != expected


def test_the_penaltys_default_is_the_classifiers() -> None:
    options = options_parser("elmo-probe", load_command("elmo-probe"), "elmo-tasks")
    assert options.parse_args(["train", "dev"]).l2 == L2


def test_the_table_by_hand() -> None:
    trained = {
        "most_frequent_tag": Figures(0.5, None),
        "layer_0": Figures(0.75, 0.125),
        "mix": Figures(1.0, 1.0, (0.25, 0.75)),
    }
    random = {"layer_0": Figures(0.25, 0.0), "mix": Figures(0.5, 0.5, (0.5, 0.5))}
    assert table({"trained weights": trained, "random weights": random}) == (
        "|  | trained weights | of unseen words | random weights | of unseen words |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| most frequent tag | 50.00 | - |  |  |\n"
        "| layer 0 | 75.00 | 12.50 | 25.00 | 0.00 |\n"
        "| mix | 100.00 | 100.00 | 50.00 | 50.00 |\n"
        "\n"
        "The mix, trained weights: 0.25 0.75\n"
        "The mix, random weights: 0.50 0.50"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.txt", "dev.txt"], r"none\.txt: No such file"),
        (["train.txt", "bad.txt"], r'bad\.txt, line 2: expected a word and its tag, found only "b"'),
        (["train.txt", "dev.txt", "--column", "upos"], 'the column "upos" is no number'),
        (["train.txt", "dev.txt", "--column", "5"], r"train\.txt, line 1: there is no column 5 here"),
        (["train.txt", "dev.txt", "--sentences", "0"], "sentences is 0; it must be a whole number, 1 or more"),
        (["train.txt", "dev.txt", "--l2", "-1"], "l2 is -1.0; it must be a number"),
        (["same.txt", "dev.txt"], 'All words to train on have the same tag, "N"'),
        (["train.txt", "dev.txt", "--json", "same.txt"], r"same\.txt is there already"),
        (["train.txt", "dev.txt", "--bilm", "nobody"], 'There is no biLM "nobody"'),
        (["train.txt", "dev.txt", "--cuda-device", "99"], "there is no such GPU"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_mistakes_end_with_a_message(arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.txt").write_text("a X\nb\n")
    Path("same.txt").write_text("dog N\ncat N\n")
    bilm = [] if "--bilm" in arguments else ["--bilm", "bilm"]
    with pytest.raises(SystemExit, match=f"elmo-probe: (.|\n)*{message}"):
        call(*arguments, *bilm, monkeypatch=monkeypatch)


@pytest.mark.usefixtures("folder")
def test_with_a_transformer(bert: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    call("train.txt", "dev.txt", "--bilm", str(bert), monkeypatch=monkeypatch)
    found = rows(capsys.readouterr().out)
    assert list(found) == ["most frequent tag", "layer 0", "layer 1", "layer 2", "mix"]
    assert [len(cells) for cells in found.values()] == [2, 4, 4, 4, 4]
