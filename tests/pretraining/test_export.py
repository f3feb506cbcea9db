from pathlib import Path

import pytest
import torch

from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.pretraining.export import ExportError, export_bilm

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=8, projection_dim=4)


@pytest.fixture
def bilm() -> BiLM:
    torch.manual_seed(1)
    return BiLM(OPTIONS)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_bilm_may_be_written_again(bilm: BiLM, tmp_path: Path) -> None:
    folder = tmp_path / "made/bilm"
    files = export_bilm(bilm, folder)
    written = contents(folder)
    assert set(written) == {"options.json", "weights.hdf5"}
    assert export_bilm(bilm, folder) == files
    assert contents(folder) == written
    again = BiLM.from_files(*files)
    assert again.has_weights(bilm.state_dict())


@pytest.mark.parametrize("name", ["options.json", "weights.hdf5"])
def test_other_files_are_not_replaced(name: str, bilm: BiLM, tmp_path: Path) -> None:
    (tmp_path / name).write_text("my thesis")
    with pytest.raises(ExportError, match=rf"{name} is there already, .*--force"):
        export_bilm(bilm, tmp_path)
    assert contents(tmp_path) == {name: b"my thesis"}
    BiLM.from_files(*export_bilm(bilm, tmp_path, force=True))


def test_another_precision_is_another_file(bilm: BiLM, tmp_path: Path) -> None:
    export_bilm(bilm, tmp_path)
    written = contents(tmp_path)
    with pytest.raises(ExportError, match=r"weights\.hdf5 is there already"):
        export_bilm(bilm, tmp_path, half=True)
    assert contents(tmp_path) == written
