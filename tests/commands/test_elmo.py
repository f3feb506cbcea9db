import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from allennlp.commands import main

from elmo_tasks.vectors import ElmoEmbedder

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".allennlp_plugins").write_text("elmo_tasks\n")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    """30 sentences in sentences.txt."""
    chance = random.Random(11)
    lines = [" ".join(chance.choices(["The", "cat", "sat", "naïve", "."], k=chance.randint(1, 9))) for _ in range(30)]
    (tmp_path / "sentences.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return lines


def allennlp(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(sys, "argv", command.split())
    main()


def test_an_old_command_and_its_outputs_reader(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option of AllenNLP 0.9, but that the biLM is the bundled one."""
    folder = ROOT / "elmo_tasks/bilm/models/mini"
    allennlp(
        monkeypatch,
        f"allennlp elmo sentences.txt out.hdf5 --all --vocab-path none --options-file {folder}/options.json "
        f"--weight-file {folder}/weights.hdf5 --batch-size 7 --cuda-device -1 --file-friendly-logging "
        "--include-package json",
    )
    output = capsys.readouterr()
    tokens = sum(len(line.split()) for line in lines)
    assert f"out.hdf5: 30 lines, {tokens} tokens." in output.out
    assert "100%" in output.err
    assert "tokens/s" in output.err
    # A line for each state.
    assert "\r" not in output.err
    elmo = ElmoEmbedder(bilm="mini")
    with h5py.File("out.hdf5", "r") as out:
        index = json.loads(out["sentence_to_index"][0])
        for line in lines:
            expected = elmo.embed_sentence(line.split())
            np.testing.assert_allclose(out[index[line]], expected, rtol=0, atol=TOLERANCE)
    assert sorted(os.listdir()) == [".allennlp_plugins", "out.hdf5", "sentences.txt"]


def test_shards_in_half_precision(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    for shard in (1, 2, 3):
        allennlp(
            monkeypatch,
            f"allennlp elmo sentences.txt {shard}.hdf5 --average --bilm mini --shard {shard}/3 --float16 --gzip "
            "--forget-sentences --batch-tokens 30",
        )
    allennlp(monkeypatch, "allennlp elmo-merge 2.hdf5 3.hdf5 1.hdf5 out.hdf5")
    elmo = ElmoEmbedder(bilm="mini")
    with h5py.File("out.hdf5", "r") as out:
        assert set(out) == set(map(str, range(len(lines))))
        for number, line in enumerate(lines):
            found = out[str(number)]
            assert found.dtype == np.float16
            expected = elmo.embed_sentence(line.split()).mean(axis=0)
            np.testing.assert_allclose(found[...].astype(np.float32), expected, rtol=2**-10, atol=TOLERANCE)


@pytest.fixture
def standard_input() -> Iterator[None]:
    """A pipe with two lines in it, which an editor of an old Mac has marked and ended in its ways."""
    reader, writer = os.pipe()
    os.write(writer, "\ufeffnaïve cats\rsat\r".encode())
    os.close(writer)
    before = os.dup(0)
    os.dup2(reader, 0)
    yield
    os.dup2(before, 0)


@pytest.mark.usefixtures("standard_input")
@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_sentence_keys_from_a_pipe(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    allennlp(monkeypatch, f"allennlp elmo {name} out.hdf5 --top --bilm mini --use-sentence-keys")
    with h5py.File("out.hdf5", "r") as out:
        assert {key: out[key].shape for key in out} == {"naïve cats": (2, 512), "sat": (1, 512)}
    assert sorted(os.listdir()) == [".allennlp_plugins", "out.hdf5"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("elmo nothing.txt out.hdf5 --all --bilm mini", "There is no file nothing.txt"),
        ("elmo sentences.txt out.hdf5 --all --bilm maxi", 'There is no biLM "maxi"'),
        ("elmo sentences.txt out.hdf5 --all --options-file o.json", "biLM's weight file is missing"),
        ("elmo sentences.txt out.hdf5 --all --options-file o.json --weight-file w.hdf5", "o.json"),
        ("elmo sentences.txt out.hdf5 --all --bilm mini --batch-size 0", "size 0"),
        ("elmo-merge one.hdf5 out.hdf5", "one.hdf5 does not exist"),
    ],
)
def test_what_cannot_be(monkeypatch: pytest.MonkeyPatch, lines: list[str], command: str, message: str) -> None:
    with pytest.raises(SystemExit, match=rf"{command.split()[0]}: .*{message}"):
        allennlp(monkeypatch, f"allennlp {command}")
    assert not Path("out.hdf5").exists()


def test_nothing_else_is_overwritten(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    Path("out.hdf5").write_text("my notes")
    command = "allennlp elmo sentences.txt out.hdf5 --top --bilm mini"
    with pytest.raises(SystemExit, match=r"elmo: out\.hdf5 is there already, .* have it replaced \(--force"):
        allennlp(monkeypatch, command)
    assert Path("out.hdf5").read_text() == "my notes"
    allennlp(monkeypatch, f"{command} --force")
    before = Path("out.hdf5").read_bytes()
    # It is this command's own output now.
    allennlp(monkeypatch, command)
    assert Path("out.hdf5").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "one of the arguments --all --top --average is required"),
        ("--all --top", "not allowed with argument"),
        ("--all --shard 0/3", '"0/3" is not I/N with I from 1 to N'),
        ("--all --shard 4/3", '"4/3" is not I/N'),
        ("--all --shard third", '"third" is not I/N'),
    ],
)
def test_bad_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    with pytest.raises(SystemExit):
        allennlp(monkeypatch, f"allennlp elmo sentences.txt out.hdf5 {options}")
    assert message in capsys.readouterr().err


def test_a_transformers_layers(monkeypatch: pytest.MonkeyPatch, lines: list[str], bert: Path) -> None:
    allennlp(monkeypatch, f"allennlp elmo sentences.txt out.hdf5 --all --bilm {bert}")
    embedder = ElmoEmbedder(bilm=bert)
    with h5py.File("out.hdf5", "r") as out:
        for number, line in enumerate(lines):
            expected = embedder.embed_sentence(line.split())
            assert expected.shape == (3, len(line.split()), 16)
            np.testing.assert_allclose(out[str(number)][()], expected, rtol=1e-4, atol=1e-5)
    # It is a mistake of the user's, and one line.
    with pytest.raises(SystemExit) as ended:
        allennlp(monkeypatch, "allennlp elmo sentences.txt other.hdf5 --all --bilm transformer:/no/such")
    assert str(ended.value.code) == 'elmo: There is no folder "/no/such".'
