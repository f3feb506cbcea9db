from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.saliency_interpreters import SimpleGradient
from allennlp.predictors import Predictor
from label_predictor_tests import LabelPredictorTests

from task_setup import TaskSetup

Config = Callable[..., Params]
LABELS = {"place", "person", "time"}


class TestWhatHoldsForAll(LabelPredictorTests):
    name = "elmo_classifier"
    labels = LABELS
    given: ClassVar = {"text": "Who didn't leave?"}
    line = "Who didn't leave?"
    shown: ClassVar = {"tokens": ["Who", "did", "n't", "leave", "?"]}
    others: ClassVar = [
        {"text": "Ada"},
        {"text": "A dog barked all day long and then some more ."},
        {"tokens": ["It", "rained"]},
    ]
    unreadable: ClassVar = [" "]


def test_given_tokens_are_taken_as_they_are(predictor: Predictor) -> None:
    answer = predictor.predict_json({"tokens": ["Who", "didn't", "leave?"]})
    assert answer["tokens"] == ["Who", "didn't", "leave?"]


def test_a_line_is_json_or_raw_text(predictor: Predictor) -> None:
    assert predictor.load_line('{"text": "Who?"}\n') == {"text": "Who?"}
    assert predictor.load_line('"Who?" she said.\r\n') == {"text": '"Who?" she said.'}
    with pytest.raises(ConfigurationError, match=r"begins with \{ but is not JSON"):
        predictor.load_line("{Who?}\n")


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
