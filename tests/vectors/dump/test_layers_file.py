import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from elmo_tasks.vectors.dump import Contents, DumpFormat, LayersFileError, merge_files, read_contents
from elmo_tasks.vectors.dump.layers_file import add_sentence, seal
from elmo_tasks.vectors.dump.text import Sentence

CONTENTS = Contents(
    bilm="abc", text="def", text_lines=6, num_layers=3, dim=4, format=DumpFormat(), first=0, stop=6, tokens=0
)

FLIPS = 200
"""By hand, tried with 600; in the last of them HDF5 2.0 itself read for ever, in the file's attribute."""


def write(path: Path, first: int, stop: int, vectors: np.ndarray | None = None, **changes: object) -> Path:
    """A shard whose line i has i tokens."""
    contents = replace(CONTENTS, first=first, stop=stop, **changes)
    with h5py.File(path, "w") as file:
        for line in range(first, stop):
            sentence = Sentence(line, f"line {line}", ["x"] * line)
            add_sentence(file, contents.format, sentence, np.zeros((3, line, 4)) if vectors is None else vectors)
        seal(file, contents, {f"line {line}": str(line) for line in range(first, stop)})
    return path


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"{first}.hdf5", first, first + 2) for first in (0, 2, 4)]


def test_contents_are_read_back(tmp_path: Path) -> None:
    path = write(tmp_path / "out.hdf5", 2, 4)
    assert read_contents(path) == replace(CONTENTS, first=2, stop=4, datasets=2)


def test_a_file_that_is_none_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "out.hdf5"
    with pytest.raises(LayersFileError, match="does not exist"):
        read_contents(path)
    path.write_text("text")
    with pytest.raises(LayersFileError, match="not an HDF5 file"):
        read_contents(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("0", data=np.zeros(3))
    with pytest.raises(LayersFileError, match="does not say what is in it"):
        read_contents(path)


def test_a_file_that_lost_a_sentence(shards: list[Path], tmp_path: Path) -> None:
    with h5py.File(shards[1], "a") as file:
        del file["3"]
    with pytest.raises(LayersFileError, match=r"2\.hdf5 was written with 2 sentences, and has 1"):
        merge_files(shards, tmp_path / "merged.hdf5")
    with h5py.File(shards[1], "a") as file:
        file.create_dataset("9", data=np.zeros((3, 1, 4), dtype=np.float32))
    with pytest.raises(LayersFileError, match=r"2\.hdf5 has no dataset for line 4"):
        merge_files(shards, tmp_path / "merged.hdf5")


SAID = json.loads(CONTENTS.to_json())


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        np.zeros(3),
        b"\xff",
        "",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps(SAID | {"format": None}),
        json.dumps(SAID | {"format": {"layers": "none"}}),
        json.dumps(SAID | {"format": SAID["format"] | {"half": "false"}}),
        json.dumps(SAID | {"first": "0"}),
        json.dumps(SAID | {"first": -1}),
        json.dumps(SAID | {"first": 4, "stop": 2}),
        json.dumps(SAID | {"stop": 7}),
        json.dumps(SAID | {"dim": None}),
        json.dumps(SAID | {"dim": True}),
        json.dumps(SAID | {"tokens": 1.5}),
        json.dumps(SAID | {"more": 1}),
        json.dumps({"first": 0}),
    ],
    ids=lambda said: str(said)[:20],
)
def test_a_file_that_says_what_cannot_be(said: Any, shards: list[Path], tmp_path: Path) -> None:
    with h5py.File(shards[1], "a") as file:
        del file.attrs["elmo_tasks"]
        if said is not None:
            file.attrs["elmo_tasks"] = said
    with pytest.raises(LayersFileError, match=r"2\.hdf5 does not say what is in it"):
        merge_files(shards, tmp_path / "merged.hdf5")


@pytest.mark.parametrize("index", [None, np.zeros(1), np.zeros(0), "text", [b"[]"], [b"{"], "a group"])
def test_a_damaged_index(index: Any, shards: list[Path], tmp_path: Path) -> None:
    with h5py.File(shards[1], "a") as file:
        del file["sentence_to_index"]
        if isinstance(index, str) and index == "a group":
            file.create_group("sentence_to_index")
        elif index is not None:
            file["sentence_to_index"] = index
    with pytest.raises(
        LayersFileError, match=r"2\.hdf5 (has no sentence_to_index|is damaged|was written with 2 sentences)"
    ):
        merge_files(shards, tmp_path / "merged.hdf5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.hdf5", "2.hdf5", "4.hdf5"]


def test_a_sentence_that_is_no_dataset(shards: list[Path], tmp_path: Path) -> None:
    with h5py.File(shards[1], "a") as file:
        del file["3"]
        file.create_group("3")
    with pytest.raises(LayersFileError, match=r'2\.hdf5: "3" is no dataset'):
        merge_files(shards, tmp_path / "merged.hdf5")


def test_flipped_bytes_of_a_shard(shards: list[Path], tmp_path: Path) -> None:
    """HDF5 has no check sums over values; but what is damaged of its structure is told with the file's name."""
    whole, numbers = shards[1].read_bytes(), random.Random(16)
    refused = 0
    for _ in range(FLIPS):
        content = bytearray(whole)
        for _ in range(4):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        shards[1].write_bytes(content)
        try:
            merge_files(shards, tmp_path / "merged.hdf5")
        except LayersFileError as error:
            assert "hdf5" in str(error)  # noqa: PT017
            refused += 1
    assert refused > FLIPS / 10


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_shard_is_named_by_its_lines(shards: list[Path], tmp_path: Path, missing: int) -> None:
    first = 2 * missing + 1
    del shards[missing]
    with pytest.raises(LayersFileError, match=f"Lines {first} to {first + 1} of the text are in none"):
        merge_files(shards, tmp_path / "merged.hdf5")
    assert not (tmp_path / "merged.hdf5").exists()


def test_a_line_in_two_shards(shards: list[Path], tmp_path: Path) -> None:
    other = write(tmp_path / "other.hdf5", 3, 6)
    with pytest.raises(LayersFileError, match=r"Line 4 is in .*other\.hdf5 and in .*2\.hdf5"):
        merge_files([*shards, other], tmp_path / "merged.hdf5")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"bilm": "xyz"}, "biLM"),
        ({"text": "xyz"}, "text"),
        ({"format": DumpFormat(half=True)}, "dtype"),
        ({"format": DumpFormat(compress=True)}, "gzip"),
        ({"format": DumpFormat("top")}, "layers"),
    ],
)
def test_shards_of_different_runs(shards: list[Path], tmp_path: Path, changes: dict, named: str) -> None:
    write(shards[2], 4, 6, **changes)
    with pytest.raises(LayersFileError, match=rf"4\.hdf5 is of another run .* differ in {named} \("):
        merge_files(shards, tmp_path / "merged.hdf5")


@pytest.mark.parametrize("vectors", [np.zeros((2, 5, 4)), np.zeros((3, 5, 5)), np.zeros((5, 4))])
def test_datasets_of_a_wrong_shape(shards: list[Path], tmp_path: Path, vectors: np.ndarray) -> None:
    write(shards[2], 4, 6, vectors)
    with pytest.raises(LayersFileError, match=r'4\.hdf5: dataset "4" is float32 of shape'):
        merge_files(shards, tmp_path / "merged.hdf5")


def test_the_output_is_not_one_of_the_shards(shards: list[Path]) -> None:
    with pytest.raises(LayersFileError, match="name the new file behind them"):
        merge_files(shards, shards[0])


def test_shards_overwrite_nothing_else(shards: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "merged.hdf5"
    output.write_text("my notes")
    with pytest.raises(LayersFileError, match=r"merged\.hdf5 is there already.*--force"):
        merge_files(shards, output)
    assert output.read_text() == "my notes"
    for force in (True, False):
        assert merge_files(shards, output, force).stop == 6, "with --force, and over its own output without"


def test_unknown_layers() -> None:
    with pytest.raises(LayersFileError, match='layers is "last"; it must be one of all, top, average'):
        DumpFormat("last")
