import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.attackers import Hotflip
from allennlp.interpret.saliency_interpreters import SimpleGradient
from allennlp.predictors import Predictor

from task_setup import TaskSetup

Config = Callable[..., Params]
LABELS = {"place", "person", "time"}


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoClassifierPredictor"


def test_a_text(predictor: Predictor) -> None:
    answer = predictor.predict_json({"text": "Who didn't leave?"})
    assert set(answer) == {"label", "probabilities", "tokens"}
    assert answer["tokens"] == ["Who", "did", "n't", "leave", "?"]
    assert set(answer["probabilities"]) == LABELS
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert predictor.predict("Who didn't leave?") == answer


def test_given_tokens_are_taken_as_they_are(predictor: Predictor) -> None:
    answer = predictor.predict_json({"tokens": ["Who", "didn't", "leave?"]})
    assert answer["tokens"] == ["Who", "didn't", "leave?"]


def test_a_line_is_json_or_raw_text(predictor: Predictor) -> None:
    assert predictor.load_line('{"text": "Who?"}\n') == {"text": "Who?"}
    assert predictor.load_line('"Who?" she said.\r\n') == {"text": '"Who?" she said.'}
    with pytest.raises(ConfigurationError, match=r"begins with \{ but is not JSON"):
        predictor.load_line("{Who?}\n")


STRANGE = [
    "👩‍👩‍👧 😀",
    "שלום עולם",
    "lone \ud83d surrogate",
    "a\u200bb",
    "\u0301",
    "İstanbul",
    "我不喜欢吃苹果",
    "\ufeffx",
    "é" * 250,
]


@pytest.mark.parametrize("text", STRANGE)
def test_unusual_text(predictor: Predictor, text: str) -> None:
    assert predictor.predict_json({"text": text})["label"] in LABELS


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    texts = ["Ada", "Ada left Oslo .", "A dog barked all day long and then some more .", "It rained"]
    assert_stable(predictor, [{"text": text} for text in texts])


def test_what_is_cut_is_said(archive: str) -> None:
    predictor = Predictor.from_path(archive)
    predictor._dataset_reader._max_tokens = 3
    short, long = predictor.predict_batch_json([{"text": "Who left ?"}, {"text": "Who left Oslo or Bergen ?"}])
    assert "tokens_left_out" not in short
    assert (long["tokens"], long["tokens_left_out"]) == (["Who", "left", "Oslo"], 3)


def test_windows(config: Config) -> None:
    setup = TaskSetup(config("both", {"dataset_reader.max_tokens": 3, "dataset_reader.long_texts": "window"}))
    answer = Predictor.by_name("elmo_classifier")(setup.model, setup.reader).predict("Who left Oslo or Bergen ?")
    assert answer["tokens"] == ["Who", "left", "Oslo", "or", "Bergen", "?"]
    assert "tokens_left_out" not in answer


def test_windows_are_not_explained(config: Config) -> None:
    """By AllenNLP Interpret."""
    setup = TaskSetup(config(None, {"dataset_reader.max_tokens": 3, "dataset_reader.long_texts": "window"}))
    predictor = Predictor.by_name("elmo_classifier")(setup.model, setup.reader)
    with pytest.raises(ConfigurationError, match="texts that are read whole"):
        SimpleGradient(predictor).saliency_interpret_from_json({"text": "Who left Oslo or Bergen ?"})


def test_a_stock_model_is_served(corpus: str, tmp_path: Path) -> None:
    embedder = {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 2}}}
    boe = {"type": "boe", "embedding_dim": 2}
    reader = {"type": "text_classification_json", "tokenizer": "whitespace"}
    model = {"type": "basic_classifier", "text_field_embedder": embedder, "seq2vec_encoder": boe}
    config = {"dataset_reader": reader, "train_data_path": corpus, "model": model}
    config |= {"data_loader": {"batch_size": 5}, "trainer": {"num_epochs": 1, "optimizer": "adam", "cuda_device": -1}}
    train_model(Params(config), str(tmp_path / "run"))
    predictor = Predictor.from_path(tmp_path / "run", "elmo_classifier")
    answer = predictor.predict_json({"text": "Who left İstanbul ?"})
    expected = Predictor.from_path(tmp_path / "run", "text_classifier").predict_json(
        {"sentence": "Who left İstanbul ?"}
    )
    assert answer["label"] == expected["label"]
    assert list(answer["probabilities"].values()) == pytest.approx(expected["probs"])
    assert set(answer["probabilities"]) == LABELS
    assert answer["tokens"] == ["Who", "left", "İstanbul", "?"]
    saliency = SimpleGradient(predictor).saliency_interpret_from_json({"text": "Who left ?"})
    assert len(saliency["instance_1"]["grad_input_1"]) == 3
    with pytest.raises(ConfigurationError, match=r"has a list of tokens, .* TextClassificationJsonReader does not"):
        predictor.predict_json({"tokens": ["Who", "left"]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'must be an object with either "text" or "tokens"'),
        ({"text": "a", "tokens": ["a"]}, 'with either "text" or "tokens"'),
        (["Oslo"], "must be an object"),
        ({"text": " \n"}, r'"text" is empty'),
        ({"text": ["a"]}, '"text" must be a string'),
        ({"text": 3}, '"text" must be a string.*begins: {"text": 3}'),
        ({"tokens": "a b"}, '"tokens" must be a list'),
        ({"tokens": []}, '"tokens" is empty'),
        ({"tokens": ["a", ""]}, 'token 1 of "tokens"'),
        ({"tokens": [None]}, 'token 0 of "tokens".*not None'),
    ],
)
def test_bad_input_is_explained(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predictor.predict_json(given)


def test_bad_lines_are_skipped_on_request(archive: str) -> None:
    predictor = Predictor.from_path(archive, skip_bad_lines=True)
    lines = ["Who?", "{", '{"premise": "a"}', " ", "When?"]
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert [answer.get("line") for answer in answers] == [None, 2, 3, 4, None]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_predicts_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, output = tmp_path / "texts.txt", tmp_path / "output.jsonl"
    lines.write_text('Who left?\n{"tokens": ["It", "rained"]}\n')
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer["tokens"] for answer in answers] == [["Who", "left", "?"], ["It", "rained"]]

    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", "--batch-size", "3", *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(answers) == 5
    assert all(answer["label"] in LABELS for answer in answers)


def test_evaluates_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "metrics.json"
    run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(output))
    metrics = json.loads(output.read_text())
    assert 0 <= metrics["macro-f1"] <= 1
    assert {"accuracy", *(f"{what}-{label}" for what in ("precision", "recall") for label in LABELS)} < set(metrics)


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    check_saliency(predictor, {"text": "Who left Oslo?"}, {"grad_input_1": 4})


def test_hotflip_changes_the_text(config: Config) -> None:
    setup = TaskSetup(config(None, {"model.dropout": 0.0}))
    setup.train(40, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_classifier")(setup.model, setup.reader))
    flipped = attack.attack_from_json({"text": "Who wrote it ?"}, "tokens", "grad_input_1")
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["Who", "wrote", "it", "?"]
    assert words[1] != words[0]
