from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import check_for_gpu
from allennlp.models import Model, archival
from allennlp.training import Trainer

from elmo_tasks.device import DeviceError, check_device


def test_a_model_for_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_device 99"):
        Model.load(Params({}), str(tmp_path), cuda_device=99)


@pytest.mark.parametrize("devices", [99, [-1, 99]])
def test_a_gpu_that_is_not_there(devices: int | list[int]) -> None:
    """AllenNLP's trainers, evaluators and commands ask so."""
    check_for_gpu(-1)
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        check_for_gpu(devices)


@pytest.mark.parametrize("device", ["cuda", None, 1.5, True, -2])
def test_what_is_no_number_of_a_gpu(device: Any) -> None:
    with pytest.raises(DeviceError, match=r"cuda_device is .*; it must be a whole number, -1 or more"):
        check_device(device)


def test_a_training_on_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_device 99"):
        Trainer(serialization_dir=tmp_path, cuda_device=99)


def test_an_archive_for_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archival, "get_weights_path", lambda folder: "")
    (tmp_path / "config.json").write_text('{"dataset_reader": {"type": "sequence_tagging"}, "model": {"type": "x"}}')
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        archival.load_archive(tmp_path, cuda_device=99)
