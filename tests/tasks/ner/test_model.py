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
from allennlp.modules import ConditionalRandomField, InputVariationalDropout
from allennlp.modules.conditional_random_field import allowed_transitions
from seqeval.metrics import f1_score

from elmo_tasks.tasks.base.schemes import convert
from task_setup import TaskSetup

Config = Callable[..., Params]
PLACES = [None, "input", "output", "both"]


class Setup(TaskSetup):
    """Sentences are lists of words; the model's answers are people's."""

    def instance(self, words: list[str], tags: list[str] | None = None) -> Instance:
        return super().instance([Token(word) for word in words], tags)

    def run(self, instances: list[Instance]) -> dict[str, Any]:
        return self.model.make_output_human_readable(super().run(instances))


def logits_by_hand(setup: Setup, instance: Instance) -> np.ndarray:
    """Of one sentence without padding; token vectors and encoder are the model's."""
    model: Any = setup.model
    (text,) = model.embed(setup.tensors([instance])["tokens"])
    parts = [text.words[0].numpy()] + ([text.elmo[0].numpy()] if text.elmo is not None else [])
    vectors = np.concatenate(parts, axis=-1)
    if model.encoder is not None:
        mask = torch.ones(1, len(vectors), dtype=torch.bool)
        vectors = model.encoder(torch.tensor(vectors)[None], mask)[0].numpy()
    if text.output_elmo is not None:
        vectors = np.concatenate([vectors, text.output_elmo[0].numpy()], axis=-1)
    if model.feedforward is not None:
        for layer in model.feedforward._linear_layers:
            vectors = np.tanh(vectors @ layer.weight.numpy().T + layer.bias.numpy())
    return vectors @ model.tag_projection.weight.numpy().T + model.tag_projection.bias.numpy()


def stock_crf(setup: Setup) -> ConditionalRandomField:
    """AllenNLP's own, with the model's scores of transitions and with AllenNLP's constraints."""
    names = setup.model.label_names()
    stock = ConditionalRandomField(len(names), allowed_transitions("BIOUL", dict(enumerate(names))))
    for name in ("transitions", "start_transitions", "end_transitions"):
        getattr(stock, name).copy_(getattr(setup.model.crf, name))
    return stock


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"model.feedforward": {"num_layers": 2, "hidden_dims": [7, 3], "activations": "tanh"}},
        {"model.encoder": None},
    ],
)
def test_is_what_is_said(config: Config, elmo: str | None, overrides: dict[str, Any]) -> None:
    setup = Setup(config(elmo, overrides))
    setup.model.eval()
    # So that no part of ELMo, nor a transition, is as good as left out.
    for name, parameter in setup.model.named_parameters():
        if "scalar_parameters" in name or "transitions" in name:
            torch.nn.init.normal_(parameter)
    output, names, crf = setup.run(setup.instances), setup.model.label_names(), stock_crf(setup)
    likelihood = 0.0
    for number, instance in enumerate(setup.instances):
        expected = logits_by_hand(setup, instance)
        np.testing.assert_allclose(output["logits"][number, : len(expected)], expected, atol=1e-5)
        scores, mask = torch.tensor(expected)[None], torch.ones(1, len(expected), dtype=torch.bool)
        gold = torch.tensor([[names.index(tag) for tag in instance["tags"].labels]])
        likelihood += crf(scores, gold, mask).item()
        ((best, _),) = crf.viterbi_tags(scores, mask)
        assert output["tags"][number] == [names[tag] for tag in best]
    assert output["loss"].item() == pytest.approx(-likelihood, abs=1e-3)


@pytest.mark.parametrize("elmo", PLACES)
def test_trains_saves_loads_and_predicts_the_same(config: Config, elmo: str | None, tmp_path: Path) -> None:
    model = train_model(config(elmo), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(torch.tensor(one["logits"]), torch.tensor(other["logits"]), rtol=0, atol=1e-5)
        assert one["tags"] == other["tags"]
        assert len(one["tags"]) == len(one["words"])


@pytest.mark.parametrize("elmo", PLACES)
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None) -> None:
    setup = Setup(config(elmo))
    setup.model.eval()
    sentences = [instance["metadata"]["words"] for instance in setup.instances]
    mates = [["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"] * 40, []]
    together = setup.run([setup.instance(words) for words in mates + sentences])
    for number, words in enumerate(sentences):
        alone = setup.run([setup.instance(words)])
        logits = together["logits"][number + len(mates), : len(words)]
        torch.testing.assert_close(logits, alone["logits"][0], rtol=0, atol=1e-5)
        assert together["tags"][number + len(mates)] == alone["tags"][0]


def test_trains_in_mixed_precision(config: Config) -> None:
    Setup(config("both", {"model.dropout": 0.0})).check_mixed_precision()


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    Setup(config(elmo)).check_copies()


@pytest.mark.parametrize("elmo", PLACES)
def test_gradients_reach_every_parameter_and_none_of_the_bilm(config: Config, elmo: str | None) -> None:
    Setup(config(elmo, {"model.dropout": 0.0})).check_gradients(elmo)


def test_both_places_share_one_run_of_the_bilm(config: Config, bilm_runs: list[int]) -> None:
    setup = Setup(config("both"))
    setup.model(**setup.tensors(setup.instances))
    assert len(bilm_runs) == 1


def test_learns_its_training_data(config: Config) -> None:
    setup = Setup(config("both", {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    setup.run(setup.instances)
    metrics = setup.model.get_metrics(reset=True)
    assert metrics["f1-measure-overall"] == metrics["accuracy"] == 1
    assert {name for name in metrics if name.startswith("f1")} == {
        f"f1-measure-{type_}" for type_ in ("PER", "LOC", "ORG", "MISC", "overall")
    }


def test_span_f1_is_seqevals(config: Config) -> None:
    setup = Setup(config(None, {"model.dropout": 0.0}))
    setup.train(20, lr=0.03)
    predicted = [convert(tags, "BIO") for tags in setup.run(setup.instances)["tags"]]
    gold = [convert(instance["tags"].labels, "BIO") for instance in setup.instances]
    f1 = setup.model.get_metrics()["f1-measure-overall"]
    assert 0 < f1 < 1
    assert f1 == pytest.approx(f1_score(gold, predicted))


def test_single_types_are_left_out_until_an_epoch_ends(config: Config) -> None:
    setup = Setup(config())
    setup.run(setup.instances)
    assert set(setup.model.get_metrics()) == {"accuracy", "precision-overall", "recall-overall", "f1-measure-overall"}
    assert "recall-PER" in setup.model.get_metrics(reset=True)


def test_spans_of_a_type_unseen_in_training_are_missed(config: Config) -> None:
    setup = Setup(config("input"))
    setup.train(40, lr=0.03)
    known, unseen = setup.instances[0], setup.instance(["Ada", "Lovelace", "left"], ["B-POET", "I-POET", "O"])
    output = setup.run([known, unseen])
    assert torch.isfinite(output["loss"])
    metrics = setup.model.get_metrics(reset=True)
    assert metrics["recall-PER"] == metrics["recall-LOC"] == 1
    assert metrics["recall-POET"] == 0
    assert metrics["recall-overall"] == 2 / 3
    assert metrics["accuracy"] == 6 / 8


@pytest.mark.parametrize("elmo", PLACES)
def test_sentences_may_be_empty(config: Config, elmo: str | None) -> None:
    setup = Setup(config(elmo))
    setup.model.eval()
    some = setup.run([setup.instance([], []), setup.instances[0], setup.instance([], [])])
    assert [len(tags) for tags in some["tags"]] == [0, 5, 0]
    assert some["loss"].item() == pytest.approx(setup.run([setup.instances[0]])["loss"].item(), abs=1e-4)
    none = setup.run([setup.instance([], []), setup.instance([], [])])
    assert none["tags"] == none["words"] == [[], []]
    assert none["loss"].item() == 0


@pytest.mark.parametrize(
    ("scheme", "wanted"),
    [("IOB1", "B-ORG"), ("BIO", "I-PER"), ("BIOUL", "L-PER"), ("BIOES", "E-PER"), ("BMES", "E-PER")],
)
@pytest.mark.parametrize("constrained", [True, False])
def test_predicts_only_tags_that_the_scheme_allows(config: Config, scheme: str, wanted: str, constrained: bool) -> None:
    overrides = {"model.label_encoding": scheme, "dataset_reader.coding_scheme": scheme}
    setup = Setup(config(None, {**overrides, "model.constrain_decoding": constrained}))
    setup.model.eval()
    # The model would like one tag only, which cannot stand everywhere.
    with torch.no_grad():
        setup.model.tag_projection.bias[setup.vocab.get_token_index(wanted, "labels")] += 100
    tags = setup.run([setup.instance([f"word{number}" for number in range(9)])])["tags"][0]
    assert wanted in tags
    assert (convert(tags, scheme) == tags) == constrained


@pytest.mark.parametrize(
    ("given", "expected"),
    [("BIO", "BIOUL"), ("BIOUL", "BIOES"), ("BIOES", "BIO"), ("BIO", "IOB1"), ("IOB1", "BIO")],
)
def test_training_on_another_scheme_than_the_models_is_an_error(config: Config, given: str, expected: str) -> None:
    setup = Setup(config(None, {"model.label_encoding": expected, "dataset_reader.coding_scheme": given}))
    with pytest.raises(ConfigurationError, match=rf"not in {expected}.*coding_scheme.*Ada Lovelace left Oslo"):
        setup.run(setup.instances)


@pytest.mark.parametrize("constrained", [True, False])
def test_a_namespace_with_padding_predicts_none(config: Config, constrained: bool) -> None:
    """One whose name does not end in "labels" or "tags" has two entries that are no tags."""
    named = {"model.label_namespace": "ner", "dataset_reader.label_namespace": "ner"}
    setup = Setup(config(None, {**named, "model.constrain_decoding": constrained}))
    assert setup.model.label_names("ner")[:2] == ["@@PADDING@@", "@@UNKNOWN@@"]
    with torch.no_grad():
        setup.model.tag_projection.bias[:2] += 1000
    unseen = setup.instance(["Ada", "left"], ["B-POET", "O"])
    output = setup.run([*setup.instances, unseen])
    assert torch.isfinite(output["loss"])
    assert not {tag for tags in output["tags"] for tag in tags} & {"@@PADDING@@", "@@UNKNOWN@@"}
    # The most frequent tag stands for one that training never saw.
    assert setup.tensors([unseen])["tags"].tolist() == [[setup.vocab.get_token_index("O", "ner")] * 2]


def test_new_tags_get_outputs_and_old_ones_keep_theirs(config: Config) -> None:
    setup = Setup(config())
    model, vocab = setup.model.eval(), setup.vocab
    before, known = setup.run(setup.instances), model.label_names()
    for tag in ("B-POET", "L-POET"):
        vocab.add_token_to_namespace(tag, "labels")
    model.extend_labels()
    after = setup.run(setup.instances)
    assert model.label_names() == [*known, "B-POET", "L-POET"]
    assert torch.equal(after["logits"][..., : len(known)], before["logits"])
    allowed = set(model._transitions())
    first, last = len(known), len(known) + 1
    assert (first, last) in allowed
    assert (last, first) in allowed
    assert (first, known.index("O")) not in allowed
    setup.instances.append(setup.instance(["Ada", "Lovelace", "left"], ["B-POET", "L-POET", "O"]))
    model.train()
    setup.train(60, lr=0.03)
    assert setup.run(setup.instances[-1:])["tags"] == [["B-POET", "L-POET", "O"]]


def test_training_on_tags_that_mark_no_spans_needs_to_be_said(config: Config) -> None:
    pos = {"dataset_reader.coding_scheme": None, "dataset_reader.tag_column": "pos"}
    setup = Setup(config(None, pos))
    with pytest.raises(ConfigurationError, match=r'"-X-" marks no span.*label_encoding.*null'):
        setup.run(setup.instances)
    setup = Setup(config(None, {**pos, "model.label_encoding": None}))
    setup.run(setup.instances)
    assert setup.model.get_metrics() == {"accuracy": 1.0}


def test_works_with_the_stock_reader(config: Config) -> None:
    params = config("output").as_dict()
    indexers = params["dataset_reader"]["token_indexers"]
    params["dataset_reader"] = {"type": "conll2003", "token_indexers": indexers, "convert_to_coding_scheme": "BIOUL"}
    setup = Setup(Params(params))
    setup.train(40, lr=0.03)
    setup.run(setup.instances)
    assert setup.model.get_metrics()["f1-measure-overall"] > 0.5


def test_elmo_at_the_output_needs_its_indexer(config: Config) -> None:
    params = config("output").as_dict()
    del params["dataset_reader"]["token_indexers"]["elmo"]
    setup = Setup(Params(params))
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: token_characters, tokens'):
        setup.run(setup.instances)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.encoder.input_size": 12}, "input of encoder has vectors of length 11, and its config says 12"),
        ({"model.label_encoding": "BILOU"}, 'label_encoding is "BILOU"; it must be one of .*BIOES, BMES'),
        (
            {"model.feedforward": {"input_dim": 3, "num_layers": 1, "hidden_dims": 2, "activations": "relu"}},
            "input of feedforward has vectors of length 8, and its config says 3",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(config: Config, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Setup(config(None, overrides))


def test_parts_that_may_be_left_out_or_added(config: Config) -> None:
    params = config("output").as_dict()["model"]
    del params["encoder"]
    # Words 5, character filters 6, ELMo 6.
    params["feedforward"] = {"input_dim": 5 + 6 + 6, "num_layers": 1, "hidden_dims": 3, "activations": "tanh"}
    params["variational_dropout"] = True
    params["initializer"] = {"regexes": [["tag_projection.bias", {"type": "constant", "val": 0.25}]]}
    setup = Setup(Params({**config("output").as_dict(), "model": params}))
    assert isinstance(setup.model.dropout, InputVariationalDropout)
    assert torch.all(setup.model.tag_projection.bias == 0.25)
    assert setup.model.tag_projection.in_features == 3
    assert torch.isfinite(setup.run(setup.instances)["loss"])


def test_the_weights_of_the_layers_are_regularized(config: Config) -> None:
    setup = Setup(config("both"))
    assert setup.model.get_regularization_penalty() == 0
    for name, parameter in setup.model.named_parameters():
        if "scalar_parameters" in name:
            torch.nn.init.constant_(parameter, 2.0)
    # Two mixes of three layers, lambda 0.1.
    torch.testing.assert_close(setup.model.get_regularization_penalty(), torch.tensor(2 * 3 * 0.1 * 2.0**2))


def test_allennlps_regularizer_is_added(config: Config) -> None:
    gammas = {"regexes": [["gamma", {"type": "l2", "alpha": 0.5}]]}
    # Two places, each with a gamma of 1, and weights of 0.
    assert Setup(config("both", {"model.regularizer": gammas})).model.get_regularization_penalty() == 2 * 0.5
    assert Setup(config()).model.get_regularization_penalty() is None


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {
        place: Setup(config("input", {"model.elmo.place": place})).model.tag_projection.in_features
        for place in ("input", "output", "both")
    }
    assert dims == {"input": 8, "output": 8 + 6, "both": 8 + 6}
    last = Setup(config("both", {"model.elmo.layers": "last", "model.elmo.scalar_l2": 0}))
    assert not any("scalar_parameters" in name for name, _ in last.model.named_parameters())
    assert last.model.get_regularization_penalty() is None
    setup = Setup(config("input", {"model.elmo": None}))
    assert setup.run(setup.instances)["loss"] > 0


def test_elmo_may_be_among_the_embedders(config: Config) -> None:
    params = config("input").as_dict()
    elmo = {"type": "elmo", "bilm": params["model"].pop("elmo")["bilm"]}
    params["model"]["text_field_embedder"]["token_embedders"]["elmo"] = elmo
    setup = Setup(Params(params))
    assert setup.model.encoder.get_input_dim() == 5 + 6 + 6
    assert setup.run(setup.instances)["loss"] > 0
