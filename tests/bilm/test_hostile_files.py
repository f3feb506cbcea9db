"""Files made by somebody who means harm: they neither reach other files nor have memory taken."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from elmo_tasks.bilm import BiLM, BiLMOptions, OptionsError, WeightsError

NAME = "CNN_proj/b_proj"


@pytest.fixture
def files(tmp_path: Path, make_bilm: Callable[..., BiLM]) -> tuple[Path, Path]:
    """A tiny biLM's files."""
    make_bilm().save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    return tmp_path / "options.json", tmp_path / "weights.hdf5"


@pytest.fixture
def elsewhere(files: tuple[Path, Path]) -> Path:
    """A file of the victim's, with the same content, which a link could lead to."""
    path = files[1].with_name("victim.hdf5")
    path.write_bytes(files[1].read_bytes())
    return path


@pytest.mark.parametrize("part", ["CNN_proj/b_proj", "CNN_proj", "char_embed", "RNN_1/RNN/MultiRNNCell"])
@pytest.mark.parametrize("kind", ["external", "dangling", "soft"])
def test_links_are_not_followed(part: str, kind: str, files: tuple[Path, Path], elsewhere: Path) -> None:
    with h5py.File(files[1], "a") as file:
        file.move(part, "moved")
        file[part] = {
            "external": h5py.ExternalLink(str(elsewhere), part),
            "dangling": h5py.ExternalLink("/nowhere.hdf5", part),
            "soft": h5py.SoftLink("/moved"),
        }[kind]
    with pytest.raises(WeightsError, match=rf"{part}.* is a link.*links are not followed"):
        BiLM.from_files(*files)


def test_virtual_datasets_are_not_read(files: tuple[Path, Path], elsewhere: Path) -> None:
    layout = h5py.VirtualLayout(shape=(7,), dtype="f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), NAME, shape=(7,))
    with h5py.File(files[1], "a") as file:
        del file[NAME]
        file.create_virtual_dataset(NAME, layout)
    with h5py.File(files[1]) as file:
        assert file[NAME][...].any(), "h5py itself reads the other file"
    with pytest.raises(WeightsError, match=rf"the values of dataset {NAME} are in another file"):
        BiLM.from_files(*files)


def test_values_outside_the_file_are_not_read(files: tuple[Path, Path], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\x00\x00\x80?" * 7)
    with h5py.File(files[1], "a") as file:
        del file[NAME]
        file.create_dataset(NAME, (7,), "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    with h5py.File(files[1]) as file:
        assert file[NAME][...].tolist() == [1.0] * 7, "h5py itself reads the other file"
    with pytest.raises(WeightsError, match=rf"the values of dataset {NAME} are in another file"):
        BiLM.from_files(*files)


@pytest.mark.parametrize("values", [["1"] * 7, np.zeros(7, dtype=[("a", "f4")]), np.zeros(7, dtype="complex64")])
def test_what_are_no_numbers(values: Any, files: tuple[Path, Path]) -> None:
    with h5py.File(files[1], "a") as file:
        del file[NAME]
        file[NAME] = values
    with pytest.raises(WeightsError, match=rf"dataset {NAME} holds values of type .*, not numbers"):
        BiLM.from_files(*files)


@pytest.mark.parametrize("size", [10**6, 10**12, 10**30, 1e12])
@pytest.mark.parametrize("name", ["dim", "projection_dim", "n_layers"])
def test_sizes_are_held_against_the_file_before_memory_is_taken(
    name: str, size: float, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = json.loads(files[0].read_text())
    options["lstm"][name] = size
    files[0].write_text(json.dumps(options))
    empty = torch.empty

    def watched(*shape: Any, **arguments: Any) -> torch.Tensor:
        tensor = empty(*shape, **arguments)
        assert tensor.is_meta or tensor.numel() < 10**6
        return tensor

    monkeypatch.setattr(torch, "empty", watched)
    with pytest.raises((OptionsError, WeightsError), match=r"options\.json|weights\.hdf5"):
        BiLM.from_files(*files)


def test_a_file_that_claims_more_than_it_stores(files: tuple[Path, Path]) -> None:
    """Both agree on sizes, but the datasets are empty: 16 TB of zeros in some kilobytes."""
    options = BiLMOptions.from_file(files[0]).replace(cell_dim=1 << 20, projection_dim=1 << 20)
    options.to_file(files[0])
    dim = 1 << 20
    shapes = {"CNN_proj/W_proj": (19, dim), "CNN_proj/b_proj": (dim,)}
    for direction in range(2):
        for layer in range(2):
            group = f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"
            shapes |= {f"{group}/W_0": (2 * dim, 4 * dim), f"{group}/B": (4 * dim,), f"{group}/W_P_0": (dim, dim)}
    with h5py.File(files[1], "a") as file:
        for name, shape in shapes.items():
            del file[name]
            file.create_dataset(name, shape, "f4", chunks=tuple(min(length, 1024) for length in shape))
    assert files[1].stat().st_size < 1e6
    with pytest.raises(WeightsError, match=r"weights.hdf5 would grow to \d{14,} bytes"):
        BiLM.from_files(*files)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 200_000, "is JSON with more than 200 objects and lists in each other"),
        ('{"lstm": ' + "9" * 10_000 + "}", "is JSON with a number of thousands of digits"),
        ('{"char_cnn": {}, "padding": "' + "x" * (1 << 20) + '"}', "more than 1048576 bytes"),
    ],
)
def test_options_that_exhaust_the_parser(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(content)
    with pytest.raises(OptionsError, match=rf"options.json.* {message}"):
        BiLMOptions.from_file(path)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e999"])
@pytest.mark.parametrize("key", ["cell_clip", "dim"])
def test_options_that_are_no_numbers(value: str, key: str, files: tuple[Path, Path]) -> None:
    options = json.loads(files[0].read_text())
    options["lstm"][key] = "?"
    files[0].write_text(json.dumps(options).replace('"?"', value))
    with pytest.raises(OptionsError, match=r"options.json: "):
        BiLMOptions.from_file(files[0])


FLIPS = 100
"""By hand, tried with 300."""


def test_damage_of_the_files_structure(files: tuple[Path, Path]) -> None:
    """Values have no check sum in HDF5. What is damaged of its structure is told with the file's name."""
    numbers, whole = random.Random(16), files[1].read_bytes()
    # Superblock, groups and their B-trees are in front of and between the values.
    refused = 0
    for number in range(FLIPS):
        content = bytearray(whole)
        for _ in range(1 + number % 4):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        files[1].write_bytes(content)
        try:
            BiLM.from_files(*files)
        except WeightsError as error:
            assert str(files[1]) in str(error)  # noqa: PT017
            refused += 1
    assert refused > FLIPS / 10
