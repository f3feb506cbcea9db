import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from allennlp.commands import main

from elmo_tasks.bilm import BiLM
from elmo_tasks.commands.senses import table
from elmo_tasks.files import sha256
from elmo_tasks.probing.senses import Score
from tiny_bilms import make_bilm as make_bilm

FIXTURES = Path(__file__).parents[2] / "fixtures" / "senses"
COMMAND = ["dev.data.xml", "--corpus", "train.data.xml", "--index", "index.sense", "--averages", "averages.hdf5"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_bilm: Callable[..., BiLM]) -> Path:
    """Where the test is: a tiny biLM's folder beside the fixtures."""
    shutil.copytree(FIXTURES, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bilm").mkdir()
    make_bilm().save(tmp_path / "bilm" / "options.json", tmp_path / "bilm" / "weights.hdf5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-senses", *arguments])
    main()


def test_table_answers_and_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bilm_runs: list[int]
) -> None:
    options = ["--bilm", "bilm", "--json", "out.json", "--answers", "answers"]
    call(*COMMAND, *options, monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    found = dict(re.findall(r"^\| ([\w ]+) \| (\d+\.\d) \|$", out, re.MULTILINE))
    assert list(found) == ["first sense", "layer 0", "layer 1", "layer 2"]
    record = json.loads((folder / "out.json").read_text())
    assert record["files"]["dev.gold.key.txt"] == sha256(folder / "dev.gold.key.txt")
    gold = dict(line.split(maxsplit=1) for line in (folder / "dev.gold.key.txt").read_text().splitlines())
    for name, percent in found.items():
        key = name.replace(" ", "_")
        lines = (folder / "answers" / f"dev.{key}.key.txt").read_text().splitlines()
        answers = dict(line.split() for line in lines)
        # All are answered, so that F1 is the part that is right.
        assert answers.keys() == gold.keys()
        right = sum(answers[identifier] in gold[identifier].split() for identifier in gold)
        assert percent == f"{100 * right / len(gold):.1f}"
        assert record["figures"][key]["dev"]["right"] == right

    # A second call has the averages.
    runs = sum(bilm_runs)
    call(*COMMAND, "--bilm", "bilm", monkeypatch=monkeypatch)
    assert capsys.readouterr().out == out
    assert 0 < sum(bilm_runs) - runs < runs


def test_the_table_of_several_texts_by_hand() -> None:
    scores = {
        "first_sense": {"one": Score(1, 2, 2), "other": Score(8, 8, 8)},
        "layer_0": {"one": Score(1, 1, 2), "other": Score(0, 8, 8)},
    }
    assert table(scores) == (
        "| F1 | one | other | mean | all in one |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| first sense | 50.0 | 100.0 | 75.0 | 90.0 |\n"
        "| layer 0 | 66.7 | 0.0 | 33.3 | 10.5 |"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dev.data.xml": "dev.xml"}, r"dev\.xml is not called NAME\.data\.xml"),
        ({"train.data.xml": "none.data.xml"}, r"There is no file none\.data\.xml"),
        ({"train.data.xml": "keyless.data.xml"}, r"there is no keyless\.gold\.key\.txt beside it"),
        ({"dev.data.xml": "broken.data.xml"}, r"broken\.data\.xml, line 1: this is not XML"),
        ({"index.sense": "dev.gold.key.txt"}, r"dev\.gold\.key\.txt, line 1: expected a sense key"),
        ({"index.sense": "none"}, "none: No such file"),
        ({"averages.hdf5": "index.sense"}, r"index\.sense is there already"),
        ({"bilm": "nobody"}, 'There is no biLM "nobody"'),
        ({"--corpus": "copy/dev.data.xml --corpus"}, r'dev\.data\.xml and copy/dev\.data\.xml are both called "dev"'),
        ({"bilm": "bilm --answers copy"}, r"copy/dev\.layer_1\.key\.txt is there already"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_mistakes_end_with_a_message(changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy("train.data.xml", "keyless.data.xml")
    Path("broken.data.xml").write_text("<corpus")
    shutil.copy("dev.gold.key.txt", "broken.gold.key.txt")
    Path("copy").mkdir()
    for name in ("dev.data.xml", "dev.gold.key.txt"):
        shutil.copy(name, "copy")
    Path("copy/dev.layer_1.key.txt").write_text("mine")
    arguments = " ".join(changes.get(argument, argument) for argument in [*COMMAND, "--bilm", "bilm"]).split()
    with pytest.raises(SystemExit, match=f"elmo-senses: (.|\n)*{message}"):
        call(*arguments, monkeypatch=monkeypatch)
