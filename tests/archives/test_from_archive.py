"""Training, archiving, loading: stock AllenNLP with the embedder `elmo` in a stock model."""

import copy
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.models import Model, load_archive
from allennlp.predictors import Predictor
from allennlp.training import Checkpointer

import elmo_tasks.embedders  # noqa: F401
from elmo_tasks.bilm import BiLM, BiLMFiles, BiLMOptions
from elmo_tasks.embedders.bilms import bilms_of
from elmo_tasks.mixes import read_mixes
from elmo_tasks.serving.served import ServedModel


def elmo(config: dict[str, Any]) -> dict[str, Any]:
    return config["model"]["text_field_embedder"]["token_embedders"]["elmo"]


def train(config: dict[str, Any], run: Path) -> Model:
    return train_model(Params(copy.deepcopy(config)), str(run))


def instances(config: dict[str, Any]) -> list[Instance]:
    from allennlp.data import DatasetReader

    reader = DatasetReader.from_params(Params(copy.deepcopy(config["dataset_reader"])))
    return list(reader.read(config["train_data_path"]))


def probabilities(model: Model, config: dict[str, Any]) -> list[np.ndarray]:
    return [output["class_probabilities"] for output in model.eval().forward_on_instances(instances(config))]


def assert_same(actual: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def forget(files: BiLMFiles) -> None:
    for file in files:
        file.unlink()


@pytest.mark.parametrize("arguments", [{}, {"do_layer_norm": True}, {"requires_grad": True, "projection_dim": 16}])
def test_archive_needs_no_other_file(
    config: dict[str, Any], new_bilm_files: BiLMFiles, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    elmo(config).update(arguments)
    model = train(config, tmp_path / "run")
    expected = probabilities(model, config)
    forget(new_bilm_files)
    archive = tmp_path / "elsewhere" / "model.tar.gz"
    archive.parent.mkdir()
    (tmp_path / "run" / "model.tar.gz").rename(archive)
    # The run's own folder, then the archive alone.
    assert_same(probabilities(load_archive(tmp_path / "run").model, config), expected)
    (tmp_path / "run").rename(tmp_path / "gone")
    loaded = load_archive(archive).model
    assert_same(probabilities(loaded, config), expected)
    # The folder that the archive was unpacked into is gone, and a state dict does not bring it back.
    assert set(loaded.state_dict()) == set(model.state_dict())
    assert not Path(loaded.serialization_dir).exists()


def test_checkpoints_do_not_hold_the_frozen_bilm(config: dict[str, Any], tmp_path: Path) -> None:
    model = train(config, tmp_path / "run")
    embedder = model.text_field_embedder.token_embedder_elmo
    assert embedder.scalar_mix.gamma.item() != 1.0, "the mix was trained"
    files = [*(tmp_path / "run").glob("model_state_*.th"), tmp_path / "run" / "best.th"]
    assert len(files) == 3
    for file in files:
        names = [name for name in torch.load(file) if "token_embedder_elmo" in name]
        assert names
        assert all("_scalar_mix" in name for name in names)
    trained = torch.load(next((tmp_path / "run").glob("training_state_*.th")))["optimizer"]["param_groups"][0]["params"]
    assert len(trained) == len(list(model.parameters()))
    with tarfile.open(tmp_path / "run" / "model.tar.gz") as archive:
        names = [name for name in archive.getnames() if name.endswith("weights.hdf5")]
    assert len(names) == 1


def test_two_places_keep_one_bilm(
    config: dict[str, Any], new_bilm_files: BiLMFiles, tmp_path: Path, bilm_runs: list[int]
) -> None:
    model, reader = config["model"], config["dataset_reader"]
    model["text_field_embedder"]["token_embedders"]["elmo2"] = {**elmo(config), "layers": "last"}
    reader["token_indexers"]["elmo2"] = {"type": "elmo_characters"}
    model["encoder"]["input_size"] = 32
    expected = probabilities(train(config, tmp_path / "run"), config)
    # Two epochs of two batches for training and two for validation; one of three sentences.
    assert len(bilm_runs) == 2 * (2 + 2) + 1
    with tarfile.open(tmp_path / "run" / "model.tar.gz") as archive:
        assert sum(name.endswith("weights.hdf5") for name in archive.getnames()) == 1
    forget(new_bilm_files)
    assert_same(probabilities(load_archive(tmp_path / "run" / "model.tar.gz").model, config), expected)


def test_an_override_is_obeyed(config: dict[str, Any], other_bilm_files: BiLMFiles, tmp_path: Path) -> None:
    expected = probabilities(train(config, tmp_path / "run"), config)
    path = "model.text_field_embedder.token_embedders.elmo."
    overrides = {
        path + "options_file": str(other_bilm_files.options_file),
        path + "weight_file": str(other_bilm_files.weight_file),
    }
    actual = probabilities(load_archive(tmp_path / "run" / "model.tar.gz", overrides=overrides).model, config)
    assert max(np.abs(one - other).max() for one, other in zip(actual, expected, strict=True)) > 1e-4


def test_recovers_without_the_file(config: dict[str, Any], new_bilm_files: BiLMFiles, tmp_path: Path) -> None:
    train(config, tmp_path / "run")
    forget(new_bilm_files)
    config["trainer"]["num_epochs"] = 3
    # AllenNLP asks for the same config again; more epochs stand for a run that was killed early.
    Params(copy.deepcopy(config)).to_file(str(tmp_path / "run" / "config.json"))
    train_model(Params(copy.deepcopy(config)), str(tmp_path / "run"), recover=True)
    assert (tmp_path / "run" / "metrics_epoch_2.json").is_file()


@pytest.mark.parametrize("do_layer_norm", [False, True])
def test_an_archive_of_stock_loads(config: dict[str, Any], tmp_path: Path, do_layer_norm: bool) -> None:
    elmo(config).update({"type": "elmo_token_embedder", "do_layer_norm": do_layer_norm, "projection_dim": 16})
    train(config, tmp_path / "run")
    archive = tmp_path / "run" / "model.tar.gz"
    # Freshly loaded: stock's states of the training would show.
    expected = probabilities(load_archive(archive).model, config)
    overrides = {"model.text_field_embedder.token_embedders.elmo.type": "elmo"}
    assert_same(probabilities(load_archive(archive, overrides=overrides).model, config), expected)


@pytest.fixture
def tuned_config(config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """What fine-tunes `first/model.tar.gz` on text with words of its own."""
    data = tmp_path / "more.txt"
    data.write_text("Snow###N fell###V\nThe###D dogs###N cheered###V Oslo###N\n")
    model = {"type": "from_archive", "archive_file": str(tmp_path / "first" / "model.tar.gz")}
    return {**config, "train_data_path": str(data), "validation_data_path": str(data), "model": model}


@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_fine_tuned_archive_stands_alone(
    config: dict[str, Any],
    tuned_config: dict[str, Any],
    new_bilm_files: BiLMFiles,
    tmp_path: Path,
    requires_grad: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Train, fine-tune, and fine-tune again; each without what came before it; then evaluate and predict."""
    elmo(config)["requires_grad"] = requires_grad
    embedder, reader = config["model"]["text_field_embedder"], config["dataset_reader"]
    # A vocabulary that grows.
    embedder["token_embedders"]["tokens"] = {"type": "embedding", "embedding_dim": 4}
    reader["token_indexers"]["tokens"] = {"type": "single_id"}
    config["model"]["encoder"]["input_size"] = 20
    first = train(config, tmp_path / "first")
    forget(new_bilm_files)

    second = train(tuned_config, tmp_path / "second")
    assert second.vocab.get_vocab_size("tokens") > first.vocab.get_vocab_size("tokens")
    expected = probabilities(second, tuned_config)
    (tmp_path / "first").rename(tmp_path / "gone")
    tuned_config["trainer"]["num_epochs"] = 3
    Params(copy.deepcopy(tuned_config)).to_file(str(tmp_path / "second" / "config.json"))
    train_model(Params(copy.deepcopy(tuned_config)), str(tmp_path / "second"), recover=True)
    second_archive = load_archive(tmp_path / "second" / "model.tar.gz")
    assert {epoch.name for epoch in (tmp_path / "second").glob("metrics_epoch_*")} >= {"metrics_epoch_2.json"}

    tuned_config["model"]["archive_file"] = str(tmp_path / "second" / "model.tar.gz")
    third = train(tuned_config, tmp_path / "third")
    expected = probabilities(third, tuned_config)
    (tmp_path / "second").rename(tmp_path / "gone too")
    archive = tmp_path / "elsewhere.tar.gz"
    (tmp_path / "third" / "model.tar.gz").rename(archive)
    (tmp_path / "third").rename(tmp_path / "all gone")
    assert_same(probabilities(load_archive(archive).model, tuned_config), expected)
    assert second_archive.model.vocab.get_vocab_size("tokens") == third.vocab.get_vocab_size("tokens")

    metrics = tmp_path / "metrics.json"
    data = tuned_config["train_data_path"]
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "evaluate", str(archive), data, "--output-file", str(metrics)])
    main()
    assert 0 <= json.loads(metrics.read_text())["accuracy"] <= 1


@pytest.mark.parametrize("written", [b"", b"PK\x03\x04 and no more"])
def test_killed_before_the_first_checkpoint(
    written: bytes,
    config: dict[str, Any],
    tuned_config: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Recovered, it begins from the archive once more, as a training does that is not killed."""
    train(config, tmp_path / "first")
    expected = train(tuned_config, tmp_path / "whole").state_dict()
    run = tmp_path / "killed"

    def save_checkpoint(self: Checkpointer, trainer: Any) -> None:
        (run / "model_state_e1_b0.th").write_bytes(written)
        raise SystemExit("killed")

    with monkeypatch.context() as context:
        context.setattr(Checkpointer, "save_checkpoint", save_checkpoint)
        with pytest.raises(SystemExit, match="killed"):
            train(tuned_config, run)
    if not written:
        (run / "model_state_e1_b0.th").unlink()
    actual = train_model(Params(copy.deepcopy(tuned_config)), str(run), recover=True).state_dict()
    for name, weight in expected.items():
        # But for the last bits, which may depend on the batch in which the biLM has met a word first.
        torch.testing.assert_close(actual[name], weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_fine_tuning_a_tagger_and_predicting(
    requires_grad: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`allennlp predict` knows the predictor of a model that came from an archive; the biLM can be exported."""
    files = BiLMFiles(tmp_path / "options.json", tmp_path / "weights.hdf5")
    BiLM(BiLMOptions(filters=((1, 4), (2, 4)), num_highway=1, cell_dim=8, projection_dim=8)).save(*files)
    (tmp_path / "data.txt").write_text("Ada B-PER\nleft O\nOslo B-LOC\n\nIt O\nrained O\n")
    tagger = {
        "type": "elmo_crf_tagger",
        "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 4}}},
        "elmo": {"bilm": {name: str(path) for name, path in files._asdict().items()}, "place": "both"},
        "encoder": {"type": "lstm", "input_size": 20, "hidden_size": 8},
    }
    tagger["elmo"].update(requires_grad=requires_grad, layers="last")
    original = BiLM.from_files(*files)
    config = {
        "dataset_reader": {
            "type": "elmo_conll2003",
            "token_indexers": {"tokens": {"type": "single_id"}, "elmo": {"type": "elmo_character_ids"}},
        },
        "train_data_path": str(tmp_path / "data.txt"),
        "model": tagger,
        "data_loader": {"batch_size": 2},
        "trainer": {"optimizer": {"type": "adam", "lr": 0.1}, "num_epochs": 1, "cuda_device": -1},
    }
    train(config, tmp_path / "first")
    config["model"] = {"type": "from_archive", "archive_file": str(tmp_path / "first")}
    model = train(config, tmp_path / "second")
    forget(files)
    (tmp_path / "first").rename(tmp_path / "gone")
    archive = tmp_path / "moved.tar.gz"
    (tmp_path / "second" / "model.tar.gz").rename(archive)
    lines, output, out = tmp_path / "lines.txt", tmp_path / "tags.jsonl", tmp_path / "bilm-out"
    lines.write_text("Ada left Oslo.\nIt rained.\n")
    arguments = ["predict", str(archive), str(lines), "--output-file", str(output), "--silent"]
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", *arguments])
    main()
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    expected = Predictor.by_name("elmo_tagger")(model, load_archive(archive).dataset_reader)
    assert answers == [expected.predict_json({"sentence": line}) for line in lines.read_text().splitlines()]
    served = ServedModel.from_archive("NER", archive)
    assert served.mixes == read_mixes(archive)
    assert [mix.note for mix in served.mixes] == ["last layer only, fixed"] * 2

    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-export", str(archive), str(out)])
    main()
    exported = BiLM.from_files(out / "options.json", out / "weights.hdf5")
    trained = model.elmo.input.bilm.state_dict()
    assert all(torch.equal(value, trained[name]) for name, value in exported.state_dict().items())
    same = [torch.equal(value, original.state_dict()[name]) for name, value in exported.state_dict().items()]
    assert all(same) != requires_grad


def test_exporting_a_frozen_bilm(config: dict[str, Any], new_bilm_files: BiLMFiles, tmp_path: Path) -> None:
    model = train(config, tmp_path / "run")
    assert list(bilms_of(model)) == ["text_field_embedder.token_embedder_elmo"]
    (bilm,) = bilms_of(model).values()
    original = BiLM.from_files(*new_bilm_files).state_dict()
    assert all(torch.equal(value, original[name]) for name, value in bilm.state_dict().items())


def tagging(path: Path, text: str, model: dict[str, Any]) -> dict[str, Any]:
    """The config of a tiny tagger's training on such columns."""
    path.write_text(text)
    return {
        "dataset_reader": {"type": "elmo_conll2003", "token_indexers": {"tokens": {"type": "single_id"}}},
        "train_data_path": str(path),
        "model": model,
        "data_loader": {"batch_size": 2},
        "trainer": {"optimizer": {"type": "adam", "lr": 1e-9}, "num_epochs": 1, "cuda_device": -1},
    }


OLD = "Ada B-PER\nleft O\nOslo B-LOC\n"
NEW = "Ada B-POET\nleft O\nOslo B-LOC\n"
WORDS = {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 4}}}
CRF_TAGGER = {"type": "elmo_crf_tagger", "text_field_embedder": WORDS}


def test_new_labels_are_learned_on_request_and_old_ones_keep_their_weights(tmp_path: Path) -> None:
    old = train(tagging(tmp_path / "old.txt", OLD, CRF_TAGGER), tmp_path / "first")
    archived = {"type": "from_archive", "archive_file": str(tmp_path / "first"), "extend_labels": True}
    train(tagging(tmp_path / "new.txt", NEW, archived), tmp_path / "second")
    new = load_archive(tmp_path / "second").model
    known = old.label_names()
    assert new.label_names() == [*known, "U-POET"]
    size = len(known)
    assert new.tag_projection.weight.shape == (size + 1, 4)
    for one, other in (
        (new.tag_projection.weight[:size], old.tag_projection.weight),
        (new.tag_projection.bias[:size], old.tag_projection.bias),
        (new.crf.transitions[:size, :size], old.crf.transitions),
        (new.crf.start_transitions[:size], old.crf.start_transitions),
        (new.crf.end_transitions[:size], old.crf.end_transitions),
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    # As wide as a new model's; the tags of one scheme may follow those that they followed before.
    mask = Model.from_params(Params(copy.deepcopy(CRF_TAGGER)), vocab=new.vocab).crf._constraint_mask
    assert torch.equal(new.crf._constraint_mask, mask)


@pytest.mark.parametrize("model", [CRF_TAGGER, "simple_tagger"], ids=["ours", "stock"])
def test_new_labels_are_named(model: Any, tmp_path: Path) -> None:
    if model == "simple_tagger":
        encoder = {"type": "lstm", "input_size": 4, "hidden_size": 3}
        model = {"type": "simple_tagger", "text_field_embedder": WORDS, "encoder": encoder}
    vocabularies = []
    for name, text in (("old", OLD), ("new", NEW)):
        config = tagging(tmp_path / f"{name}.txt", text, model)
        vocabularies.append(Vocabulary.from_instances(instances(config)))
    # An archive as training leaves it, without the training: the stock tagger takes other instances.
    run = tmp_path / "run"
    vocabularies[0].save_to_files(str(run / "vocabulary"))
    (run / "config.json").write_text(json.dumps(config))
    built = Model.from_params(Params(copy.deepcopy(model)), vocab=vocabularies[0])
    torch.save(built.state_dict(), run / "best.th")
    extend = model["type"] == "simple_tagger"
    params = {"type": "from_archive", "archive_file": str(run), "extend_labels": extend}
    way_out = "train a new model" if extend else '"extend_labels": true'
    with pytest.raises(ConfigurationError, match=rf"no output for 1 .*: U-POET\. It knows .*U-PER.*{way_out}"):
        Model.from_params(Params(dict(params)), vocab=vocabularies[1])
    Model.from_params(Params(dict(params)), vocab=vocabularies[0])
