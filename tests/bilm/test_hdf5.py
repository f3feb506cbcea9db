from pathlib import Path

import h5py
import numpy as np
import pytest
from small_disks import fill
from small_disks import small_disk as small_disk

from elmo_tasks.bilm.hdf5 import writing_hdf5
from elmo_tasks.files import DiskFullError


def write(file: h5py.File, seed: int = 0) -> None:
    values = np.random.default_rng(seed).random((40, 1000))
    for number, row in enumerate(values):
        file.create_dataset(f"group {number % 3}/{number}", data=row, compression="gzip" if number % 2 else None)
    file.attrs["what"] = "rows"


def test_the_file_has_what_hdf5_itself_writes(tmp_path: Path) -> None:
    with writing_hdf5(tmp_path / "ours") as file:
        write(file)
        assert not (tmp_path / "ours").exists()
    with h5py.File(tmp_path / "theirs", "w") as file:
        write(file)
    with h5py.File(tmp_path / "ours") as ours, h5py.File(tmp_path / "theirs") as theirs:
        assert dict(ours.attrs) == dict(theirs.attrs)
        assert set(ours) == set(theirs)
        for group in theirs:
            assert set(ours[group]) == set(theirs[group])
            for name, dataset in theirs[group].items():
                assert (ours[group][name].dtype, ours[group][name].chunks) == (dataset.dtype, dataset.chunks)
                np.testing.assert_array_equal(ours[group][name][...], dataset[...])
    assert (tmp_path / "ours").stat().st_size <= (tmp_path / "theirs").stat().st_size


@pytest.mark.parametrize("left", [0, 1000, 100_000, 300_000])
def test_a_full_disk(left: int, small_disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """HDF5 notices nothing: it is well afterwards, and has nothing to say."""
    (small_disk / "file").write_text("old")
    ballast = fill(small_disk, left)
    with (
        pytest.raises(DiskFullError, match=f"No space left on device: '{small_disk / 'file'}'"),
        writing_hdf5(small_disk / "file") as file,
    ):
        write(file)
    assert (small_disk / "file").read_text() == "old"
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "file"]
    assert capfd.readouterr().err == ""
    ballast.unlink()
    with writing_hdf5(small_disk / "file") as file:
        write(file)
    with h5py.File(small_disk / "file") as file:
        assert len(file["group 0"]) == 14
