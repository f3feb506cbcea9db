import argparse
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from allennlp.commands import main

from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.commands.neighbors import parse_layer
from elmo_tasks.vectors.neighbors import CORPUS

SENTENCE = "They saw a play at the theatre ."


@pytest.fixture(scope="module")
def bilm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny biLM's folder."""
    folder = tmp_path_factory.mktemp("bilm")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(1)
        options = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=8, projection_dim=4)
        BiLM(options).save(folder / "options.json", folder / "weights.hdf5")
    return str(folder)


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-neighbors", *arguments])
    main()


def test_over_the_bundled_corpus(
    bilm: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    query = ["--word", "play", "--sentence", SENTENCE, "--sentence", "Play the play !"]
    call(*query, "-k", "3", "--same-word", "--bilm", bilm, monkeypatch=monkeypatch)
    static, *contexts = capsys.readouterr().out.split("\n\n")
    assert static.startswith("without context, by the biLM's token layer, words of sentences.txt:\n  play: ")
    words = CORPUS.read_text(encoding="utf-8").split()
    near = [item.rsplit(" ", 1) for item in static.split("play: ")[1].split(", ")]
    assert len(near) == 3
    assert all(word in words and word != "play" for word, _ in near)
    assert [context.splitlines()[0] for context in contexts] == [
        f"in context: {SENTENCE.replace('play', '[play]')}",
        "in context: Play the [play] !",
    ]
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    for context in contexts:
        rows = [re.fullmatch(r" +(-?\d\.\d{3}) +(\d+)  (.*)", row) for row in context.splitlines()[2:] if row]
        cosines = [float(row[1]) for row in rows if row]
        assert cosines == sorted(cosines, reverse=True)
        assert len(cosines) == 3
        for row in rows:
            assert row is not None
            assert re.search(r"\[[Pp]lay\]", row[3])
            # Not more than a part is shown of a long sentence.
            shown = row[3].replace("[", "").replace("]", "").strip("… ")
            assert shown in lines[int(row[2]) - 1]


def test_with_vectors_and_a_corpus_of_ones_own(
    bilm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, vectors = tmp_path / "corpus.txt", tmp_path / "glove.txt"
    corpus.write_text("We play .\nNo one\n")
    vectors.write_text("play 1 1\ngame 1 0.9\nbank -1 0\n")
    arguments = ["--word", "Play", "--sentence", "Play !", "--corpus", str(corpus), "--vectors", str(vectors)]
    call(*arguments, "--bilm", bilm, "--layer", "mean", monkeypatch=monkeypatch)
    out = capsys.readouterr().out
    # The file has lower-cased words only.
    cosine = np.array([1, 1]) @ np.array([1, 0.9]) / np.linalg.norm([1, 1]) / np.linalg.norm([1, 0.9])
    assert out.startswith(f"without context, by glove.txt:\n  play: game {cosine:.2f}, bank -0.71\n")
    # Fewer than there were asked for.
    assert len(out.split("occurrence\n")[1].splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--word", "game"], 'The sentence has no token "game"'),
        (["--word", "play", "--occurrence", "2"], 'There is no occurrence 2 of "play"'),
        (["--word", "play", "--corpus", "nothing.txt"], r"There is no corpus nothing\.txt"),
        (["--word", "play", "--layer", "7"], 'There is no layer "7": it is 0 to 2'),
        (["--word", "theatre", "--vectors", "VECTORS"], 'has no vector of "theatre"'),
        (["--word", "saw", "--corpus", "VECTORS", "--same-word"], 'does not have the word "saw"'),
        (["--word", "play", "-k", "0"], "There cannot be 0 nearest"),
    ],
)
def test_mistakes_end_with_a_message(
    arguments: list[str], message: str, bilm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("play 1 2\n")
    arguments = [str(vectors) if argument == "VECTORS" else argument for argument in arguments]
    with pytest.raises(SystemExit, match=f"elmo-neighbors: (.|\n)*{message}"):
        call("--sentence", SENTENCE, "--bilm", bilm, *arguments, monkeypatch=monkeypatch)


def test_with_a_transformer(bert: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = ["--corpus", str(bert / "corpus.txt")]
    (bert / "corpus.txt").write_text("The children play in the garden .\nA new play .\n")
    query = ["--word", "play", "--sentence", SENTENCE, "-k", "2", "--same-word"]
    call(*query, *corpus, "--bilm", str(bert), monkeypatch=monkeypatch)
    static, context = capsys.readouterr().out.split("\n\n")
    assert static.startswith("without context, by the transformer's embedding layer, words of corpus.txt:\n  play: ")
    assert len(re.findall(r"\[play\]", context)) == 3


def test_layers() -> None:
    assert [parse_layer(value) for value in ("0", "last", "mean")] == [0, "last", "mean"]
    with pytest.raises(argparse.ArgumentTypeError, match='"top" is no layer'):
        parse_layer("top")
