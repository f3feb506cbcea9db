import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, TextFieldTensors, Vocabulary
from allennlp.data.fields import MetadataField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.interpret.attackers import Hotflip, InputReduction
from allennlp.models import Model
from allennlp.nn.util import get_text_field_mask
from allennlp.predictors import Predictor
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.ner.reader import Conll2003Reader
from elmo_tasks.tasks.squad.metric import exact_match
from elmo_tasks.tasks.squad.reader import SquadReader
from task_setup import TaskSetup

Config = Callable[..., Params]
PASSAGE = "Ada's ferry  left Oslo at noon."
QUESTION = "When did it leave?"


@pytest.fixture(scope="module")
def archive(config: Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("reader") / "run"
    train_model(config("both"), str(folder))
    return str(folder / "model.tar.gz")


@pytest.fixture(scope="module")
def predictor(archive: str) -> Predictor:
    return Predictor.from_path(archive)


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ReadingComprehensionPredictor"


def test_an_answer(predictor: Predictor) -> None:
    answer = predictor.predict_json({"passage": PASSAGE, "question": QUESTION})
    assert list(answer) == ["answer", "start_char", "end_char", "probability", "best"]
    assert len(answer["best"]) == 5
    best = answer["best"][0]
    assert (best["text"], best["start_char"], best["end_char"], best["probability"]) == tuple(answer.values())[:4]
    for span in answer["best"]:
        assert PASSAGE[span["start_char"] : span["end_char"]] == span["text"]
        assert 0 <= span["start"] < span["end"] <= 8
    tokens = ["Ada", "'s", "ferry", "left", "Oslo", "at", "noon", "."]
    assert best["text"].startswith(tokens[best["start"]])
    assert best["text"].endswith(tokens[best["end"] - 1])
    assert predictor.predict_json({"context": PASSAGE, "question": QUESTION, "id": "7"}) == {"id": "7", **answer}
    assert predictor.predict(QUESTION, PASSAGE) == answer  # type: ignore[call-arg, arg-type]


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    questions = [QUESTION, "Who?", "Where did the ferry leave from, and when, and why?"]
    passages = [PASSAGE, "It rained on Bergen all day long, as it does there."]
    assert_stable(predictor, [{"passage": one, "question": other} for one in passages for other in questions])


def test_bad_lines_are_skipped_on_request(archive: str) -> None:
    predictor = Predictor.from_path(archive, skip_bad_lines=True)
    good = json.dumps({"passage": PASSAGE, "question": QUESTION})
    lines = [good, "{", '{"passage": "a"}', good]
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [answer.get("line") for answer in answers] == [None, 2, 3, None]
    assert answers[0] == answers[3] == predictor.predict(QUESTION, PASSAGE)  # type: ignore[call-arg, arg-type]


def test_probabilities_are_those_of_start_and_end(archive: str) -> None:
    predictor = Predictor.from_path(archive, best=1000)
    answer = predictor.predict_json({"passage": PASSAGE, "question": QUESTION})
    instance = predictor._json_to_instance({"passage": PASSAGE, "question": QUESTION})
    predictor._dataset_reader.apply_token_indexers(instance)
    output = predictor._model.forward_on_instance(instance)
    starts, ends = softmax(output["start_logits"]), softmax(output["end_logits"])
    expected = {(start, end + 1): starts[start] * ends[end] for start in range(8) for end in range(start, 8)}
    found = {(span["start"], span["end"]): span["probability"] for span in answer["best"]}
    assert found == pytest.approx(expected, abs=1e-6)
    probabilities = [span["probability"] for span in answer["best"]]
    assert probabilities == sorted(probabilities, reverse=True)


def test_windows_are_one_passage(archive: str) -> None:
    predictor = Predictor.from_path(archive, best=1000)
    whole = predictor.predict_json({"passage": PASSAGE, "question": QUESTION})
    plain = predictor._dataset_reader
    windowed = SquadReader(plain._token_indexers, max_passage_tokens=4, long_passages="window")
    predictor._dataset_reader = windowed
    answer = predictor.predict_json({"passage": PASSAGE, "question": QUESTION})
    instances = windowed.instances(QUESTION, PASSAGE)
    assert [instance["metadata"]["window_start"] for instance in instances] == [0, 2, 4]
    for instance in instances:
        windowed.apply_token_indexers(instance)
    expected: dict[tuple[int, int], float] = {}
    totals = []
    for shift, output in zip((0, 2, 4), predictor._model.forward_on_instances(instances), strict=True):
        starts, ends = output["start_logits"], output["end_logits"]
        totals.append(logsumexp(starts) + logsumexp(ends))
        for start in range(4):
            for end in range(start, 4):
                span = shift + start, shift + end + 1
                expected[span] = max(expected.get(span, -np.inf), starts[start] + ends[end])
    total = logsumexp(totals)
    found = {(span["start"], span["end"]): span["probability"] for span in answer["best"]}
    assert found == pytest.approx({span: np.exp(score - total) for span, score in expected.items()}, abs=1e-6)
    places = {(span["start"], span["end"]): span["text"] for span in whole["best"]}
    assert all(places[span["start"], span["end"]] == span["text"] for span in answer["best"])


@settings(max_examples=25)
@given(
    st.one_of(
        st.text(min_size=1, max_size=30),
        st.lists(st.sampled_from(["👩‍👩‍👧", "🇳🇴", "שלום", "\u200b", "\u200f", "e\u0301", "\u00a0", "Oslo", ", "])).map(
            "".join
        ),
    ).filter(str.strip)
)
def test_offsets_in_any_text(predictor: Predictor, passage: str) -> None:
    answer = predictor.predict_json({"passage": passage, "question": passage})
    for span in answer["best"]:
        assert passage[span["start_char"] : span["end_char"]] == span["text"] != ""


def test_a_batch_is_answered_as_its_questions_are(predictor: Predictor) -> None:
    inputs = [
        {"passage": PASSAGE, "question": QUESTION},
        {"passage": PASSAGE * 3, "question": "Who?"},
        {"context": "Yes.", "qas": [{"id": "1", "question": "?"}, {"id": "2", "question": "Is it?"}]},
    ]
    together = predictor.predict_batch_json(inputs)
    for one, answer in zip(inputs, together, strict=True):
        alone = predictor.predict_json(one)
        if "best" in answer:
            assert answer.pop("best")[0]["probability"] == pytest.approx(alone.pop("best")[0]["probability"], abs=1e-5)
            assert answer.pop("probability") == pytest.approx(alone.pop("probability"), abs=1e-5)
        assert answer == alone


def test_squads_own_json_gives_the_official_predictions(archive: str, corpus: str) -> None:
    predictor = Predictor.from_path(archive)
    content = json.loads(Path(corpus).read_text())
    predictions = predictor.predict_json(content)
    assert list(predictions) == ["q1", "q2", "q3", "q4", "q5"]
    assert predictor.predict_json(content["data"][1]) == {name: predictions[name] for name in ("q4", "q5")}
    assert predictor.predict_json(content["data"][0]["paragraphs"][1]) == {"q3": predictions["q3"]}
    # They score as the model does.
    instances = list(predictor._dataset_reader.read(corpus))
    predictor._model.get_metrics(reset=True)
    predictor.predict_batch_instance(instances)
    gold = {instance["metadata"]["id"]: instance["metadata"]["answers"] for instance in instances}
    expected = sum(exact_match(predictions[name], gold[name]) for name in gold) / 5
    assert predictor._model.get_metrics()["em"] == pytest.approx(expected)


def test_a_passage_is_tokenized_once_and_questions_are_asked_few_at_a_time(
    archive: str, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor.from_path(archive)
    content = json.loads(Path(corpus).read_text())
    expected = predictor.predict_json(content)
    log: list[Any] = []
    tokenizer, model = predictor._dataset_reader._tokenizer, predictor._model
    tokenize, forward = tokenizer.tokenize, model.forward_on_instances
    monkeypatch.setattr(tokenizer, "tokenize", lambda text: log.append(text) or tokenize(text))
    monkeypatch.setattr(model, "forward_on_instances", lambda batch: log.append(len(batch)) or forward(batch))
    monkeypatch.setattr("elmo_tasks.tasks.squad.predictor._BATCH", 2)
    assert predictor.predict_json(content) == expected
    paragraphs = [paragraph for article in content["data"] for paragraph in article["paragraphs"]]
    assert all(log.count(paragraph["context"]) == 1 for paragraph in paragraphs)
    assert [one for one in log if isinstance(one, int)] == [2, 2, 1]
    # The last question is not yet looked at when the first ones are answered.
    assert log.index(2) < log.index(paragraphs[-1]["qas"][-1]["question"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "must be an object"),
        ({}, 'must have "passage" and "question", or be SQuAD'),
        ({"passage": "a"}, 'must have "passage" and "question"'),
        ({"question": "a"}, 'must have "context"'),
        ({"question": "", "passage": "a"}, '"question", a string that is not empty'),
        ({"question": "a", "passage": " "}, '"passage", a string that is not empty'),
        ({"question": "a", "passage": 3}, '"passage", a string that is not empty'),
        ({"question": "a", "passage": "b", "id": 3}, '"id", a string'),
        ({"context": "a", "qas": [{"question": "b"}]}, '"id", a string'),
        ({"context": "a", "qas": []}, "has no question"),
        ({"data": {}}, 'a list "data"'),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_a_line_that_is_not_json(predictor: Predictor) -> None:
    assert predictor.load_line('{"a": 1}\n') == {"a": 1}
    with pytest.raises(ConfigurationError, match=r"is not JSON.*begins: When"):
        predictor.load_line("When?\n")


def test_what_does_not_fit(predictor: Predictor) -> None:
    kind = type(predictor)
    with pytest.raises(ConfigurationError, match="best is 0"):
        kind(predictor._model, predictor._dataset_reader, best=0)  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="The reader Conll2003Reader does not take what this predictor reads"):
        kind(predictor._model, Conll2003Reader()).predict_json({"passage": PASSAGE, "question": QUESTION})


def test_the_command_line(archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(*arguments: str) -> list[dict[str, Any]]:
        output = tmp_path / "output.jsonl"
        monkeypatch.setattr(
            sys, "argv", ["allennlp", "predict", archive, *arguments, "--output-file", str(output), "--silent"]
        )
        main()
        return [json.loads(line) for line in output.read_text().splitlines()]

    fixtures = Path(__file__).parents[3] / "fixtures" / "squad"
    asked = predict(str(fixtures / "questions.jsonl"))
    assert [answer.get("id") for answer in asked] == [None, "ferry"]
    (predictions,) = predict(corpus, "--predictor-args", '{"best": 1}')
    assert len(predictions) == 5
    answers = predict(corpus, "--use-dataset-reader", "--batch-size", "3")
    assert {answer["id"]: answer["answer"] for answer in answers} == predictions


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    passage, question = (len(predictor._dataset_reader._tokenizer.tokenize(text)) for text in (PASSAGE, QUESTION))
    check_saliency(
        predictor, {"passage": PASSAGE, "question": QUESTION}, {"grad_input_1": passage, "grad_input_2": question}
    )


def test_hotflip_changes_the_question(config: Config) -> None:
    setup = TaskSetup(config(None, True, {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_reading_comprehension")(setup.model, setup.reader))
    flipped = attack.attack_from_json({"passage": PASSAGE, "question": QUESTION}, "question", "grad_input_2")
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["When", "did", "it", "leave", "?"]
    assert words[1] != words[0]


def test_input_reduction_is_for_questions_alone(predictor: Predictor) -> None:
    attack, given = InputReduction(predictor), {"passage": PASSAGE, "question": QUESTION}
    with pytest.raises(ConfigurationError, match="The answer's places in the passage are counted in tokens"):
        attack.attack_from_json(given, "passage", "grad_input_1")
    with pytest.raises(ConfigurationError, match="input-reduction takes tokens away: ask for saliency"):
        attack.attack_from_json(given, input_field_to_attack="passage", grad_input_field="grad_input_1")
    reduced = attack.attack_from_json(given, "question", "grad_input_2")
    assert reduced["original"] == ["When", "did", "it", "leave", "?"]
    assert len(reduced["final"][0]) < 5


# Somebody else's models


class StockReader(DatasetReader):
    """What the readers of stock models of passages give."""

    names = ("original_passage", "token_offsets")

    def text_to_instance(self, question: str, passage: str) -> Instance:
        texts = {"question": question, "passage": passage}
        tokens = {name: SpacyRulesTokenizer().tokenize(text) for name, text in texts.items()}
        fields = {name: TextField(tokens[name], {"tokens": SingleIdTokenIndexer()}) for name in texts}
        offsets = [
            (token.idx, token.idx + len(str(token.text))) for token in tokens["passage"] if token.idx is not None
        ]
        metadata = dict(zip(self.names, (passage, offsets), strict=True))
        return Instance({**fields, "metadata": MetadataField(metadata)})


class StockModel(Model):
    """What stock models of passages take and give; an answer begins at the question's first word and goes on to "."."""

    def __init__(self) -> None:
        super().__init__(Vocabulary({"tokens": dict.fromkeys([".", "Ada", "Oslo", "köy", "词"], 1)}))
        # AllenNLP looks for the device of one.
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(  # type: ignore[override]
        self, question: TextFieldTensors, passage: TextFieldTensors, metadata: Any, span_start: Any = None
    ) -> dict[str, Any]:
        mask = get_text_field_mask(passage)
        words = passage["tokens"]["tokens"]
        begins = 2.0 * (words == question["tokens"]["tokens"][:, :1])
        ends = 3.0 * (words == self.vocab.get_token_index("."))
        starts, ends = (logits.masked_fill(~mask, torch.finfo(torch.float).min) for logits in (begins, ends))
        best = torch.stack([starts.argmax(dim=1), ends.argmax(dim=1)], dim=1)
        return {"span_start_logits": starts, "span_end_logits": ends, "best_span": best}


def test_a_stock_model_is_served() -> None:
    predictor = Predictor.by_name("elmo_reading_comprehension")(StockModel(), StockReader())
    passages = ["Ada left Oslo .", "In the  köy are 词 and she.", "Oslo ."]
    asked = [
        {"passage": passage, "question": word} for passage, word in zip(passages, ["Oslo", "köy", "Ada"], strict=True)
    ]
    # Of several lengths in one batch.
    answers = predictor.predict_batch_json([{**one, "id": str(number)} for number, one in enumerate(asked)])
    assert [answer["id"] for answer in answers] == ["0", "1", "2"]
    assert [answer["answer"] for answer in answers[:2]] == ["Oslo .", "köy are 词 and she."]
    assert (answers[1]["start_char"], answers[1]["end_char"]) == (8, 26)
    assert answers[0]["probability"] == pytest.approx(softmax([0, 0, 2, 0])[2] * softmax([0, 0, 0, 3])[3])
    # Two tokens have no more than three spans; padding has none.
    assert {span["text"] for span in answers[2]["best"]} == {"Oslo", ".", "Oslo ."}
    assert {"id": "0", **predictor.predict_json(asked[0])} == answers[0]
    (labeled,) = predictor.json_to_labeled_instances(asked[0])
    assert (labeled["span_start"].sequence_index, labeled["span_end"].sequence_index) == (2, 3)  # type: ignore[attr-defined]


class OtherReader(StockReader):
    names = ("passage", "places")


class OtherModel(StockModel):
    def forward(self, **fields: Any) -> dict[str, Any]:  # type: ignore[override]
        return {"scores": torch.zeros(1)}


@pytest.mark.parametrize(
    ("model", "reader", "message"),
    [
        (StockModel, OtherReader, '"original_passage" in the instances\' metadata; the reader OtherReader'),
        (OtherModel, StockReader, 'a model that gives "span_start_logits"; OtherModel gives scores'),
    ],
)
def test_what_does_not_fit_is_said(model: type[Model], reader: type[DatasetReader], message: str) -> None:
    predictor = Predictor.by_name("elmo_reading_comprehension")(model(), reader())
    with pytest.raises(ConfigurationError, match=message) as raised:
        predictor.predict_json({"passage": PASSAGE, "question": QUESTION})
    assert "\n" not in str(raised.value)
