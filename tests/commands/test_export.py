import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch import nn

from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLM
from tiny_bilms import make_bilm as make_bilm


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BiLM]:
    """`export(model, option, ...)`: the biLM that the command has written, of an archive that holds such a model."""

    def export(model: nn.Module, *options: str) -> BiLM:
        monkeypatch.setattr("elmo_tasks.archives.safety.open_archive", lambda archive: SimpleNamespace(model=model))
        monkeypatch.setattr("allennlp.common.util.install_sigterm_handler", lambda: None)
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-export", "run", str(tmp_path / "out"), *options])
        main()
        return BiLM.from_files(tmp_path / "out/options.json", tmp_path / "out/weights.hdf5")

    return export


def test_the_only_bilm_needs_no_name(export: Callable[..., BiLM], make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    model = nn.ModuleDict({"only": bilm, "other": nn.Linear(2, 2)})
    for options in ([], ["--module", "only"]):
        assert export(model, *options).has_weights(bilm.state_dict())


def test_of_several_bilms_one_is_chosen(
    export: Callable[..., BiLM], make_bilm: Callable[..., BiLM], tmp_path: Path
) -> None:
    model = nn.ModuleDict({"one": make_bilm(), "other": make_bilm()})
    with pytest.raises(SystemExit, match=r"run holds 2 biLMs; give one by --module: one, other\."):
        export(model)
    with pytest.raises(SystemExit, match=r'There is no biLM "third" in run, but: one, other\.'):
        export(model, "--module", "third")
    assert not (tmp_path / "out").exists()
    found = export(model, "--module", "other")
    assert found.has_weights(model["other"].state_dict())
    assert not found.has_weights(model["one"].state_dict())


@pytest.mark.parametrize("options", [[], ["--module", "one"]])
def test_a_model_without_a_bilm(options: list[str], export: Callable[..., BiLM]) -> None:
    with pytest.raises(SystemExit, match=r"run holds no biLM: its model neither is nor has one\."):
        export(nn.Linear(2, 2), *options)
