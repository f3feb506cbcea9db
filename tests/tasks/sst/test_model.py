import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.modules import Maxout, Seq2SeqEncoder
from label_model_tests import Config, LabelModelTests, linear

from elmo_tasks.tasks.classification.reader import ClassificationReader
from elmo_tasks.tasks.sst.model import biattention
from task_setup import TaskSetup

Array = np.ndarray
MAXOUT = {"model.maxout_pieces": 3}


class TestWhatHoldsForAll(LabelModelTests):
    mates: ClassVar = [(["Llanfairpwllgwyngyllgogerychwyrndrobwll"] * 30, "4"), (["short"], "0")]
    fixture = Path(__file__).parents[3] / "fixtures" / "sst" / "train.txt"
    learning: ClassVar = {
        "projection_dim": 24,
        "encoder.hidden_size": 24,
        "integrator.hidden_size": 24,
        "hidden_dims": [24],
    }
    steps = 60
    figures = 2 + 2 * 5
    no_dropout: ClassVar = {"model.dropout": 0.0, "model.hidden_dropout": 0.0}
    variants: ClassVar = [{}, MAXOUT, {"model.hidden_dims": []}]
    encoders: ClassVar = ["encoder", "integrator"]

    def logits_by_hand(self, setup: TaskSetup, instance: Instance) -> Array:
        model: Any = setup.model
        (text,) = model.embed(setup.tensors([instance])["tokens"])
        projected = []
        for number in range(text.words.shape[1]):
            parts = [part[0, number].numpy() for part in (text.words, text.elmo) if part is not None]
            projected.append(np.maximum(linear(model.projection, np.concatenate(parts)), 0))
        encoded = run_alone(model.encoder, projected)
        pairs = zip(encoded, attended_by_hand(encoded), strict=True)
        integrated = run_alone(model.integrator, [np.concatenate([x, x - a, x * a]) for x, a in pairs])
        if text.output_elmo is not None:
            integrated = [np.concatenate([x, e]) for x, e in zip(integrated, text.output_elmo[0].numpy(), strict=True)]
        states = np.stack(integrated)
        weights = softmax(states @ model.pooling.linear_attention.weight[0].numpy())
        vector = np.concatenate([states.max(axis=0), states.min(axis=0), states.mean(axis=0), weights @ states])
        *hidden, last = [layer for layer in model.classifier if isinstance(layer, torch.nn.Linear | Maxout)]
        for layer in hidden:
            vector = hidden_by_hand(layer, vector)
        return linear(last, vector)


def softmax(scores: Any) -> Array:
    weights = np.exp(np.array(scores) - max(scores))
    return weights / weights.sum()


def run_alone(encoder: Seq2SeqEncoder, vectors: list[Array]) -> list[Array]:
    """Of one text without padding."""
    inputs = torch.tensor(np.stack(vectors))[None]
    return list(encoder(inputs, torch.ones(inputs.shape[:2], dtype=torch.bool))[0].numpy())


def attended_by_hand(tokens: list[Array]) -> list[Array]:
    """For each token the mean of all, weighted by their dot products with it."""
    weights = [softmax([token @ other for other in tokens]) for token in tokens]
    return [sum(weight * other for weight, other in zip(row, tokens, strict=True)) for row in weights]


def hidden_by_hand(layer: Any, vector: Array) -> Array:
    if isinstance(layer, torch.nn.Linear):
        return np.maximum(linear(layer, vector), 0)
    (pieces,) = layer._linear_layers
    return linear(pieces, vector).reshape(-1, 3).max(axis=1)


def test_tokens_attend_to_their_own_text_and_not_to_padding() -> None:
    lengths = torch.tensor([1, 4, 2])
    mask = torch.arange(4) < lengths[:, None]
    encoded = torch.randn(3, 4, 5)
    result = biattention(encoded, mask).numpy()
    assert result.shape == (3, 4, 15)
    for row, length in enumerate(lengths):
        tokens = list(encoded[row, :length].numpy())
        for number, (x, a) in enumerate(zip(tokens, attended_by_hand(tokens), strict=True)):
            np.testing.assert_allclose(result[row, number], np.concatenate([x, x - a, x * a]), atol=1e-5)


@torch.no_grad()
def test_the_cache_has_each_different_phrase_once(config: Config, bilm_runs: list[int], tmp_path: Path) -> None:
    setup = TaskSetup(config("both", {"model.elmo.cache": str(tmp_path)}, phrases="all"))
    setup.model.eval()
    first = setup.run(setup.instances)["logits"]
    torch.testing.assert_close(setup.run(setup.instances)["logits"], first)
    assert len(bilm_runs) == 1
    phrases = {tuple(instance["metadata"]["tokens"]) for instance in setup.instances}
    assert len(phrases) < len(setup.instances)
    (file,) = tmp_path.glob("*.sqlite")
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT count(*) FROM entries").fetchone() == (len(phrases),)


def test_maxout_is_learned_too(config: Config) -> None:
    setup = TaskSetup(config("both", {**MAXOUT, **TestWhatHoldsForAll.no_dropout}))
    setup.check_gradients("both")
    setup.train(60, lr=0.02)
    setup.run(setup.instances)
    assert setup.model.get_metrics()["accuracy"] == 1


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = (model.projection.in_features, model.pooling.get_output_dim())
    # Words 5, ELMo 6, twice 4 hidden units; pooled in four ways.
    assert dims == {"input": (5 + 6, 4 * 8), "output": (5, 4 * (8 + 6)), "both": (5 + 6, 4 * (8 + 6))}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.projection_dim": 0}, "projection_dim is 0; it must be"),
        ({"model.hidden_dims": [3, -1]}, "hidden_dims is -1; it must be"),
        ({"model.maxout_pieces": 1.5}, "maxout_pieces is 1.5; it must be"),
        ({"model.dropout": 2}, "dropout is 2; it must be"),
        ({"model.hidden_dropout": -0.1}, "hidden_dropout is -0.1; it must be"),
        ({"model.integrator.input_size": 12}, "input of integrator has vectors of length 24, .* says 12: leave"),
    ],
)
def test_parameters_are_checked(config: Config, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, overrides))


def test_a_text_without_tokens_is_named(config: Config) -> None:
    setup = TaskSetup(config("both"))
    with pytest.raises(ConfigurationError, match=r"Text 1 of a batch .* has no tokens"):
        setup.run([setup.instances[0], setup.instance([], "2")])


def test_windows_are_refused(config: Config) -> None:
    setup = TaskSetup(config(None))
    reader = ClassificationReader(max_tokens=2, long_texts="window")
    instance = reader.text_to_instance(["It", "works", "."], "4")
    reader.apply_token_indexers(instance)
    with pytest.raises(ConfigurationError, match=r'"elmo_bcn" reads texts whole.* set its long_texts to "cut"'):
        setup.run([instance])


def test_the_reader_of_trees_goes_with_the_pooled_model(config: Config) -> None:
    params = config(None)
    params["model"] = {
        "type": "elmo_classifier",
        "text_field_embedder": params["model"]["text_field_embedder"].as_dict(),
        "encoder": {"type": "lstm", "hidden_size": 3},
    }
    setup = TaskSetup(params)
    output = setup.run(setup.instances)
    assert output["tokens"][0] == ["It", "works", "."]
    assert "tokens_left_out" not in output
