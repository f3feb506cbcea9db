from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from label_model_tests import (
    PLACES,
    Config,
    LabelModelTests,
    attended,
    check_dropout_of_whole_dimensions,
    classified,
    linear,
)

from task_setup import TaskSetup

FIXTURES = Path(__file__).parents[3] / "fixtures" / "classification"
WINDOWS = {"dataset_reader.max_tokens": 3, "dataset_reader.long_texts": "window"}


class TestWhatHoldsForAll(LabelModelTests):
    mates: ClassVar = [
        (["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"] * 30, "place"),
        (["short"], "place"),
    ]
    fixture = FIXTURES / "train.jsonl"
    learning: ClassVar = {"projection_dim": 24, "hidden_dim": 24, "encoder.hidden_size": 24}
    figures = 2 + 2 * 3
    variants: ClassVar = [{}, {"model.projection_dim": None, "model.hidden_dim": None}]

    def logits_by_hand(self, setup: TaskSetup, instance: Instance) -> np.ndarray:
        """Window by window."""
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
        pooled = [vectors.max(axis=0), vectors.mean(axis=0), attended(model.pooling, vectors)]
        return classified(model.classifier, np.concatenate(pooled))


class TestWhatHoldsForAllInWindows(TestWhatHoldsForAll):
    overrides: ClassVar = WINDOWS

    @torch.no_grad()
    @pytest.mark.parametrize("elmo", PLACES)
    def test_is_what_is_said(self, config: Config, elmo: str | None) -> None:
        """Windows are read each by itself and pooled together."""
        windowed, whole = TaskSetup(config(elmo, WINDOWS)), TaskSetup(config(elmo))
        whole.model.load_state_dict(windowed.model.state_dict())
        assert [len(instance["windows"]) for instance in windowed.instances] == [2, 2, 3, 1, 4]
        windowed.model.eval()
        whole.model.eval()
        together = windowed.run(windowed.instances)["logits"]
        for number, instance in enumerate(windowed.instances):
            np.testing.assert_allclose(together[number], self.logits_by_hand(whole, instance), atol=1e-5)


def test_a_text_without_tokens_is_named(config: Config) -> None:
    for long_texts in ({}, WINDOWS):
        setup = TaskSetup(config("both", long_texts))
        with pytest.raises(ConfigurationError, match=r"Text 1 of a batch .* has no tokens"):
            setup.run([setup.instances[0], setup.instance([], "place")])


def test_dropout_is_of_whole_dimensions(config: Config) -> None:
    check_dropout_of_whole_dimensions(config)


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
