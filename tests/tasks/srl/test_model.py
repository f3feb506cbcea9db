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
from allennlp.data.tokenizers import Token
from allennlp.models import load_archive
from torch.nn import functional as F

from elmo_tasks.bilm import BiLM
from task_setup import TaskSetup

Config = Callable[..., Params]
PLACES = [None, "input", "output", "both"]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "srl"
NO_DROPOUT = {"model.dropout": 0.0, "model.encoder.recurrent_dropout_probability": 0.0}


def tokens(text: str) -> list[Token]:
    return [Token(word) for word in text.split()]


def logits_by_hand(setup: TaskSetup, instance: Instance, predicate: int) -> np.ndarray:
    """Of one predicate of one sentence without padding; token vectors and LSTM are the model's."""
    model: Any = setup.model
    (text,) = model.embed(setup.tensors([instance])["tokens"])
    rows = [text.words[0].numpy()] + ([text.elmo[0].numpy()] if text.elmo is not None else [])
    vectors = np.concatenate(rows, axis=-1)
    if model.projection is not None:
        vectors = vectors @ model.projection.weight.numpy().T + model.projection.bias.numpy()
    marks = model.predicate_embedding.weight.numpy()
    inputs = [[*vector, *marks[int(number == predicate)]] for number, vector in enumerate(vectors)]
    mask = torch.ones(1, len(vectors), dtype=torch.bool)
    encoded = model.encoder(torch.tensor(np.array([inputs], dtype=np.float32)), mask)[0].numpy()
    if text.output_elmo is not None:
        encoded = np.concatenate([encoded, text.output_elmo[0].numpy()], axis=-1)
    return encoded @ model.tag_projection.weight.numpy().T + model.tag_projection.bias.numpy()


def seen_logits(setup: TaskSetup, instances: list[Instance]) -> torch.Tensor:
    """What the model decodes for a batch. Shape: (frames, tokens, tags)."""
    seen: list[torch.Tensor] = []
    decode = setup.model._decoder.decode
    setup.model._decoder.decode = lambda scores, lengths: seen.append(scores) or decode(scores, lengths)
    setup.run(instances)
    setup.model._decoder.decode = decode
    return seen[0]


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize("projection", [{}, {"model.projection_dim": None}])
def test_is_what_is_said(config: Config, elmo: str | None, projection: dict[str, Any]) -> None:
    setup = TaskSetup(config(elmo, projection))
    setup.model.eval()
    logits = iter(seen_logits(setup, setup.instances))
    for instance in setup.instances:
        for predicate in instance["metadata"]["predicates"]:
            expected = logits_by_hand(setup, instance, predicate)
            np.testing.assert_allclose(next(logits)[: len(expected)], expected, atol=1e-5)
    assert next(logits, None) is None


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_the_loss_is_that_of_tags_and_that_of_predicates(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    without = TaskSetup(config(elmo, {"model.predicate_encoder": None}))
    without.model.eval()
    without.model.load_state_dict(setup.model.state_dict(), strict=False)
    expected, frames, sentences = 0.0, 0, 0.0
    names = setup.model.label_names()
    for instance in setup.instances:
        (text,) = setup.model.embed(setup.tensors([instance])["tokens"])
        found = setup.model.predicate_finder(text, torch.ones(1, len(instance["tokens"]), dtype=torch.bool))[0]
        metadata = instance["metadata"]
        are_predicates = [float(number in metadata["predicates"]) for number in range(len(found))]
        sentences += F.binary_cross_entropy_with_logits(found, torch.tensor(are_predicates), reduction="sum").item()
        for predicate, tags in zip(metadata["predicates"], metadata["tags"], strict=True):
            logits = torch.tensor(logits_by_hand(setup, instance, predicate)).log_softmax(dim=-1)
            expected -= sum(logits[token, names.index(tag)].item() for token, tag in enumerate(tags))
            frames += 1
    assert frames == 6
    assert without.run(setup.instances)["loss"].item() == pytest.approx(expected / frames, abs=1e-4)
    assert setup.run(setup.instances)["loss"].item() == pytest.approx(expected / frames + sentences / 5, abs=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    long, short = (
        setup.instance(tokens("x " * 30), [2, 7], [["O"] * 30] * 2),
        setup.instance(tokens("go"), [0], [["O"]]),
    )
    alone = [seen_logits(setup, [instance]) for instance in setup.instances]
    for before, after in (([], []), ([long, short], []), ([short], [long])):
        together = seen_logits(setup, [*before, *setup.instances, *after])
        at = sum(len(instance["metadata"]["predicates"]) for instance in before)
        for logits in alone:
            length = logits.shape[1]
            torch.testing.assert_close(together[at : at + len(logits), :length], logits, rtol=0, atol=1e-5)
            at += len(logits)


@torch.no_grad()
@pytest.mark.parametrize("elmo", [None, "both"])
def test_predicates_are_read_some_at_a_time(config: Config, elmo: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    at_once = setup.run(setup.instances)
    read: list[int] = []
    setup.model.encoder.register_forward_pre_hook(lambda _, inputs: read.append(len(inputs[0])))
    longest = max(len(instance["tokens"]) for instance in setup.instances)
    # The six predicates of the five sentences.
    for tokens_at_once, shares in ((4 * longest, [4, 2]), (longest, [1] * 6), (1, [1] * 6), (9 * longest, [6])):
        monkeypatch.setattr("elmo_tasks.tasks.srl.model.TOKENS_AT_ONCE", tokens_at_once)
        read.clear()
        in_shares = setup.run(setup.instances)
        assert read == shares
        assert [in_shares[name] for name in ("predicates", "tags")] == [
            at_once[name] for name in ("predicates", "tags")
        ]
        torch.testing.assert_close(in_shares["loss"], at_once["loss"])
    setup.model.train()
    read.clear()
    setup.run(setup.instances)
    assert read == [6]


@pytest.mark.parametrize("elmo", ["input", "both"])
def test_a_sentences_layers_are_computed_once_however_many_predicates_it_has(
    config: Config, elmo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = TaskSetup(config(elmo))
    sentences: list[int] = []
    forward = BiLM.forward
    monkeypatch.setattr(
        BiLM,
        "forward",
        lambda self, ids, *rest, **more: sentences.append(len(ids)) or forward(self, ids, *rest, **more),
    )
    many = setup.instance(tokens("a b c d e"), [0, 1, 2, 3, 4], [["O"] * 5] * 5)
    setup.run([*setup.instances, many])
    assert sentences == [6]


def test_the_predicate_is_marked_alike_in_training_and_prediction(config: Config) -> None:
    """One token is, though the gold tags say that the predicate has more."""
    setup = TaskSetup(config())
    marks: list[torch.Tensor] = []
    setup.model.predicate_embedding.register_forward_pre_hook(lambda _, inputs: marks.append(inputs[0]))
    words, tags = tokens("I picked it up"), ["O", "B-V", "I-V", "B-C-V"]
    setup.run([setup.instance(words, [1], [tags])])
    setup.model.eval()
    setup.run([setup.instance(words, [1])])
    assert [mark.tolist() for mark in marks] == [[[0, 1, 0, 0]]] * 2


@torch.no_grad()
def test_predicates_are_found_where_none_are_given(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    setup.model.predicate_finder.forward = lambda text, mask: torch.tensor([[-1.0, 2, 0.5, 3]] * 3)
    sentences = [
        setup.instance(tokens("a b c")),
        setup.instance(tokens("a b c d"), [3, 0]),
        setup.instance(tokens("a b c d")),
    ]
    output = setup.model.make_output_human_readable(setup.run(sentences))
    # In the first one the fourth token is padding.
    assert output["predicates"] == [[1, 2], [3, 0], [1, 2, 3]]
    assert [[len(tags) for tags in sentence] for sentence in output["tags"]] == [[3, 3], [4, 4], [4, 4, 4]]
    given = setup.run([setup.instance(tokens("a b c"), [1, 2])])
    assert setup.model.make_output_human_readable(given)["tags"][0] == output["tags"][0]


def test_a_model_that_finds_no_predicates_says_so(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.predicate_encoder": None}))
    assert setup.run([setup.instance(tokens("a b"), [])])["predicates"] == [[]]
    with pytest.raises(ConfigurationError, match=r"does not find predicates.*give them"):
        setup.run([setup.instance(tokens("a b"))])


def test_finding_predicates_trains_nothing_else(config: Config) -> None:
    setup = TaskSetup(config("both", NO_DROPOUT))
    setup.run([setup.instances[2]])["loss"].backward()
    trained = {name for name, one in setup.model.named_parameters() if one.grad is not None and one.grad.any()}
    assert trained
    assert all(name.startswith("predicate_finder.") for name in trained)


@pytest.mark.parametrize("elmo", PLACES)
def test_without_predicates_all_processes_have_gradients(
    config: Config, elmo: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = TaskSetup(config(elmo, NO_DROPOUT))
    none = setup.instance(tokens("a b"), [], [])
    monkeypatch.setattr("elmo_tasks.tasks.srl.model.is_distributed", lambda: True)
    setup.run([setup.instance([], [], []), none])["loss"].backward()
    missing = {name for name, one in setup.model.named_parameters() if one.requires_grad and one.grad is None}
    assert not missing
    # There is nothing to learn but that there are no predicates.
    trained = {name for name, one in setup.model.named_parameters() if one.grad is not None and one.grad.any()}
    assert all(name.startswith("predicate_finder.") for name in trained)


@torch.no_grad()
@pytest.mark.parametrize("elmo", [None, "both"])
def test_sentences_without_tokens_and_without_predicates(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    empty, none = setup.instance([]), setup.instance(tokens("a b"), [])
    for batch in ([empty], [empty, empty], [none], [none, empty]):
        output = setup.run(batch)
        assert output["predicates"] == output["tags"] == [[] for _ in batch]
    full = setup.instance(tokens("Ann left it"), [1])
    together = setup.run([empty, full])
    assert together["predicates"] == [[], [1]]
    assert together["tags"][1] == setup.run([full])["tags"][0]


@pytest.mark.parametrize("elmo", PLACES)
def test_trains_saves_loads_and_predicts_the_same(config: Config, elmo: str | None, tmp_path: Path) -> None:
    model = train_model(config(elmo), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    for one, other, instance in zip(before, after, instances, strict=True):
        assert one["words"] == other["words"] == instance["metadata"]["words"]
        assert one["predicates"] == other["predicates"] == instance["metadata"]["predicates"]
        assert one["tags"] == other["tags"]
        assert all(len(tags) == len(one["words"]) for tags in one["tags"])


def test_trains_in_mixed_precision(config: Config) -> None:
    TaskSetup(config("both", NO_DROPOUT)).check_mixed_precision()


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo)).check_copies()


@pytest.mark.parametrize("elmo", PLACES)
def test_gradients_reach_every_parameter_and_none_of_the_bilm(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo, NO_DROPOUT)).check_gradients(elmo)


@pytest.mark.parametrize("elmo", [None, "both"])
def test_learns_the_fixtures(config: Config, elmo: str | None) -> None:
    sizes = {"text_field_embedder.token_embedders.tokens.embedding_dim": 24, "projection_dim": 24, "predicate_dim": 8}
    sizes |= {"encoder.hidden_size": 24, "predicate_encoder.hidden_size": 16}
    overrides = NO_DROPOUT | {f"model.{name}": size for name, size in sizes.items()}
    setup = TaskSetup(config(elmo, {**overrides, "train_data_path": str(FIXTURES / "train.gold_conll")}))
    setup.train(100, lr=0.01)
    setup.run(setup.instances)
    metrics = setup.model.get_metrics(reset=True)
    assert len(setup.instances) == 40
    assert {"f1-measure-overall", "f1-measure-R-ARG0", "perfect", "f1-measure-predicates"} < set(metrics)
    assert min(metrics.values()) == 1


def test_the_figures_of_single_roles_come_at_the_end(config: Config) -> None:
    setup = TaskSetup(config())
    setup.run(setup.instances)
    in_all = {f"{name}-overall" for name in ("precision", "recall", "f1-measure")} | {"perfect"}
    of_predicates = {f"{name}-predicates" for name in ("precision", "recall", "f1-measure")}
    assert set(setup.model.get_metrics()) == in_all | of_predicates
    assert {"f1-measure-ARG2", "recall-R-ARG0"} < set(setup.model.get_metrics(reset=True))
    assert set(setup.model.get_metrics(reset=True).values()) == {0.0}


@torch.no_grad()
def test_a_role_that_training_never_saw_counts_as_missed(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    setup.run([setup.instance(tokens("a b"), [1], [["B-ARG7", "B-V"]])])
    assert setup.model.get_metrics(reset=True)["recall-ARG7"] == 0


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = (model.projection.in_features, model.tag_projection.in_features)
    assert dims == {"input": (5 + 6, 4), "output": (5, 4 + 6), "both": (5 + 6, 4 + 6)}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.encoder.input_size": 12}, r"input of encoder has vectors of length 10, .* says 12: leave"),
        ({"model.predicate_encoder.input_size": 12}, r"input of predicate_encoder has vectors of length 5"),
        ({"model.predicate_dim": 0}, "predicate_dim is 0"),
        ({"model.projection_dim": 0}, "projection_dim is 0"),
        ({"model.dropout": 2}, "dropout is 2"),
    ],
)
def test_parameters_are_checked(config: Config, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, overrides))


@pytest.mark.parametrize("encoder", [{"type": "pass_through"}, {"type": "lstm", "hidden_size": 3}])
def test_other_encoders_may_be_used(config: Config, encoder: dict[str, Any]) -> None:
    params = config("both").as_dict()
    params["model"]["encoder"] = encoder
    setup = TaskSetup(Params(params))
    assert setup.run(setup.instances)["loss"] > 0
    assert setup.run(setup.instances[2:3])["loss"] > 0


def test_a_namespace_with_padding_predicts_none(config: Config) -> None:
    """One whose name does not end in "labels" or "tags" has two entries that are no tags."""
    overrides = {"model.label_namespace": "roles", "dataset_reader.label_namespace": "roles"}
    setup = TaskSetup(config(None, overrides))
    output = setup.model.make_output_human_readable(setup.run(setup.instances))
    assert torch.isfinite(output["loss"])
    assert not any("@@" in tag for sentence in output["tags"] for tags in sentence for tag in tags)


def test_new_labels_get_outputs_and_old_ones_keep_theirs(config: Config) -> None:
    setup = TaskSetup(config("both"))
    setup.model.eval()
    before = seen_logits(setup, setup.instances)
    setup.vocab.add_token_to_namespace("B-ARG7", "labels")
    setup.model.extend_labels()
    after = seen_logits(setup, setup.instances)
    assert after.shape[-1] == before.shape[-1] + 1
    torch.testing.assert_close(after[..., :-1], before)
