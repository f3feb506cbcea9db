"""Mixes read from files alone, against the modules that wrote them."""

import copy
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import Model, archive_model
from torch import Tensor, nn

from elmo_tasks.bilm import BiLMFiles
from elmo_tasks.embedders import TaskElmo
from elmo_tasks.mixes import read_config, read_mixes

WEIGHTS = [0.5, -1.0, 2.0]
GAMMA = 1.25


def expected_weights() -> np.ndarray:
    return np.exp(WEIGHTS) / np.exp(WEIGHTS).sum()


def teach(module: nn.Module) -> None:
    """Has all mixes of a module learn `WEIGHTS` and `GAMMA`, which all floats are exactly."""
    for name, parameter in module.named_parameters():
        if "scalar_parameters" in name:
            parameter.data.fill_(WEIGHTS[int(name.rsplit(".", 1)[1])])
        elif name.endswith("gamma"):
            parameter.data.fill_(GAMMA)


def write_run(folder: Path, state: Any, model: Any = None, **options: Any) -> Path:
    folder.mkdir()
    torch.save(state, folder / "best.th", **options)
    (folder / "config.json").write_text(json.dumps({"model": model or {}}))
    return folder


def write_archive(folder: Path) -> Path:
    """As AllenNLP does it."""
    Vocabulary().save_to_files(str(folder / "vocabulary"))
    archive_model(str(folder), weights="best.th")
    return folder / "model.tar.gz"


def mix_state(prefix: str, weights: list[float] = WEIGHTS, gamma: float = GAMMA) -> dict[str, Tensor]:
    state = {f"{prefix}scalar_parameters.{layer}": torch.tensor([weight]) for layer, weight in enumerate(weights)}
    return {**state, f"{prefix}gamma": torch.tensor([gamma])}


def tagger(embedders: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A stock model's config."""
    return {
        "type": "simple_tagger",
        "text_field_embedder": {"token_embedders": embedders},
        "encoder": {"type": "pass_through", "input_dim": 16 * len(embedders)},
    }


@pytest.mark.parametrize("type_", ["elmo", "elmo_token_embedder"])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_token_embedder_of_ours_and_of_stocks(
    type_: str, requires_grad: bool, bilm_files: BiLMFiles, tmp_path: Path
) -> None:
    embedder = {
        "type": type_,
        "options_file": str(bilm_files.options_file),
        "weight_file": str(bilm_files.weight_file),
        "requires_grad": requires_grad,
    }
    config = tagger({"elmo": embedder})
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(["O", "N"], "labels")
    model = Model.from_params(Params(copy.deepcopy(config)), vocab=vocab)
    teach(model)
    run = write_run(tmp_path / "run", model.state_dict(), config)
    archive = write_archive(run)
    # A run's folder, an archive, a folder with nothing but an archive, an unpacked archive.
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "model.tar.gz").write_bytes(archive.read_bytes())
    shutil.unpack_archive(archive, tmp_path / "unpacked")
    for path in (run, archive, tmp_path / "archive", tmp_path / "unpacked"):
        (mix,) = read_mixes(path)
        assert mix.place == "text_field_embedder.elmo"
        assert mix.weights is not None
        np.testing.assert_allclose(mix.weights, expected_weights(), rtol=1e-6)
        assert mix.gamma == GAMMA
        assert mix.layer is None
        assert mix.trained


@pytest.mark.parametrize("layers", ["all", "last", 1])
def test_both_places_of_a_task(layers: str | int, bilm_files: BiLMFiles, tmp_path: Path) -> None:
    config = {"bilm": bilm_files._asdict(), "place": "both", "layers": layers}
    config["bilm"] = {name: str(file) for name, file in config["bilm"].items()}
    model = nn.Module()
    model.elmo = TaskElmo.from_params(Params(copy.deepcopy(config)))
    teach(model)
    mixes = read_mixes(write_run(tmp_path / "run", model.state_dict(), {"elmo": config}))
    assert [mix.place for mix in mixes] == ["input", "output"]
    for mix in mixes:
        assert mix.gamma == GAMMA
        if layers == "all":
            assert mix.weights == pytest.approx(expected_weights())
        else:
            assert mix.weights is None
            assert mix.layer == layers


def test_what_was_not_trained_is_told(tmp_path: Path) -> None:
    state = mix_state("_text_field_embedder.token_embedder_elmo._elmo.scalar_mix_0.")
    # Older configs have the embedders without "token_embedders" around them.
    config = {"text_field_embedder": {"elmo": {"scalar_mix_parameters": WEIGHTS}}}
    (mix,) = read_mixes(write_run(tmp_path / "run", state, config))
    assert mix.place == "text_field_embedder.elmo"
    assert not mix.trained


def test_any_other_mix(tmp_path: Path) -> None:
    """Stock's `Elmo` with two representations, a model's own, and parameters that only look like a mix's."""
    state = {
        **mix_state("_elmo.scalar_mix_0."),
        **mix_state("_elmo.scalar_mix_1.", [1.0]),
        **mix_state("reader.top."),
        "norm.gamma": torch.ones(8),
        "other._scalar_mix.gamma": torch.ones(1),
    }
    mixes = read_mixes(write_run(tmp_path / "run", state))
    assert [mix.place for mix in mixes] == ["elmo.scalar_mix_0", "elmo.scalar_mix_1", "reader.top", "other"]
    assert mixes[1].weights == [1.0]
    # Nothing says which layer it is.
    assert mixes[3].weights is None
    assert mixes[3].layer is None


def test_weights_in_torchs_old_format(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", mix_state("elmo.input._scalar_mix."), _use_new_zipfile_serialization=False)
    assert read_mixes(write_archive(run)) == read_mixes(run)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_code_in_the_weights_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    run = write_run(tmp_path / "run", {**mix_state("elmo.input._scalar_mix."), "trap": Trap(trap)})
    for path in (run, write_archive(run)):
        with pytest.raises(ConfigurationError, match="hold something that is no tensor, or are damaged"):
            read_mixes(path)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"encoder.weight": torch.ones(2)}, "has no mix of layers: no part of it uses ELMo"),
        ({"a.scalar_parameters.0": torch.ones(1)}, r"not whole, a\.gamma is missing"),
        ({"a.scalar_parameters.1": torch.ones(1), "a.gamma": torch.ones(1)}, r"a\.scalar_parameters\.0 is missing"),
        ({"a._scalar_mix.gamma": torch.ones(3)}, r"_scalar_mix\.gamma has shape \(3,\)"),
        (mix_state("a.", [float("nan")]), r"a\.scalar_parameters\.0 is nan: the training went astray"),
        ([torch.ones(1)], "no state dict but a list"),
    ],
)
def test_wrong_weights(state: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_mixes(write_run(tmp_path / "run", state))


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no archive or folder"):
        read_mixes(tmp_path / "nothing")
    with pytest.raises(ConfigurationError, match=r"neither best\.th nor model\.tar\.gz"):
        read_mixes(tmp_path)
    no_tar = tmp_path / "model.tar.gz"
    no_tar.write_text("no archive")
    with pytest.raises(ConfigurationError, match="cannot be unpacked; it may be damaged or no archive"):
        read_mixes(no_tar)
    run = write_run(tmp_path / "run", mix_state("a."))
    with tarfile.open(no_tar, "w:gz") as archive:
        archive.add(run / "config.json", "config.json")
    with pytest.raises(ConfigurationError, match=r"there is no weights\.th in it"):
        read_mixes(no_tar)
    cut = write_archive(run)
    cut.write_bytes(cut.read_bytes()[:-200])
    with pytest.raises(ConfigurationError, match="cannot be unpacked; it may be damaged"):
        read_mixes(cut)
    (run / "config.json").write_text("[" * 100_000)
    with pytest.raises(ConfigurationError, match=r"config\.json is JSON with more than 200"):
        read_mixes(run)
    (run / "config.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"config\.json is not JSON"):
        read_mixes(run)


@pytest.mark.parametrize("as_archive", [False, True])
def test_of_a_model_from_an_archive_the_archives_config_counts(as_archive: bool, tmp_path: Path) -> None:
    """Which the run keeps, as its own config says only where the model came from."""
    elmo = {"transformer": {"name": "bert-base-uncased"}, "place": "both", "scalar_mix_parameters": WEIGHTS}
    state = {**mix_state("elmo.input._scalar_mix."), "elmo.output._scalar_mix.gamma": torch.ones(1)}
    run = write_run(tmp_path / "run", state, {"type": "from_archive", "archive_file": "gone/model.tar.gz"})
    kept = run / "vocabulary" / ".elmo" / "from_archive" / "model.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"model": {"elmo": {**elmo, "layers": "last"}}, "padding": "", "unknown": ""}))
    model = write_archive(run) if as_archive else run
    of_weights, of_one_layer = read_mixes(model)
    assert of_weights.transformer
    assert of_weights.note == "not trained"
    assert of_one_layer.note == "last layer only, fixed"
    assert read_config(model) == {"model": {"elmo": {**elmo, "layers": "last"}}}

    kept.write_text("[]")
    with pytest.raises(ConfigurationError, match=r"from_archive/model\.json is no object but a list\."):
        read_mixes(write_archive(run) if as_archive else run)


def test_the_mix_of_a_transformer(tmp_path: Path) -> None:
    model = {"type": "elmo_crf_tagger", "elmo": {"transformer": {"name": "bert-base-uncased"}, "place": "input"}}
    (mix,) = read_mixes(write_run(tmp_path / "run", mix_state("elmo.input._scalar_mix."), model))
    assert mix.transformer
    assert mix.place == "input"
