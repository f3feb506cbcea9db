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
from allennlp.models import load_archive
from torch import Tensor

from elmo_tasks.tasks.squad.corpus import Answer
from task_setup import TaskSetup, kept_bytes

Config = Callable[..., Params]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "squad"
SETTINGS = [(None, True), (None, False), ("input", False), ("output", True), ("both", True), ("both", False)]
"""Where ELMo is, and whether there is self-attention."""


def encoded_by_hand(model: Any, text: dict[str, Any]) -> Tensor:
    """A text without padding; token vectors, highway and encoder are the model's. Shape `(1, tokens, dim)`."""
    (embedded,) = model.embed(text)
    words = embedded.words if model.highway is None else model.highway(embedded.words)
    at_input = [words] if embedded.elmo is None else [words, embedded.elmo]
    mask = torch.ones(words.shape[:2], dtype=torch.bool)
    encoded = model.contextual_layer(torch.cat(at_input, dim=-1), mask)
    return encoded if embedded.output_elmo is None else torch.cat([encoded, embedded.output_elmo], dim=-1)


def log_likelihoods_by_hand(setup: TaskSetup, instance: Instance) -> list[np.ndarray]:
    """Of each token of one passage as a start, and as an end; test_attention.py and test_layers.py have the parts'."""
    model: Any = setup.model
    tensors = setup.tensors([instance])
    passage, question = (encoded_by_hand(model, tensors[name]) for name in ("passage", "question"))
    masks = [torch.ones(text.shape[:2], dtype=torch.bool) for text in (passage, question)]
    scores = model.layers(model.attention(passage, masks[0], question, masks[1]), masks[0])
    logits = [of_tokens[0].numpy().astype(float) for of_tokens in scores]
    return [of_tokens - np.log(np.exp(of_tokens).sum()) for of_tokens in logits]


@torch.no_grad()
@pytest.mark.parametrize(("elmo", "self_attention"), SETTINGS)
def test_the_loss_is_that_of_starts_and_that_of_ends(config: Config, elmo: str | None, self_attention: bool) -> None:
    setup = TaskSetup(config(elmo, self_attention))
    setup.model.eval()
    # So that no part is as good as left out, and starts differ from ends.
    for name, parameter in setup.model.named_parameters():
        if "scalar_parameters" in name or "_scores" in name:
            torch.nn.init.normal_(parameter)
    # The answer is inside a token, and not covered by it.
    setup.reader._cover_inexact = False
    unknown = setup.instance("Who?", "Ada went.", [Answer("da", 1)])
    output = setup.run([*setup.instances, unknown])
    expected = 0.0
    for number, instance in enumerate(setup.instances):
        starts, ends = log_likelihoods_by_hand(setup, instance)
        for name, of_tokens in (("start_logits", starts), ("end_logits", ends)):
            likelihoods = output[name][number, : len(of_tokens)].log_softmax(dim=0)
            np.testing.assert_allclose(likelihoods, of_tokens, atol=1e-5)
        span = instance["answer_span"]
        expected -= starts[span.span_start] + ends[span.span_end]
    assert any(instance["answer_span"].span_start != instance["answer_span"].span_end for instance in setup.instances)
    assert output["loss"].item() == pytest.approx(expected / len(setup.instances), abs=1e-4)


@pytest.mark.parametrize(("elmo", "self_attention"), [("both", True), (None, False)])
def test_trains_saves_loads_and_predicts_the_same(
    config: Config, elmo: str | None, self_attention: bool, tmp_path: Path
) -> None:
    model = train_model(config(elmo, self_attention), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    for one, other in zip(before, after, strict=True):
        for name in ("start_logits", "end_logits"):
            torch.testing.assert_close(torch.tensor(one[name]), torch.tensor(other[name]), rtol=0, atol=1e-5)
        assert one["best_answer"] == other["best_answer"]


@pytest.mark.parametrize(("elmo", "self_attention"), SETTINGS)
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None, self_attention: bool) -> None:
    setup = TaskSetup(config(elmo, self_attention))
    setup.model.eval()
    asked = [
        (instance["metadata"]["question"], instance["metadata"]["passage"]) for instance in setup.instances[1:4]
    ] + [("Why?", "Word")]
    long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch " * 40
    together = setup.run([setup.instance(*texts) for texts in [(long, "Short."), ("Short?", long), *asked]])
    for number, texts in enumerate(asked):
        alone = setup.run([setup.instance(*texts)])
        for name in ("start_logits", "end_logits"):
            length = alone[name].shape[1]
            torch.testing.assert_close(together[name][number + 2, :length], alone[name][0], rtol=0, atol=1e-5)
            assert (together[name][number + 2, length:] == torch.finfo(torch.float).min).all()
        assert together["best_answer"][number + 2] == alone["best_answer"][0]


@pytest.mark.parametrize("self_attention", [False, True])
def test_trains_in_mixed_precision(config: Config, self_attention: bool) -> None:
    TaskSetup(config("both", self_attention, {"model.dropout": 0.0})).check_mixed_precision()


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo, True)).check_copies()


@pytest.mark.parametrize(("elmo", "self_attention"), SETTINGS)
def test_gradients_reach_every_parameter_and_none_of_the_bilm(
    config: Config, elmo: str | None, self_attention: bool
) -> None:
    TaskSetup(config(elmo, self_attention, {"model.dropout": 0.0})).check_gradients(elmo)


def test_two_texts_at_two_places_share_one_run_of_the_bilm(config: Config, bilm_runs: list[int]) -> None:
    setup = TaskSetup(config("both"))
    setup.run(setup.instances)
    assert len(bilm_runs) == 1


@pytest.mark.parametrize(("elmo", "self_attention"), [("both", True), (None, False)])
def test_learns_its_training_questions_by_heart(config: Config, elmo: str | None, self_attention: bool) -> None:
    # Windows are quicker to learn from than whole passages.
    windows = {"dataset_reader.long_passages": "window", "dataset_reader.window_stride": 20}
    arguments = {
        "train": str(FIXTURES / "train.json"),
        "max_passage_tokens": 32,
        "sizes": {"words": 50, "characters": 4, "filters": 8, "filter_width": 3, "hidden": 32},
    }
    setup = TaskSetup(config(elmo, self_attention, {"model.dropout": 0.0, **windows}, **arguments))
    assert len({instance["metadata"]["id"] for instance in setup.instances}) == 35
    batch = setup.tensors(setup.instances)
    trained = [parameter for parameter in setup.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.02)
    for _ in range(100):
        optimizer.zero_grad()
        setup.model(**batch)["loss"].backward()
        if setup.model.get_metrics(reset=True)["em"] == 1:
            return
        torch.nn.utils.clip_grad_norm_(trained, 5.0)
        optimizer.step()
    pytest.fail("not all questions were answered rightly after 100 steps")


@pytest.mark.parametrize("self_attention", [True, False])
def test_an_unknown_answer_gives_no_loss(config: Config, self_attention: bool) -> None:
    setup = TaskSetup(config(None, self_attention, {"model.dropout": 0.0}))
    known = setup.instances[:2]
    # Inside a token, and with the option that would cover it taken away.
    setup.reader._cover_inexact = False
    unknown = setup.instance("Who?", "Ada went.", [Answer("da", 1)])
    assert unknown["answer_span"].span_start == -1
    expected = setup.run(known)["loss"]
    setup.model.get_metrics(reset=True)
    torch.testing.assert_close(setup.run([*known, unknown])["loss"], expected)
    none = setup.run([unknown, unknown])["loss"]
    assert none.item() == 0
    none.backward()
    assert all(parameter.grad is None or not parameter.grad.any() for parameter in setup.model.parameters())
    # It is scored all the same.
    assert setup.model._scores._count == 5


def test_answers_have_a_longest_length(config: Config) -> None:
    setup = TaskSetup(config(None, True, {"model.max_span_length": 2}))
    setup.model.eval()
    # The model would like to begin at the first token and to end at the last.
    tokens = setup.instances[0]["passage"].tokens
    scores = torch.linspace(1, 0, len(tokens))[None], torch.linspace(0, 3, len(tokens))[None]
    setup.model.layers.forward = lambda attended, mask: scores  # type: ignore[method-assign, assignment]
    output = setup.run(setup.instances[:1])
    assert output["best_span"].tolist() == [[len(tokens) - 2, len(tokens) - 1]]
    assert output["best_answer"] == ["it."]
    setup.model.max_span_length = None
    assert setup.run(setup.instances[:1])["best_answer"] == [setup.instances[0]["metadata"]["passage"]]


def test_a_question_counts_once_whatever_its_windows(config: Config) -> None:
    windows = {"max_passage_tokens": 6, "long_passages": "window", "answerable_only": False}
    setup = TaskSetup(config("input", False, {f"dataset_reader.{name}": value for name, value in windows.items()}))
    assert len(setup.instances) > 7
    setup.run(setup.instances)
    assert setup.model._scores._count == 5


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        setup = TaskSetup(config("input", True, {"model.elmo.place": place}))
        assert setup.run(setup.instances)["loss"] > 0
        dims[place] = setup.model.contextual_layer.get_input_dim(), setup.model.attention.output_dim
    # Words 5, character filters 6, ELMo 6; an encoder gives 8.
    assert dims == {"input": (17, 4 * 8), "output": (11, 4 * 14), "both": (17, 4 * 14)}
    last = TaskSetup(config("both", True, {"model.elmo.layers": "last"}))
    assert not any("scalar_parameters" in name for name, _ in last.model.named_parameters())
    none = TaskSetup(config("both", True, {"model.elmo": None}))
    assert none.run(none.instances)["loss"] > 0


def test_the_weights_of_the_layers_are_regularized(config: Config) -> None:
    setup = TaskSetup(config("both", True, {"model.elmo.scalar_l2": 0.1}))
    for name, parameter in setup.model.named_parameters():
        if "scalar_parameters" in name:
            torch.nn.init.constant_(parameter, 2.0)
    # Two mixes of three layers.
    torch.testing.assert_close(setup.model.get_regularization_penalty(), torch.tensor(2 * 3 * 0.1 * 2.0**2))


@pytest.mark.parametrize(
    ("self_attention", "overrides", "message"),
    [
        (True, {"model.self_attention": False}, "self_attention is false, and there is a span_start_encoder"),
        (False, {"model.self_attention": True}, "self_attention is true, and there is no span_start_encoder"),
        (True, {"model.max_span_length": 0}, "max_span_length is 0"),
        (True, {"model.dropout": 2}, "dropout is 2; it must be a number"),
        # Words 5, character filters 6; an encoder gives 8.
        *(
            (
                self_attention,
                {f"model.{name}.input_size": 7},
                f"input of {name} has vectors of length {length}, and .* 7:",
            )
            for self_attention, sizes in (
                (False, {"contextual_layer": 11, "modeling_layer": 32, "span_end_encoder": 8}),
                (True, {"contextual_layer": 11, "modeling_layer": 8, "span_start_encoder": 8, "span_end_encoder": 16}),
            )
            for name, length in sizes.items()
        ),
    ],
)
def test_what_does_not_fit_is_an_error(
    config: Config, self_attention: bool, overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, self_attention, overrides))


def test_elmo_needs_its_indexer(config: Config) -> None:
    params = config("output").as_dict()
    del params["dataset_reader"]["token_indexers"]["elmo"]
    setup = TaskSetup(Params(params))
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo"'):
        setup.run(setup.instances)


def test_only_the_highway_is_without_elmo(config: Config) -> None:
    setup = TaskSetup(config("both", False))
    # Words 5, character filters 6.
    assert setup.model.highway._input_dim == 11
    assert TaskSetup(config("both", True)).model.highway is None


def test_an_initializer(config: Config) -> None:
    initializer = {"regexes": [["start_scores.weight", {"type": "constant", "val": 0.25}]]}
    setup = TaskSetup(config(None, True, {"model.initializer": initializer}))
    assert (setup.model.layers.start_scores.weight == 0.25).all()


def kept_of_passages(setup: TaskSetup, tokens: int) -> int:
    """What a training step keeps for the gradients of two passages of so many tokens."""
    passage = " ".join(f"word{number}" for number in range(tokens))
    instance = setup.instance("Which word is the first of all these many words?", passage, [Answer("word0", 0)])
    return kept_bytes(setup.model, lambda: setup.run([instance, instance])["loss"])


def test_32_passages_of_700_tokens_fit_into_16_gb(
    config: Config, make_bilm: Callable[[int], dict[str, str]], record_property: Callable[[str, Any], None]
) -> None:
    # The paper's sizes, with a small biLM whose layers are as long as the original's.
    sizes = {"words": 300, "characters": 20, "filters": 100, "filter_width": 5, "hidden": 90}
    setup = TaskSetup(config("both", True, bilm={**make_bilm(1024), "dim": 1024}, sizes=sizes, elmo_dropout=0.5))
    setup.model.train()
    # The first batch starts gamma, and keeps a little more.
    setup.run(setup.instances[:1])
    few, more, most = (kept_of_passages(setup, tokens) for tokens in (60, 120, 240))
    # It grows with the tokens, not with their square.
    assert (most - more) < 2.1 * (more - few)
    gigabytes = (most - more) / (2 * 120) * 32 * 700 / 1e9
    record_property("gigabytes", gigabytes)
    assert gigabytes < 3
