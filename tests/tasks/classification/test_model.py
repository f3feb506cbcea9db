from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.models import Model, load_archive

from task_setup import TaskSetup

Config = Callable[..., Params]
PLACES = [None, "input", "output", "both"]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "classification"
LONG = ["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"] * 30
WINDOWS = {"dataset_reader.max_tokens": 3, "dataset_reader.long_texts": "window"}


def linear(layer: Any, vector: np.ndarray) -> np.ndarray:
    return vector @ layer.weight.numpy().T + layer.bias.numpy()


def logits_by_hand(setup: TaskSetup, instance: Instance) -> np.ndarray:
    """The classifier for one text, window by window, without padding, in NumPy but for token vectors and LSTM."""
    model, states = setup.model, []
    windows: Any = instance.fields.get("windows") or [instance["tokens"]]
    for window in windows:
        alone = setup.instance([token.text for token in window.tokens])
        (text,) = model.embed(setup.tensors([alone])["tokens"])
        inputs = text.words if text.elmo is None else torch.cat([text.words, text.elmo], dim=-1)
        if model.projection is not None:
            inputs = torch.tensor(np.maximum(linear(model.projection, inputs.numpy()), 0))
        encoded = model.encoder(inputs, torch.ones(inputs.shape[:2], dtype=torch.bool))[0].numpy()
        at_output = [text.output_elmo[0].numpy()] if text.output_elmo is not None else []
        states.append(np.concatenate([encoded, *at_output], axis=-1))
    vectors = np.concatenate(states)
    first, last = model.pooling.attention[0], model.pooling.attention[2]
    weights = np.exp(np.tanh(linear(first, vectors)) @ last.weight.numpy()[0])
    attended = weights / weights.sum() @ vectors
    pooled = np.concatenate([vectors.max(axis=0), vectors.mean(axis=0), attended])
    layers = [layer for layer in model.classifier if isinstance(layer, torch.nn.Linear)]
    for layer in layers[:-1]:
        pooled = np.maximum(linear(layer, pooled), 0)
    return linear(layers[-1], pooled)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize("layers", [{}, {"model.projection_dim": None, "model.hidden_dim": None}])
def test_is_what_is_said(config: Config, elmo: str | None, layers: dict[str, None]) -> None:
    setup = TaskSetup(config(elmo, layers))
    setup.model.eval()
    together = setup.run(setup.instances)["logits"]
    for number, instance in enumerate(setup.instances):
        np.testing.assert_allclose(together[number], logits_by_hand(setup, instance), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_windows_are_read_each_by_itself_and_pooled_together(config: Config, elmo: str | None) -> None:
    windowed, whole = TaskSetup(config(elmo, WINDOWS)), TaskSetup(config(elmo))
    whole.model.load_state_dict(windowed.model.state_dict())
    assert [len(instance["windows"]) for instance in windowed.instances] == [2, 2, 3, 1, 4]
    windowed.model.eval()
    whole.model.eval()
    together = windowed.run(windowed.instances)["logits"]
    for number, instance in enumerate(windowed.instances):
        np.testing.assert_allclose(together[number], logits_by_hand(whole, instance), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize("long_texts", [{}, WINDOWS])
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None, long_texts: dict[str, Any]) -> None:
    setup = TaskSetup(config(elmo, long_texts))
    setup.model.eval()
    mates = [setup.instance(text, "place") for text in (LONG, ["short"])]
    alone = torch.cat([setup.run([instance])["probabilities"] for instance in setup.instances])
    for before, after in (([], []), (mates, []), ([], mates[:1]), (mates[1:], mates)):
        together = setup.run([*before, *setup.instances, *after])["probabilities"]
        ours = together[len(before) : len(before) + len(alone)]
        torch.testing.assert_close(ours, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("elmo", PLACES)
def test_trains_saves_loads_and_predicts_the_same(config: Config, elmo: str | None, tmp_path: Path) -> None:
    model = train_model(config(elmo), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    for one, other in zip(before, after, strict=True):
        assert one["label"] == other["label"] == max(one["probabilities"], key=one["probabilities"].get)
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert before[3]["tokens"] == ["When", "?"]


@pytest.mark.parametrize("long_texts", [{}, WINDOWS])
def test_trains_in_mixed_precision(config: Config, long_texts: dict[str, Any]) -> None:
    TaskSetup(config("both", {"model.dropout": 0.0, **long_texts})).check_mixed_precision()


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo)).check_copies()


@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize("long_texts", [{}, WINDOWS])
def test_gradients_reach_every_parameter_and_none_of_the_bilm(
    config: Config, elmo: str | None, long_texts: dict[str, Any]
) -> None:
    TaskSetup(config(elmo, {"model.dropout": 0.0, **long_texts})).check_gradients(elmo)


@pytest.mark.parametrize("elmo", PLACES)
def test_the_bilm_runs_once_a_batch(config: Config, elmo: str | None, bilm_runs: list[int]) -> None:
    setup = TaskSetup(config(elmo))
    for batch in range(2):
        setup.run(setup.instances[batch : batch + 3])
    assert len(bilm_runs) == (2 if elmo else 0)


@pytest.mark.parametrize("elmo", [None, "both"])
def test_learns_the_fixtures(config: Config, elmo: str | None) -> None:
    sizes = {"text_field_embedder.token_embedders.tokens.embedding_dim": 24, "projection_dim": 24, "hidden_dim": 24}
    sizes |= {"encoder.hidden_size": 24, "dropout": 0.0}
    overrides = {f"model.{name}": size for name, size in sizes.items()}
    setup = TaskSetup(config(elmo, {**overrides, "train_data_path": str(FIXTURES / "train.jsonl")}))
    setup.train(30, lr=0.01)
    setup.run(setup.instances)
    metrics = setup.model.get_metrics(reset=True)
    assert len(setup.instances) == 48
    assert len(metrics) == 2 + 2 * 3
    assert set(metrics.values()) == {1.0}


def test_the_figures_of_single_labels_come_at_the_end(config: Config) -> None:
    setup = TaskSetup(config())
    setup.run(setup.instances)
    labels = ("place", "person", "time")
    assert set(setup.model.get_metrics()) == {"accuracy", "macro-f1"}
    singles = {f"{what}-{label}" for what in ("precision", "recall") for label in labels}
    assert set(setup.model.get_metrics(reset=True)) == {"accuracy", "macro-f1", *singles}
    assert set(setup.model.get_metrics(reset=True).values()) == {0.0}


@torch.no_grad()
def test_a_label_that_training_never_saw_is_an_error_without_a_loss(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    loss = setup.run(setup.instances[:2])["loss"]
    setup.model.get_metrics(reset=True)
    strange = setup.instance("Why ?", "reason")
    torch.testing.assert_close(setup.run([*setup.instances[:2], strange])["loss"], loss)
    metrics = setup.model.get_metrics(reset=True)
    assert metrics["recall-reason"] == 0
    assert metrics["accuracy"] in (0, 1 / 3, 2 / 3)
    assert setup.run([strange])["loss"] == 0


def test_a_text_without_tokens_is_named(config: Config) -> None:
    for long_texts in ({}, WINDOWS):
        setup = TaskSetup(config("both", long_texts))
        with pytest.raises(ConfigurationError, match=r"Text 1 of a batch .* has no tokens"):
            setup.run([setup.instances[0], setup.instance([], "place")])


def test_dropout_is_of_whole_dimensions(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.dropout": 0.5, "model.projection_dim": None}))
    seen: list[torch.Tensor] = []
    setup.model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    setup.run(setup.instances)
    # The first two tokens of each text, which are never padding.
    dropped = seen[0][:, :2] == 0
    assert torch.equal(dropped[:, 0], dropped[:, 1])
    assert 0.2 < dropped.float().mean() < 0.8


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = (model.projection.in_features, model.pooling.get_output_dim())
    # Words 5, ELMo 6, twice 4 hidden units; pooled in three ways.
    assert dims == {"input": (5 + 6, 3 * 8), "output": (5, 3 * (8 + 6)), "both": (5 + 6, 3 * (8 + 6))}
    setup = TaskSetup(config("input", {"model.elmo": None}))
    assert setup.run(setup.instances)["loss"] > 0


def test_some_poolings_only(config: Config) -> None:
    model = TaskSetup(config(None, pooling=["max"])).model
    assert model.pooling.get_output_dim() == 8
    assert not list(model.pooling.parameters())
    with pytest.raises(ConfigurationError, match=r"pooling is .*must be a list of some of max, mean, attention"):
        TaskSetup(config(None, pooling=["last"]))


def test_sizes_that_do_not_fit_are_an_error(config: Config) -> None:
    with pytest.raises(ConfigurationError, match=r"input of encoder has vectors of length 7, .* says 12: leave"):
        TaskSetup(config(None, {"model.encoder.input_size": 12}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("projection_dim", 0), ("projection_dim", True), ("hidden_dim", 1.5), ("dropout", 2), ("dropout", -0.1)],
)
def test_sizes_that_cannot_be(name: str, value: Any, config: Config) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name} is .*; it must be"):
        TaskSetup(config(None, {f"model.{name}": value}))


def test_elmo_needs_its_indexer(config: Config) -> None:
    params = config("output").as_dict()
    del params["dataset_reader"]["token_indexers"]["elmo"]
    setup = TaskSetup(Params(params))
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: tokens'):
        setup.run(setup.instances)


@pytest.mark.parametrize("encoder", [{"type": "pass_through"}, {"type": "gru", "hidden_size": 3}])
def test_other_encoders_than_lstms_may_be_used(config: Config, encoder: dict[str, Any]) -> None:
    params = config("both", WINDOWS).as_dict()
    params["model"]["encoder"] = encoder
    setup = TaskSetup(Params(params))
    assert setup.run(setup.instances)["loss"] > 0


def test_a_namespace_with_padding_predicts_none(config: Config) -> None:
    """One whose name does not end in "labels" or "tags" has two entries that are no labels."""
    setup = TaskSetup(config())
    labels = setup.model.label_names()
    for label in labels:
        setup.vocab.add_token_to_namespace(label, "topics")
    model = Model.from_params(config(None, {"model.label_namespace": "topics"})["model"], vocab=setup.vocab)
    tensors = setup.tensors(setup.instances)
    output = model.make_output_human_readable(model(**{**tensors, "label": tensors["label"] + 2}))
    assert torch.isfinite(output["loss"])
    for probabilities in output["probabilities"]:
        assert set(probabilities) == set(labels)
        assert sum(probabilities.values()) == pytest.approx(1)
    assert {name.partition("-")[2] for name in model.get_metrics(reset=True)} == {"", "f1", *labels}


def test_a_namespace_without_labels_is_said(config: Config) -> None:
    setup = TaskSetup(config())
    with pytest.raises(ConfigurationError, match='no labels in the namespace "topics"'):
        Model.from_params(config(None, {"model.label_namespace": "topics"})["model"], vocab=setup.vocab)


def test_new_labels_get_outputs_and_old_ones_keep_theirs(config: Config) -> None:
    setup = TaskSetup(config("both"))
    setup.model.eval()
    before = setup.run(setup.instances)["logits"]
    setup.vocab.add_token_to_namespace("reason", "labels")
    setup.model.extend_labels()
    after = setup.run(setup.instances)["logits"]
    assert after.shape[1] == 4
    torch.testing.assert_close(after[:, :3], before)
    assert "precision-reason" in setup.model.get_metrics(reset=True)


def test_metadata_may_be_missing(config: Config) -> None:
    setup = TaskSetup(config())
    tensors = setup.tensors(setup.instances)
    del tensors["metadata"]
    output = setup.model(**tensors)
    assert "tokens" not in output
    assert "precision-place" in setup.model.get_metrics(reset=True)
