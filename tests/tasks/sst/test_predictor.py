import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.predictors import Predictor

LABELS = {"0", "1", "2", "3", "4"}


@pytest.fixture(scope="module")
def archive(config: Callable[..., Params], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that was trained on phrases, and has learned next to nothing."""
    folder = tmp_path_factory.mktemp("sst") / "run"
    train_model(config("both", phrases="all"), str(folder))
    return str(folder / "model.tar.gz")


def test_a_text(predictor: Predictor) -> None:
    answer = predictor.predict_json({"text": "It doesn't work."})
    assert answer["tokens"] == ["It", "does", "n't", "work", "."]
    assert set(answer) == {"label", "probabilities", "tokens"}
    assert set(answer["probabilities"]) == LABELS
    assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
    assert type(predictor).__name__ == "ElmoSstPredictor"


@pytest.mark.parametrize("text", ["👩‍👩‍👧 😀", "שלום עולם", "a\u200bb", "İstanbul", "我不喜欢", "(2 It)", "é" * 250])
def test_unusual_text(predictor: Predictor, text: str) -> None:
    assert predictor.predict_json({"text": text})["label"] in LABELS


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    texts = ["Ada", "Ada left Oslo .", "A dog barked all day long and then some more .", "It rained"]
    assert_stable(predictor, [{"text": text} for text in texts])


def test_saliency(predictor: Predictor, check_saliency: Callable[..., None]) -> None:
    check_saliency(predictor, {"text": "It really works."}, {"grad_input_1": 4})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_from_the_command_line(archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, output = tmp_path / "texts.txt", tmp_path / "output.jsonl"
    lines.write_text('It works.\n{"tokens": ["Awful", "!"]}\n')
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer["tokens"] for answer in answers] == [["It", "works", "."], ["Awful", "!"]]

    # Whole sentences, though phrases were trained on.
    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", *to_output)
    assert len(output.read_text().splitlines()) == 5

    metrics = tmp_path / "metrics.json"
    run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(metrics))
    scores: dict[str, Any] = json.loads(metrics.read_text())
    assert scores["accuracy"] in (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert {"macro-f1", *(f"{what}-{label}" for what in ("precision", "recall") for label in LABELS)} < set(scores)
