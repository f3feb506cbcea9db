"""
What holds for every model that gives each instance one label, as test classes: a task's test file has a subclass, and
its folder the fixture `config`.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.models import Model, load_archive

from task_setup import TaskSetup

PLACES = [None, "input", "output", "both"]

Config = Callable[..., Params]


class LabelModelTests:
    """The subclass says what is the task's own."""

    mates: ClassVar[list[tuple[Any, ...]]]
    """Two labelled instances for `text_to_instance`, one much longer than those of the corpus."""

    fixture: ClassVar[Path]
    """The training file of the fixtures."""

    learning: ClassVar[dict[str, Any]]
    """The model's parameters with which it learns the fixtures."""

    steps: ClassVar[int] = 40
    """And in so many steps."""

    figures: ClassVar[int]
    """How many metrics there are of the fixtures when an epoch ends."""

    overrides: ClassVar[dict[str, Any]] = {}
    """Of the config in all tests."""

    no_dropout: ClassVar[dict[str, float]] = {"model.dropout": 0.0}

    variants: ClassVar[list[dict[str, Any]]] = [{}]
    """Overrides with each of which the model is held against `logits_by_hand`."""

    encoders: ClassVar[list[str]] = ["encoder"]
    """Which of the model's parameters are encoders."""

    def logits_by_hand(self, setup: TaskSetup, instance: Instance) -> np.ndarray:
        """What the model is said to give for an instance without padding, in NumPy but for token vectors and LSTMs."""
        raise NotImplementedError

    @torch.no_grad()
    @pytest.mark.parametrize("elmo", PLACES)
    def test_is_what_is_said(self, config: Config, elmo: str | None) -> None:
        for variant in self.variants:
            setup = TaskSetup(config(elmo, variant))
            setup.model.eval()
            together = setup.run(setup.instances)["logits"]
            for number, instance in enumerate(setup.instances):
                np.testing.assert_allclose(together[number], self.logits_by_hand(setup, instance), atol=1e-5)

    @pytest.mark.parametrize("encoder", [{"type": "pass_through"}, {"type": "gru", "hidden_size": 3}])
    def test_other_encoders_than_lstms_may_be_used(self, config: Config, encoder: dict[str, Any]) -> None:
        params = config("both", self.overrides).as_dict()
        params["model"].update({name: dict(encoder) for name in self.encoders})
        setup = TaskSetup(Params(params))
        assert setup.run(setup.instances)["loss"] > 0

    @torch.no_grad()
    @pytest.mark.parametrize("elmo", PLACES)
    def test_batch_mates_and_padding_change_nothing(self, config: Config, elmo: str | None) -> None:
        setup = TaskSetup(config(elmo, self.overrides))
        setup.model.eval()
        mates = [setup.instance(*mate) for mate in self.mates]
        alone = torch.cat([setup.run([instance])["probabilities"] for instance in setup.instances])
        for before, after in (([], []), (mates, []), ([], mates[:1]), (mates[1:], mates)):
            together = setup.run([*before, *setup.instances, *after])["probabilities"]
            ours = together[len(before) : len(before) + len(alone)]
            torch.testing.assert_close(ours, alone, rtol=0, atol=1e-5)

    @pytest.mark.parametrize("elmo", PLACES)
    def test_trains_saves_loads_and_predicts_the_same(self, config: Config, elmo: str | None, tmp_path: Path) -> None:
        model = train_model(config(elmo, self.overrides), str(tmp_path / "run"))
        assert model is not None
        archive = load_archive(tmp_path / "run")
        instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
        before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
        for instance, one, other in zip(instances, before, after, strict=True):
            assert one["label"] == other["label"] == max(one["probabilities"], key=one["probabilities"].get)
            assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
            assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-5)
            metadata = {name: value for name, value in instance["metadata"].items() if name != "label"}
            assert {name: one[name] for name in metadata} == metadata

    def test_trains_in_mixed_precision(self, config: Config) -> None:
        TaskSetup(config("both", {**self.no_dropout, **self.overrides})).check_mixed_precision()

    @pytest.mark.parametrize("elmo", [None, "both"])
    def test_can_be_copied_pickled_and_saved_whole(self, config: Config, elmo: str | None) -> None:
        TaskSetup(config(elmo, self.overrides)).check_copies()

    @pytest.mark.parametrize("elmo", PLACES)
    def test_gradients_reach_every_parameter_and_none_of_the_bilm(self, config: Config, elmo: str | None) -> None:
        TaskSetup(config(elmo, {**self.no_dropout, **self.overrides})).check_gradients(elmo)

    @pytest.mark.parametrize("elmo", PLACES)
    def test_the_bilm_runs_once_a_batch(self, config: Config, elmo: str | None, bilm_runs: list[int]) -> None:
        setup = TaskSetup(config(elmo, self.overrides))
        for batch in range(2):
            setup.run(setup.instances[batch : batch + 3])
        assert len(bilm_runs) == (2 if elmo else 0)

    @pytest.mark.parametrize("elmo", [None, "both"])
    def test_learns_the_fixtures(self, config: Config, elmo: str | None) -> None:
        embedding_dim = "text_field_embedder.token_embedders.tokens.embedding_dim"
        overrides = {f"model.{name}": value for name, value in {embedding_dim: 24, **self.learning}.items()}
        overrides |= {"train_data_path": str(self.fixture), **self.no_dropout, **self.overrides}
        setup = TaskSetup(config(elmo, overrides))
        setup.train(self.steps, lr=0.01)
        setup.run(setup.instances)
        metrics = setup.model.get_metrics(reset=True)
        assert len(setup.instances) >= 40
        assert len(metrics) == self.figures
        assert set(metrics.values()) == {1.0}

    def test_an_override_takes_elmo_away(self, config: Config) -> None:
        setup = TaskSetup(config("input", {**self.overrides, "model.elmo": None}))
        assert setup.run(setup.instances)["loss"] > 0

    def test_elmo_needs_its_indexer(self, config: Config) -> None:
        params = config("output", self.overrides).as_dict()
        del params["dataset_reader"]["token_indexers"]["elmo"]
        setup = TaskSetup(Params(params))
        with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: tokens'):
            setup.run(setup.instances)

    def test_sizes_that_do_not_fit_are_an_error(self, config: Config) -> None:
        with pytest.raises(ConfigurationError, match=r"input of encoder has vectors of length .* says 12: leave"):
            TaskSetup(config(None, {**self.overrides, "model.encoder.input_size": 12}))

    def test_a_namespace_with_padding_predicts_none(self, config: Config) -> None:
        """One whose name does not end in "labels" or "tags" has two entries that are no labels."""
        setup = TaskSetup(config(None, self.overrides))
        labels = setup.model.label_names()
        for label in labels:
            setup.vocab.add_token_to_namespace(label, "answers")
        other_namespace = config(None, {**self.overrides, "model.label_namespace": "answers"})["model"]
        model = Model.from_params(other_namespace, vocab=setup.vocab)
        tensors = setup.tensors(setup.instances)
        output = model.make_output_human_readable(model(**{**tensors, "label": tensors["label"] + 2}))
        assert torch.isfinite(output["loss"])
        for probabilities in output["probabilities"]:
            assert set(probabilities) == set(labels)
            assert sum(probabilities.values()) == pytest.approx(1)
        assert not any("@@" in name for name in model.get_metrics(reset=True))

    def test_a_namespace_without_labels_is_said(self, config: Config) -> None:
        setup = TaskSetup(config(None, self.overrides))
        with pytest.raises(ConfigurationError, match='no labels in the namespace "answers"'):
            Model.from_params(
                config(None, {**self.overrides, "model.label_namespace": "answers"})["model"], vocab=setup.vocab
            )

    def test_a_single_label_is_warned_of_in_one_line(self, config: Config, caplog: pytest.LogCaptureFixture) -> None:
        params = config(None, self.overrides)
        setup = TaskSetup(params.duplicate())
        assert not _records(caplog)
        one_label = Vocabulary.from_instances(setup.instances[:1])
        Model.from_params(params["model"], vocab=one_label)
        (record,) = _records(caplog)
        (label,) = one_label.get_token_to_index_vocabulary("labels")
        assert record.levelname == "WARNING"
        assert record.getMessage().startswith(f'All training data has one and the same label, "{label}": ')

    def test_new_labels_get_outputs_and_old_ones_keep_theirs(self, config: Config) -> None:
        setup = TaskSetup(config("both", self.overrides))
        setup.model.eval()
        before = setup.run(setup.instances)["logits"]
        setup.vocab.add_token_to_namespace("unheard-of", "labels")
        setup.model.extend_labels()
        after = setup.run(setup.instances)["logits"]
        assert after.shape[1] == before.shape[1] + 1
        torch.testing.assert_close(after[:, :-1], before)
        assert "precision-unheard-of" in setup.model.get_metrics(reset=True)

    def test_the_figures_of_single_labels_come_at_the_end(self, config: Config) -> None:
        setup = TaskSetup(config(None, self.overrides))
        setup.run(setup.instances)
        assert set(setup.model.get_metrics()) == {"accuracy", "macro-f1"}
        assert {"accuracy", "macro-f1"} < set(setup.model.get_metrics(reset=True))
        assert set(setup.model.get_metrics(reset=True).values()) == {0.0}

    def test_metadata_may_be_missing(self, config: Config) -> None:
        setup = TaskSetup(config(None, self.overrides))
        tensors = setup.tensors(setup.instances)
        del tensors["metadata"]
        assert set(setup.model(**tensors)) == {"logits", "probabilities", "loss"}
        assert "accuracy" in setup.model.get_metrics(reset=True)

    @torch.no_grad()
    def test_a_label_that_training_never_saw_is_an_error_without_a_loss(self, config: Config) -> None:
        setup = TaskSetup(config(None, self.overrides))
        setup.model.eval()
        loss = setup.run(setup.instances[:2])["loss"]
        setup.model.get_metrics(reset=True)
        strange = setup.instance(*self.mates[1][:-1], "unheard-of")
        torch.testing.assert_close(setup.run([*setup.instances[:2], strange])["loss"], loss)
        metrics = setup.model.get_metrics(reset=True)
        assert metrics["recall-unheard-of"] == 0
        assert metrics["accuracy"] in (0, 1 / 3, 2 / 3)
        assert setup.run([strange])["loss"] == 0


def _records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the labelling models have logged."""
    return [record for record in caplog.records if record.name == "elmo_tasks.tasks.base.labelling"]


def linear(layer: Any, vectors: np.ndarray) -> np.ndarray:
    """What a linear layer makes of vectors, in NumPy. Shapes `(..., inputs)` to `(..., outputs)`."""
    return vectors @ layer.weight.numpy().T + layer.bias.numpy()


def attended(pooling: Any, vectors: np.ndarray) -> np.ndarray:
    """The mean of a text's vectors, weighted by a `TextPooling`'s attention, in NumPy."""
    first, last = pooling.attention[0], pooling.attention[2]
    weights = np.exp(np.tanh(linear(first, vectors)) @ last.weight.numpy()[0])
    return weights / weights.sum() @ vectors


def classified(classifier: torch.nn.Sequential, vector: np.ndarray) -> np.ndarray:
    """What a classifier with ReLU between its layers makes of a vector, in NumPy."""
    *hidden, last = [layer for layer in classifier if isinstance(layer, torch.nn.Linear)]
    for layer in hidden:
        vector = np.maximum(linear(layer, vector), 0)
    return linear(last, vector)


def check_dropout_of_whole_dimensions(config: Config) -> None:
    """That a dimension of the encoder's input is dropped in all tokens of a text alike."""
    setup = TaskSetup(config(None, {"model.dropout": 0.5, "model.projection_dim": None}))
    seen: list[torch.Tensor] = []
    setup.model.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    setup.run(setup.instances)
    # The first two tokens of each text, which are never padding.
    dropped = seen[0][:, :2] == 0
    assert torch.equal(dropped[:, 0], dropped[:, 1])
    assert 0.2 < dropped.float().mean() < 0.8
