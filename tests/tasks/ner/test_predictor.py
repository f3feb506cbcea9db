import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, TextFieldTensors, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.interpret.attackers import Hotflip
from allennlp.interpret.saliency_interpreters import SimpleGradient
from allennlp.models import Model
from allennlp.nn.util import get_text_field_mask
from allennlp.predictors import Predictor
from hypothesis import given, settings
from hypothesis import strategies as st

from task_setup import TaskSetup

Config = Callable[..., Params]


@pytest.fixture(scope="module")
def archive(config: Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tagger that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("tagger") / "run"
    train_model(config("input"), str(folder))
    return str(folder / "model.tar.gz")


@pytest.fixture(scope="module")
def predictor(archive: str) -> Predictor:
    """Tags every token U-LOC, so that every token is a span."""
    predictor = Predictor.from_path(archive)
    model = predictor._model
    with torch.no_grad():
        model.tag_projection.bias[model.vocab.get_token_index("U-LOC", "labels")] += 1000
    return predictor


def test_is_the_default_predictor(archive: str) -> None:
    assert type(Predictor.from_path(archive)).__name__ == "ElmoTaggerPredictor"


def test_a_sentence(predictor: Predictor) -> None:
    answer = predictor.predict_json({"sentence": "  Ada's cat, Oslo."})
    assert answer["tokens"] == ["Ada", "'s", "cat", ",", "Oslo", "."]
    assert answer["tags"] == ["U-LOC"] * 6
    assert answer["spans"][4] == {
        "type": "LOC",
        "start": 4,
        "end": 5,
        "start_char": 13,
        "end_char": 17,
        "text": "Oslo",
    }
    assert set(answer) == {"tokens", "tags", "spans"}


class PlainReader(DatasetReader):
    """A reader whose instances have tokens and nothing else."""

    def text_to_instance(self, tokens: list[Token]) -> Instance:
        return Instance({"tokens": TextField(tokens, {"tokens": SingleIdTokenIndexer()})})


class PlainTagger(Model):
    """A tagger of someone else's, which says its tags and nothing else."""

    label_encoding = "BIOUL"

    def __init__(self) -> None:
        super().__init__(Vocabulary())
        # AllenNLP looks for the device of one.
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, tokens: TextFieldTensors) -> dict[str, Any]:  # type: ignore[override]
        mask = get_text_field_mask(tokens)
        return {"tags": [["U-LOC"] * int(length) for length in mask.sum(dim=1)]}


def test_another_readers_and_models_sentences_are_tagged() -> None:
    predictor = Predictor.by_name("elmo_tagger")(PlainTagger(), PlainReader())
    sentence, tokens = predictor.predict_batch_json([{"sentence": "Oslo, Rome"}, {"tokens": ["Oslo"]}])
    assert sentence["tokens"] == ["Oslo", ",", "Rome"]
    # Without metadata the places are those in the tokens joined by spaces.
    assert [(span["start_char"], span["text"]) for span in sentence["spans"]] == [(0, "Oslo"), (5, ","), (7, "Rome")]
    assert tokens["tags"] == ["U-LOC"]


def test_given_tokens_are_joined_by_spaces(predictor: Predictor) -> None:
    answer = predictor.predict_json({"tokens": ["Oslo's", "New Town", "."]})
    assert answer["tokens"] == ["Oslo's", "New Town", "."]
    assert [(span["start_char"], span["end_char"], span["text"]) for span in answer["spans"]] == [
        (0, 6, "Oslo's"),
        (7, 15, "New Town"),
        (16, 17, "."),
    ]


def test_spans_of_several_tokens(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["Ada", "left", "Oslo", "'s", "New", "Town", "."]
    tags = ["U-PER", "O", "B-LOC", "I-LOC", "I-LOC", "L-LOC", "O"]
    monkeypatch.setattr(predictor._model, "forward_on_instances", lambda instances: [{"words": words, "tags": tags}])
    answer = predictor.predict_json({"sentence": "Ada left Oslo's  New  Town."})
    assert [(span["type"], span["start"], span["end"], span["text"]) for span in answer["spans"]] == [
        ("PER", 0, 1, "Ada"),
        ("LOC", 2, 6, "Oslo's  New  Town"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "👩‍👩‍👧 in 🇳🇴 Oslo 😀!",
        "שלום לעולם, עדה מאוסלו.",
        "Oslo\u200b and \u200eBergen\u200f",
        "İstanbul'dan Iğdır'a, ŞIRNAK",  # noqa: RUF001
        "O\u0301slo\u00a0is\u2003near",
        "lone \ud83d surrogate",
        "tabs\tand\nlines\r\n end",
    ],
)
def test_offsets_in_unusual_text(predictor: Predictor, sentence: str) -> None:
    answer = predictor.predict_json({"sentence": sentence})
    assert answer["tokens"]
    assert [span["text"] for span in answer["spans"]] == answer["tokens"]
    for span in answer["spans"]:
        assert sentence[span["start_char"] : span["end_char"]] == span["text"]


@settings(max_examples=25)
@given(st.text(max_size=30))
def test_offsets_in_any_text(predictor: Predictor, sentence: str) -> None:
    answer = predictor.predict_json({"sentence": sentence})
    for span, token in zip(answer["spans"], answer["tokens"], strict=True):
        assert sentence[span["start_char"] : span["end_char"]] == span["text"] == token


def test_nothing_to_tag(predictor: Predictor) -> None:
    nothing: dict[str, Any] = {"tokens": [], "tags": [], "spans": []}
    assert predictor.predict_json({"sentence": ""}) == nothing
    assert predictor.predict_json({"sentence": " \n"}) == nothing
    assert predictor.predict_json({"tokens": []}) == nothing
    some = predictor.predict_batch_json([{"sentence": ""}, {"sentence": "Oslo"}])
    assert [answer["tokens"] for answer in some] == [[], ["Oslo"]]


def test_a_batch_is_answered_as_its_sentences_are(archive: str) -> None:
    predictor = Predictor.from_path(archive)
    inputs = [{"sentence": "Ada Lovelace left Oslo United."}, {"tokens": ["It", "rained"]}, {"sentence": "Bergen!"}]
    assert predictor.predict_batch_json(inputs) == [predictor.predict_json(one) for one in inputs]


def test_answers_do_not_depend_on_order_or_batch(archive: str, assert_stable: Callable[..., None]) -> None:
    predictor = Predictor.from_path(archive)
    with torch.no_grad():
        # Random weights: what the tagger has learned in an epoch is the same tag everywhere.
        for parameter in predictor._model.parameters():
            parameter.normal_()
    sentences = ["Ada Lovelace left Oslo United.", "It", "Bergen!", "Oslo beat Bergen, and it rained on", "A cat sat"]
    inputs = [{"sentence": sentence} for sentence in sentences]
    tags = {tag for one in inputs for tag in predictor.predict_json(one)["tags"]}
    assert len(tags) > 3
    assert_stable(predictor, inputs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'either "sentence" or "tokens"'),
        ({"text": "Oslo"}, r'either "sentence" or "tokens".*Oslo'),
        ({"sentence": "a", "tokens": ["a"]}, 'either "sentence" or "tokens"'),
        (["Oslo"], "must be an object"),
        ({"sentence": 3}, '"sentence" must be a string, not int'),
        ({"tokens": "Oslo"}, '"tokens" must be a list, not str'),
        ({"tokens": ["a", ""]}, "token 1 .*not ''"),
        ({"tokens": [None]}, "token 0 .*not None"),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_lines_are_json_or_raw_text(predictor: Predictor) -> None:
    assert predictor.load_line('{"tokens": ["a"]}\n') == {"tokens": ["a"]}
    assert predictor.load_line('\ufeff{"tokens": ["a"]}\n') == {"tokens": ["a"]}
    assert predictor.load_line("\ufeffAda left\n") == {"sentence": "Ada left"}
    assert predictor.load_line(" [1] is no JSON here\n") == {"sentence": " [1] is no JSON here"}
    with pytest.raises(ConfigurationError, match=r'not JSON.*\{"sentence": "unfinished'):
        predictor.load_line('{"sentence": "unfinished\n')


def test_another_language(archive: str) -> None:
    predictor = Predictor.from_path(archive, language="tr")
    assert predictor.predict_json({"sentence": "İstanbul'a gitti."})["tokens"] == ["İstanbul'a", "gitti", "."]
    with pytest.raises(ConfigurationError, match='language "zz"'):
        Predictor.from_path(archive, language="zz")


def test_tags_that_mark_no_spans_give_none(config: Config) -> None:
    params = config(
        None,
        {"dataset_reader.coding_scheme": None, "dataset_reader.tag_column": "pos", "model.label_encoding": None},
    )
    reader = DatasetReader.from_params(params["dataset_reader"])
    instances = list(reader.read(params["train_data_path"]))
    model = Model.from_params(params["model"], vocab=Vocabulary.from_instances(instances))
    answer = Predictor.by_name("elmo_tagger")(model, reader).predict_json({"sentence": "It rained"})
    assert answer == {"tokens": ["It", "rained"], "tags": ["-X-", "-X-"]}


def test_the_command_line(archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = tmp_path / "input.txt"
    lines.write_text('Ada left Oslo.\n\n{"sentence": "It rained."}\n{"tokens": ["Bergen"]}\n', encoding="utf-8")

    def predict(*arguments: str) -> list[dict[str, Any]]:
        output = tmp_path / "output.jsonl"
        monkeypatch.setattr(
            sys, "argv", ["allennlp", "predict", archive, *arguments, "--output-file", str(output), "--silent"]
        )
        main()
        return [json.loads(line) for line in output.read_text().splitlines()]

    expected = [["Ada", "left", "Oslo", "."], ["It", "rained", "."], ["Bergen"]]
    assert [answer["tokens"] for answer in predict(str(lines))] == expected
    answers = predict(corpus, "--use-dataset-reader", "--batch-size", "3")
    assert [len(answer["tags"]) for answer in answers] == [5, 9, 3, 2, 1]


def test_bad_lines_through_the_command_line(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, output = tmp_path / "input.jsonl", tmp_path / "output.jsonl"
    lines.write_text('Ada left.\n\n{"sentence": \n{"tokens": 3}\nOslo.\n')

    def run(*command: str) -> None:
        arguments = [archive, str(lines), "--output-file", str(output), "--silent"]
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", *command, *arguments])
        main()

    # A command of our own tells a user's mistake in one line; AllenNLP's do so in `elmo-tasks` only.
    for command, error in (("predict", ConfigurationError), ("elmo-predict", SystemExit)):
        with pytest.raises(error, match=r"Line 3: The input begins with \{ but is not JSON"):
            run(command)
    run("elmo-predict", "--skip-bad-lines", "--batch-size", "2", "--predictor-args", '{"language": "de"}')
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer.get("tokens") for answer in answers] == [["Ada", "left", "."], None, None, ["Oslo", "."]]
    assert [answer.get("line") for answer in answers] == [None, 3, 4, None]
    run("predict", "--predictor-args", '{"skip_bad_lines": true}')
    assert [json.loads(line) for line in output.read_text().splitlines()] == answers


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    check_saliency(predictor, {"sentence": "Ada left Oslo."}, {"grad_input_1": 4})


def test_each_span_is_explained_by_itself(predictor: Predictor) -> None:
    instances = predictor.json_to_labeled_instances({"tokens": ["Ada", "left", "Oslo"]})
    assert [list(instance["tags"].labels) for instance in instances] == [
        ["U-LOC", "O", "O"],
        ["O", "U-LOC", "O"],
        ["O", "O", "U-LOC"],
    ]


def test_saliency_is_that_of_words_and_elmo(config: Config) -> None:
    """Against gradients taken by hand where the encoder reads the vectors."""
    setup = TaskSetup(config("input"))
    predictor = Predictor.by_name("elmo_tagger")(setup.model, setup.reader)
    given: list[torch.Tensor] = []
    hook = setup.model.encoder.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    (instance, *_) = predictor.json_to_labeled_instances({"tokens": ["Ada", "left", "Oslo"]})
    given.clear()
    loss = setup.run([instance])["loss"]
    (gradient,) = torch.autograd.grad(loss, given)
    hook.remove()
    weights = (gradient * given[0]).sum(dim=-1).abs()[0].detach()
    explained = SimpleGradient(predictor).saliency_interpret_from_json({"tokens": ["Ada", "left", "Oslo"]})
    assert explained["instance_1"]["grad_input_1"] == pytest.approx((weights / weights.sum()).tolist(), rel=1e-3)


def test_hotflip_changes_words_until_the_tags_change(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_tagger")(setup.model, setup.reader))
    flipped = attack.attack_from_json({"tokens": ["Ada", "left", "Oslo", "."]})
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["Ada", "left", "Oslo", "."]
    assert all(len(changed) == 4 and changed != words[0] for changed in words[1:])


def test_hotflip_says_that_it_cannot_work_with_elmo(predictor: Predictor) -> None:
    with pytest.raises(ConfigurationError, match=r"Hotflip needs a vector of each word.*Saliency"):
        Hotflip(predictor).attack_from_json({"sentence": "Ada left Oslo."})


class NoTagger(PlainTagger):
    def forward(self, tokens: TextFieldTensors) -> dict[str, Any]:  # type: ignore[override]
        return {"label": ["good"] * len(get_text_field_mask(tokens))}


class PairReader(DatasetReader):
    def text_to_instance(self, premise: str, hypothesis: str) -> Instance:
        raise AssertionError


@pytest.mark.parametrize(
    ("model", "reader", "message"),
    [
        (NoTagger, PlainReader, 'a model that gives "tags"; NoTagger gives label'),
        (PlainTagger, PairReader, "The reader PairReader does not take what this predictor reads"),
    ],
)
def test_what_does_not_fit_is_said(model: type[Model], reader: type[DatasetReader], message: str) -> None:
    predictor = Predictor.by_name("elmo_tagger")(model(), reader())
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json({"sentence": "Oslo"})
