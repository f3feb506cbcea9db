"""A dump's parts and shards: what is joined is the text's layers, or an error names the file."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from fuzzing import Chance, damaged, fuzz, strange_json, write

from elmo_tasks.bilm import BiLM
from elmo_tasks.vectors.dump import Dump, DumpError, DumpFormat, LayersFileError, merge_files
from tiny_bilms import TINY

LINES = ["The cat ran .", "", "Ada left Oslo .", "It rained", "東京 é \ufeff", "The cat ran ."]

Layers = dict[str, np.ndarray]


@pytest.fixture
def bilm() -> BiLM:
    torch.manual_seed(1)
    return BiLM(TINY).eval()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def layers_of(path: Path) -> Layers:
    with h5py.File(path) as file:
        try:
            return {key: file[key][...] for key in file}
        except OSError as error:
            # The layers are copied as they are; who reads them is told.
            raise LayersFileError(f"{path}: {error}") from None


def check_layers(found: Layers, expected: Layers) -> None:
    """The same sentences with layers of the same shape; HDF5 has no check sums over values that are not compressed."""
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        assert found[key].shape == array.shape
        assert found[key].dtype == array.dtype


def test_parts(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    """Of a run that was killed."""
    output = tmp_path / "out.hdf5"
    list(Dump(bilm, text, tmp_path / "whole.hdf5", part_tokens=4).run())
    expected = layers_of(tmp_path / "whole.hdf5")
    run = Dump(bilm, text, output, part_tokens=4).run()
    for _ in range(3):
        next(run)
    run.close()
    parts = tmp_path / "out.hdf5.parts"
    shutil.copytree(parts, tmp_path / "kept")
    names = sorted(path.name for path in parts.iterdir() if path.name[0] != ".")
    assert len(names) == 3

    def check(chance: Chance) -> None:
        shutil.rmtree(parts, ignore_errors=True)
        output.unlink(missing_ok=True)
        shutil.copytree(tmp_path / "kept", parts)
        path = parts / chance.choice(names)
        if path.suffix == ".json" and chance.random() < 0.7:
            path.write_text(strange_json(json.loads(path.read_text()), chance))
        elif chance.random() < 0.3 and path.suffix == ".hdf5":
            with h5py.File(path, "a") as file:
                file.attrs["elmo_tasks"] = strange_json(json.loads(file.attrs["elmo_tasks"]), chance)
        else:
            write(path, damaged(path.read_bytes(), chance), chance)
        list(Dump(bilm, text, output, part_tokens=4).run())
        check_layers(layers_of(output), expected)

    fuzz(check, DumpError, LayersFileError, where=str(parts))


@pytest.mark.parametrize("format", [DumpFormat(), DumpFormat("top", compress=True, sentence_keys=True)], ids=str)
def test_shards(format: DumpFormat, bilm: BiLM, text: Path, tmp_path: Path) -> None:
    shards = [tmp_path / f"{number}.hdf5" for number in (1, 2)]
    for number, shard in enumerate(shards, 1):
        list(Dump(bilm, text, shard, format, (number, 2)).run())
    merged = tmp_path / "merged.hdf5"
    merge_files(shards, merged)
    expected = layers_of(merged)
    whole = [shard.read_bytes() for shard in shards]

    def check(chance: Chance) -> None:
        merged.unlink() if merged.exists() else None
        for shard, content in zip(shards, whole, strict=True):
            write(shard, content, Chance(0))
        shard = chance.choice(shards)
        if chance.random() < 0.3:
            with h5py.File(shard, "a") as file:
                file.attrs["elmo_tasks"] = strange_json(json.loads(file.attrs["elmo_tasks"]), chance)
        else:
            write(shard, damaged(shard.read_bytes(), chance), chance)
        merge_files(chance.sample(shards, 2), merged)
        check_layers(layers_of(merged), expected)

    fuzz(check, LayersFileError, where=".hdf5")
