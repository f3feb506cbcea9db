import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from elmo_tasks.bilm import BiLM, BiLMOptions, WeightsError, batch_to_ids
from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS

SENTENCE = ["The", "rain", "in", "Spåin", "y" * 60]


@pytest.fixture
def files(tmp_path: Path, make_bilm: Callable[..., BiLM]) -> tuple[Path, Path]:
    """A tiny biLM's files."""
    make_bilm().save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    return tmp_path / "options.json", tmp_path / "weights.hdf5"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_highway": 0},
        {"num_highway": 3, "activation": "tanh"},
        {"num_layers": 1, "skip_connections": False},
        {"num_layers": 4, "skip_connections": False, "cell_clip": 0.0, "projection_clip": 0.0},
        {"projection_after_highway": False, "num_highway": 2},
        {"filters": ((50, 3), (1, 4)), "projection_dim": 7},
    ],
)
def test_files_mean_what_bilm_tf_means(
    changes: dict[str, Any], make_bilm: Callable[..., BiLM], reference: Callable, tmp_path: Path
) -> None:
    """What was saved, read by bilm-tf's formulas in numpy, and what was loaded again."""
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    bilm = make_bilm(**changes)
    bilm.save(*files)
    ids = batch_to_ids([SENTENCE])
    with_boundaries = np.stack([SENTENCE_START_IDS, *ids[0].numpy(), SENTENCE_END_IDS])
    expected = torch.from_numpy(reference(*files, with_boundaries)[:, 1:-1]).float()
    for model in (bilm, BiLM.from_files(*files)):
        torch.testing.assert_close(model(ids).layers[0].detach(), expected, rtol=0, atol=1e-5)


def test_names_and_shapes_are_bilm_tfs(files: tuple[Path, Path]) -> None:
    shapes = {}
    with h5py.File(files[1]) as file:
        file.visititems(lambda name, item: shapes.update({name: item.shape}) if hasattr(item, "shape") else None)
        assert {item.dtype for item in map(file.get, shapes)} == {np.dtype("float32")}
    lstm = {"W_0": (14, 48), "B": (48,), "W_P_0": (12, 7)}
    assert shapes == {
        "char_embed": (261, 5),
        "CNN/W_cnn_0": (1, 1, 5, 4),
        "CNN/b_cnn_0": (4,),
        "CNN/W_cnn_1": (1, 2, 5, 6),
        "CNN/b_cnn_1": (6,),
        "CNN/W_cnn_2": (1, 5, 5, 9),
        "CNN/b_cnn_2": (9,),
        "CNN_high_0/W_transform": (19, 19),
        "CNN_high_0/b_transform": (19,),
        "CNN_high_0/W_carry": (19, 19),
        "CNN_high_0/b_carry": (19,),
        "CNN_proj/W_proj": (19, 7),
        "CNN_proj/b_proj": (7,),
        **{
            f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell/{name}": shape
            for direction in range(2)
            for layer in range(2)
            for name, shape in lstm.items()
        },
    }


@pytest.mark.parametrize("characters", [261, 262])
def test_261_and_262_characters(characters: int, files: tuple[Path, Path]) -> None:
    expected = BiLM.from_files(*files)(batch_to_ids([SENTENCE])).layers
    text = files[0].read_text()
    assert '"n_characters": 262' in text
    files[0].write_text(text.replace('"n_characters": 262', f'"n_characters": {characters}'))
    assert torch.equal(BiLM.from_files(*files)(batch_to_ids([SENTENCE])).layers, expected)


def test_round_trip_is_exact(files: tuple[Path, Path], tmp_path: Path) -> None:
    bilm = BiLM.from_files(*files)
    bilm.save(tmp_path / "again.json", tmp_path / "again.hdf5", compress=True)
    again = BiLM.from_files(tmp_path / "again.json", tmp_path / "again.hdf5")
    assert again.options == bilm.options
    for name, value in bilm.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_compressed_and_rounded_is_about_half(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    bilm = make_bilm(cell_dim=128, projection_dim=64)
    plain, small = tmp_path / "plain.hdf5", tmp_path / "small.hdf5"
    bilm.save(tmp_path / "options.json", plain)
    bilm.save(tmp_path / "options.json", small, compress=True, round_to_half=True)
    assert small.stat().st_size < 0.55 * plain.stat().st_size
    rounded = BiLM.from_files(tmp_path / "options.json", small)
    for name, value in bilm.state_dict().items():
        assert torch.equal(rounded.state_dict()[name], value.half().float()), name


def test_fewer_layers_than_the_file_has(files: tuple[Path, Path]) -> None:
    full = BiLM.from_files(*files)
    full.options.replace(num_layers=1).to_file(files[0])
    ids = batch_to_ids([SENTENCE])
    torch.testing.assert_close(BiLM.from_files(*files)(ids).layers, full(ids).layers[:, :2])


def test_no_projection_where_bilm_tf_needs_none(
    make_bilm: Callable[..., BiLM], reference: Callable, tmp_path: Path
) -> None:
    """As many filters as the projection has dimensions: bilm-tf then writes no CNN_proj."""
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    make_bilm(projection_dim=19).save(*files)
    with h5py.File(files[1], "a") as file:
        del file["CNN_proj"]
    ids = batch_to_ids([SENTENCE])
    expected = torch.from_numpy(reference(*files, ids[0].numpy())[0]).float()
    torch.testing.assert_close(BiLM.from_files(*files)(ids).layers[0, 0], expected, rtol=0, atol=1e-5)


def test_missing_file(files: tuple[Path, Path]) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no weight file .*nowhere\.hdf5"):
        BiLM.from_files(files[0], files[1].with_name("nowhere.hdf5"))


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_truncated_file(kept: int, files: tuple[Path, Path]) -> None:
    content = files[1].read_bytes()
    assert kept < len(content)
    files[1].write_bytes(content[:kept])
    with pytest.raises(
        WeightsError, match=r"weights\.hdf5 cannot be read as HDF5; .*cut off: download or copy it again"
    ):
        BiLM.from_files(*files)


def test_not_hdf5(files: tuple[Path, Path]) -> None:
    shutil.copy(files[0], files[1])
    with pytest.raises(WeightsError, match=r"weights\.hdf5 cannot be read as HDF5"):
        BiLM.from_files(*files)


def test_damaged_dataset(files: tuple[Path, Path]) -> None:
    BiLM.from_files(*files).save(*files, compress=True)
    with h5py.File(files[1]) as file:
        chunk = file["CNN_high_0/W_carry"].id.get_chunk_info(0)
    content = bytearray(files[1].read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\x55" * chunk.size
    files[1].write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.hdf5: dataset CNN_high_0/W_carry is damaged"):
        BiLM.from_files(*files)


@pytest.mark.parametrize("missing", ["char_embed", "CNN/b_cnn_1", "CNN_high_0", "CNN_proj/b_proj", "CNN_proj", "RNN_1"])
def test_missing_dataset(missing: str, files: tuple[Path, Path]) -> None:
    with h5py.File(files[1], "a") as file:
        del file[missing]
    with pytest.raises(WeightsError, match=rf"weights\.hdf5: there is no dataset {missing}.* of shape \(.*\)"):
        BiLM.from_files(*files)


@pytest.mark.parametrize(("group", "name"), [("CNN", "CNN/W_cnn_0"), ("char_embed", "char_embed")])
def test_something_else_in_a_datasets_place(group: str, name: str, files: tuple[Path, Path]) -> None:
    with h5py.File(files[1], "a") as file:
        del file[group]
        if group == "CNN":
            file[group] = np.zeros(3)
        else:
            file.create_group(group)
    with pytest.raises(WeightsError, match=f"there is no dataset {name} "):
        BiLM.from_files(*files)


@pytest.mark.parametrize(
    ("changes", "dataset", "there", "asked"),
    [
        ({"character_dim": 4}, "char_embed", "(261, 5)", "(261, 4)"),
        ({"filters": ((1, 4), (2, 6), (4, 9))}, "CNN/W_cnn_2", "(1, 5, 5, 9)", "(1, 4, 5, 9)"),
        ({"projection_dim": 6}, "CNN_proj/W_proj", "(19, 7)", "(19, 6)"),
        ({"projection_after_highway": False}, "CNN_high_0/W_transform", "(19, 19)", "(7, 7)"),
        ({"cell_dim": 10}, "RNN_0/RNN/MultiRNNCell/Cell0/LSTMCell/W_0", "(14, 48)", "(14, 40)"),
    ],
)
def test_wrong_shape(
    changes: dict[str, Any], dataset: str, there: str, asked: str, files: tuple[Path, Path], tiny: BiLMOptions
) -> None:
    tiny.replace(**changes).to_file(files[0])
    with pytest.raises(WeightsError) as error:
        BiLM.from_files(*files)
    for part in (str(files[1]), f"dataset {dataset} has shape {there}", f"options ask for {asked}"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("changes", "dataset"),
    [
        ({"num_layers": 3}, "RNN_0/RNN/MultiRNNCell/Cell2/LSTMCell/W_0"),
        ({"num_highway": 2}, "CNN_high_1/W_transform"),
    ],
)
def test_options_that_ask_for_more(
    changes: dict[str, Any], dataset: str, files: tuple[Path, Path], tiny: BiLMOptions
) -> None:
    tiny.replace(**changes).to_file(files[0])
    with pytest.raises(WeightsError, match=f"there is no dataset {dataset} .*belong together"):
        BiLM.from_files(*files)


@pytest.mark.parametrize(
    ("changes", "more"), [({"num_highway": 0}, "CNN_high_0"), ({"filters": ((1, 4), (2, 6))}, "CNN/W_cnn_2")]
)
def test_options_that_ask_for_less(
    changes: dict[str, Any], more: str, files: tuple[Path, Path], tiny: BiLMOptions
) -> None:
    """Where `"n_highway"` is missing, say, the layers would be others, without a word."""
    tiny.replace(**changes).to_file(files[0])
    with pytest.raises(WeightsError, match=rf"weights\.hdf5 has {more}, and the options ask for less of them"):
        BiLM.from_files(*files)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers(value: float, files: tuple[Path, Path]) -> None:
    with h5py.File(files[1], "a") as file:
        file["CNN/b_cnn_1"][2] = value
    with pytest.raises(WeightsError, match=r"weights\.hdf5: dataset CNN/b_cnn_1 holds values that are not finite"):
        BiLM.from_files(*files)


@pytest.mark.parametrize(("value", "half"), [(float("nan"), False), (1e6, True)])
def test_values_that_are_no_numbers_are_not_written(value: float, half: bool, files: tuple[Path, Path]) -> None:
    bilm = BiLM.from_files(*files)
    before = files[1].read_bytes()
    with torch.no_grad():
        bilm.lstm.layers[1].bias[0, 0] = value
    with pytest.raises(WeightsError, match=r"was not written: RNN_0/RNN/MultiRNNCell/Cell1/LSTMCell/B holds"):
        bilm.save(*files, round_to_half=half)
    assert files[1].read_bytes() == before
    assert sorted(files[1].parent.iterdir()) == sorted(files)
