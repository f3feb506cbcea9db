from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from label_model_tests import PLACES, Config, OpenLabelModelTests

from task_setup import TaskSetup

FIXTURES = Path(__file__).parents[3] / "fixtures" / "classification"
WINDOWS = {"dataset_reader.max_tokens": 3, "dataset_reader.long_texts": "window"}


class TestWhatHoldsForAll(OpenLabelModelTests):
    mates: ClassVar = [
        (["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"] * 30, "place"),
        (["short"], "place"),
    ]
    fixture = FIXTURES / "train.jsonl"
    learning: ClassVar = {"projection_dim": 24, "hidden_dim": 24, "encoder.hidden_size": 24}
    figures = 2 + 2 * 3


class TestWhatHoldsForAllInWindows(TestWhatHoldsForAll):
    overrides: ClassVar = WINDOWS


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


def test_some_poolings_only(config: Config) -> None:
    model = TaskSetup(config(None, pooling=["max"])).model
    assert model.pooling.get_output_dim() == 8
    assert not list(model.pooling.parameters())
    with pytest.raises(ConfigurationError, match=r"pooling is .*must be a list of some of max, mean, attention"):
        TaskSetup(config(None, pooling=["last"]))


@pytest.mark.parametrize(
    ("name", "value"),
    [("projection_dim", 0), ("projection_dim", True), ("hidden_dim", 1.5), ("dropout", 2), ("dropout", -0.1)],
)
def test_sizes_that_cannot_be(name: str, value: Any, config: Config) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name} is .*; it must be"):
        TaskSetup(config(None, {f"model.{name}": value}))


@pytest.mark.parametrize("encoder", [{"type": "pass_through"}, {"type": "gru", "hidden_size": 3}])
def test_other_encoders_than_lstms_may_be_used(config: Config, encoder: dict[str, Any]) -> None:
    params = config("both", WINDOWS).as_dict()
    params["model"]["encoder"] = encoder
    setup = TaskSetup(Params(params))
    assert setup.run(setup.instances)["loss"] > 0
