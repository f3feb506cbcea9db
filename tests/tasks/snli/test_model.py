import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.modules import Seq2SeqEncoder
from label_model_tests import Config, LabelModelTests, classified, linear
from sklearn.metrics import precision_recall_fscore_support

from task_setup import TaskSetup

FIXTURES = Path(__file__).parents[3] / "fixtures" / "snli"
LONG = ["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"] * 30


class TestWhatHoldsForAll(LabelModelTests):
    mates: ClassVar = [(LONG, ["short"], "neutral"), (["short"], LONG + LONG, "neutral")]
    fixture = FIXTURES / "train.jsonl"
    learning: ClassVar = {
        "projection_dim": 24,
        "hidden_dim": 24,
        "encoder.hidden_size": 24,
        "inference_encoder.hidden_size": 24,
    }
    figures = 2 + 2 * 3
    encoders: ClassVar = ["encoder", "inference_encoder"]

    def logits_by_hand(self, setup: TaskSetup, instance: Instance) -> np.ndarray:
        model, tensors = setup.model, setup.tensors([instance])
        encoded = []
        for text in model.embed(tensors["premise"], tensors["hypothesis"]):
            vectors = text.words if text.elmo is None else torch.cat([text.words, text.elmo], dim=-1)
            states = run_alone(model.encoder, vectors)
            at_output = [text.output_elmo] if text.output_elmo is not None else []
            encoded.append(torch.cat([states, *at_output], dim=-1)[0].numpy())
        pooled = []
        for text, other in (encoded, encoded[::-1]):
            projected = []
            for token in text:
                weights = np.exp([token @ one for one in other])
                aligned = sum(weight * one for weight, one in zip(weights / weights.sum(), other, strict=True))
                enhanced = np.concatenate([token, aligned, token - aligned, token * aligned])
                projected.append(np.maximum(linear(model.projection, enhanced), 0))
            inferred = run_alone(model.inference_encoder, torch.tensor(np.stack(projected))[None])[0].numpy()
            pooled += [inferred.mean(axis=0), inferred.max(axis=0)]
        return classified(model.classifier, np.concatenate(pooled))


def run_alone(encoder: Seq2SeqEncoder, vectors: torch.Tensor) -> torch.Tensor:
    """Of one text, shape `(1, tokens, dim)`, without padding."""
    return encoder(vectors, torch.ones(vectors.shape[:2], dtype=torch.bool))


def test_metrics_are_scikit_learns(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    for start in (0, 3):
        setup.run(setup.instances[start : start + 3])
    metrics = setup.model.get_metrics(reset=True)

    predicted = [one["label"] for one in setup.model.forward_on_instances(setup.instances)]
    gold = [instance["label"].label for instance in setup.instances]
    labels = ["entailment", "neutral", "contradiction"]
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, labels=labels, zero_division=0)
    expected = {"accuracy": np.mean([one == other for one, other in zip(predicted, gold, strict=True)])}
    expected["macro-f1"] = np.mean(f1)
    expected |= {f"precision-{label}": value for label, value in zip(labels, precision, strict=True)}
    expected |= {f"recall-{label}": value for label, value in zip(labels, recall, strict=True)}
    assert metrics == pytest.approx(expected)


@pytest.mark.parametrize(("premise", "hypothesis", "which"), [(["a"], [], "hypothesis"), ([], ["a"], "premise")])
def test_an_empty_text_is_an_error(config: Config, premise: list[str], hypothesis: list[str], which: str) -> None:
    setup = TaskSetup(config("both"))
    with pytest.raises(ConfigurationError, match=f"{which.capitalize()} 2 of a batch .* no tokens"):
        setup.run([*setup.instances[:2], setup.instance(premise, hypothesis, "neutral")])


def test_variational_dropout_drops_a_dimension_in_all_tokens(config: Config) -> None:
    setup = TaskSetup(config("both", {"model.dropout": 0.5}))
    seen: dict[str, torch.Tensor] = {}
    for name in ("encoder", "inference_encoder"):
        module = getattr(setup.model, name)
        module.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    setup.run(setup.instances)
    # Token vectors are never exactly 0; at the inference encoder ReLU makes zeros too.
    zero = seen["encoder"][:, 0] == 0
    assert 0 < zero.float().mean() < 1
    lengths = [len(pair["premise"].tokens) for pair in setup.instances]
    for row, length in enumerate(lengths):
        assert torch.equal(seen["encoder"][row, :length] == 0, zero[row].expand(length, -1))


def test_attention_dropout_is_of_what_is_projected(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.attention_dropout": 0.5}))
    seen: list[torch.Tensor] = []
    setup.model.projection.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    setup.run(setup.instances)
    # The first token of each text, which is never padding.
    assert 0.3 < (seen[0][:, 0] == 0).float().mean() < 0.7


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = (model.encoder.get_input_dim(), model.projection.in_features)
    # Words 5, ELMo 6, twice 4 hidden units.
    assert dims == {"input": (5 + 6, 4 * 8), "output": (5, 4 * (8 + 6)), "both": (5 + 6, 4 * (8 + 6))}
    last = TaskSetup(config("both", {"model.elmo.layers": "last", "model.elmo.scalar_l2": 0}))
    assert not any("scalar_parameters" in name for name, _ in last.model.named_parameters())
    assert last.model.get_regularization_penalty() is None


def test_the_weights_of_the_layers_are_regularized(config: Config) -> None:
    setup = TaskSetup(config("both", {"model.elmo.scalar_l2": 0.1}))
    assert setup.model.get_regularization_penalty() == 0
    for name, parameter in setup.model.named_parameters():
        if "scalar_parameters" in name:
            torch.nn.init.constant_(parameter, 2.0)
    # Two mixes of three layers.
    torch.testing.assert_close(setup.model.get_regularization_penalty(), torch.tensor(2 * 3 * 0.1 * 2.0**2))


def test_the_second_encoders_size_is_checked_too(config: Config) -> None:
    with pytest.raises(ConfigurationError, match=r"input of inference_encoder has vectors of length .* says 12: leave"):
        TaskSetup(config(None, {"model.inference_encoder.input_size": 12}))


@pytest.mark.parametrize(
    ("name", "value"), [("projection_dim", 0), ("hidden_dim", -1), ("dropout", 2), ("attention_dropout", -0.1)]
)
def test_sizes_that_cannot_be(name: str, value: Any, config: Config) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name} is .*; it must be"):
        TaskSetup(config(None, {f"model.{name}": value}))


def test_encoders_of_two_kinds_may_be_used(config: Config) -> None:
    params = config("both").as_dict()
    params["model"]["encoder"] = {"type": "gru", "hidden_size": 3}
    params["model"]["inference_encoder"] = {"type": "stacked_bidirectional_lstm", "hidden_size": 2, "num_layers": 2}
    del params["model"]["initializer"]
    setup = TaskSetup(Params(params))
    assert setup.model.projection.in_features == 4 * (3 + 6)
    assert setup.run(setup.instances)["loss"] > 0


def test_any_number_of_labels(config: Config, tmp_path: Path) -> None:
    """HANS and SciTail have two."""
    data = tmp_path / "two.jsonl"
    pairs = [("entailment", "A dog barks .", "A dog ."), ("non-entailment", "A dog barks .", "A cat .")]
    lines = [{"gold_label": label, "sentence1": one, "sentence2": other} for label, one, other in pairs]
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    overrides = {"dataset_reader.labels": None, "dataset_reader.tokens_from": "text", "train_data_path": str(data)}
    setup = TaskSetup(config(None, {**overrides, "model.dropout": 0.0}))
    setup.train(60, lr=0.03)
    output = setup.model.make_output_human_readable(setup.run(setup.instances))
    assert output["label"] == ["entailment", "non-entailment"]
    assert set(output["probabilities"][0]) == {"entailment", "non-entailment"}
    metrics = setup.model.get_metrics(reset=True)
    assert set(metrics) == {
        "accuracy",
        "macro-f1",
        *(f"{what}-{pair[0]}" for what in ("precision", "recall") for pair in pairs),
    }


MERGED = {"neutral": "non-entailment", "contradiction": "non-entailment"}


def test_labels_can_count_as_one(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.merge_labels": MERGED}))
    setup.model.eval()
    pairs = [(["Ada"], ["Bo"], label) for label in ("entailment", "non-entailment", "non-entailment")]
    setup.run([setup.instance(*pair) for pair in pairs])
    metrics = setup.model.get_metrics(reset=True)
    names = ("entailment", "non-entailment")
    figures = {f"{figure}-{name}" for figure in ("precision", "recall") for name in names}
    assert set(metrics) == {"accuracy", "macro-f1", *figures}
    (predicted,) = {one["label"] for one in setup.model.forward_on_instances([setup.instance(*pairs[0])])}
    assert metrics["accuracy"] == pytest.approx(1 / 3 if predicted == "entailment" else 2 / 3)


@pytest.mark.parametrize(
    ("merged", "message"),
    [
        ({"paraphrase": "entailment"}, 'has "paraphrase", which is none of the model\'s labels: .*neutral'),
        ({"neutral": 1}, "it must have a label for each of its labels"),
        ("neutral", "merge_labels is 'neutral'; it must have"),
    ],
)
def test_what_counts_as_one_is_checked(config: Config, merged: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, {"model.merge_labels": merged}))
