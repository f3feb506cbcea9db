import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.interpret.attackers import Hotflip, InputReduction
from allennlp.predictors import Predictor

from elmo_tasks.tasks.base.predictor import token_texts
from elmo_tasks.tasks.translation.joining import without_joiners
from task_setup import TaskSetup

Config = Callable[..., Params]


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoTranslatorPredictor"


def test_a_text(predictor: Predictor) -> None:
    answer = predictor.predict_json({"source": "Who didn't leave?"})
    assert set(answer) == {"translation", "translations", "source_tokens"}
    assert answer["source_tokens"] == ["Who", "did", "n't", "leave", "?"]
    assert answer["translation"] == answer["translations"][0]["text"]
    scores = [one["score"] for one in answer["translations"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert predictor.predict("Who didn't leave?") == answer


def test_more_translations_on_request(archive: str, predictor: Predictor) -> None:
    wider = Predictor.from_path(archive, overrides={"model.beam_size": 7})
    assert len(wider.predict("Who?")["translations"]) == 7
    assert len(predictor.predict("Who?")["translations"]) == 3


def test_a_line_is_json_or_raw_text(predictor: Predictor) -> None:
    assert predictor.load_line('{"source": "Who?"}\n') == {"source": "Who?"}
    assert predictor.load_line('"Who?" she said.\r\n') == {"source": '"Who?" she said.'}
    with pytest.raises(ConfigurationError, match=r"begins with \{ but is not JSON"):
        predictor.load_line("{Who?}\n")


STRANGE = [
    "👩‍👩‍👧 😀",
    "שלום",
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
    assert len(predictor.predict_json({"source": text})["translations"]) == 3


def test_answers_do_not_depend_on_order_or_batch(predictor: Predictor, assert_stable: Callable[..., None]) -> None:
    texts = ["Ada", "Ada left Oslo .", "A dog barked all day long and then some more .", "It rained"]
    assert_stable(predictor, [{"source": text} for text in texts])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'must be an object with "source"'),
        (["Oslo"], "must be an object"),
        ({"text": "a"}, 'with "source"'),
        ({"source": " \n"}, "the source is empty"),
        ({"source": ["a"]}, "the source must be text"),
        ({"source": 3}, 'the source must be text, not 3.*begins: {"source": 3}'),
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
    lines.write_text('Who left?\n{"source": "It rained"}\n')
    to_output = ("--output-file", str(output), "--silent")

    run(monkeypatch, "predict", archive, str(lines), *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert [answer["source_tokens"] for answer in answers] == [["Who", "left", "?"], ["It", "rained"]]

    run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", "--batch-size", "3", *to_output)
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(answers) == 5


def test_evaluates_from_the_command_line(
    archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "metrics.json"
    run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(output))
    metrics = json.loads(output.read_text())
    assert set(metrics) == {"bleu", "loss"}
    assert 0 <= metrics["bleu"] <= 1


@pytest.mark.parametrize("beam_size", [1, 3])
def test_saliency_is_of_the_best_translation(
    config: Config, beam_size: int, check_saliency: Callable[..., None]
) -> None:
    setup = TaskSetup(config("both", beam_size=beam_size))
    predictor = Predictor.by_name("elmo_translator")(setup.model, setup.reader)
    given = {"source": "Where is Oslo?"}
    check_saliency(predictor, given, {"grad_input_1": 4})
    (labeled,) = predictor.json_to_labeled_instances(given)
    words = token_texts(labeled["target"])
    assert (words[0], words[-1]) == ("@start@", "@end@")
    assert without_joiners(words[1:-1]) == predictor.predict_json(given)["translation"]
    # There is no reference that it could be scored against.
    assert setup.model.get_metrics() == {"bleu": 0}


@pytest.mark.parametrize("beam_size", [1, 3])
def test_input_reduction_keeps_the_translation(config: Config, beam_size: int) -> None:
    setup = TaskSetup(config("input", beam_size=beam_size))
    setup.train(30, lr=0.03)
    predictor = Predictor.by_name("elmo_translator")(setup.model, setup.reader)
    given = {"source": "Where is Oslo ?"}
    reduced = InputReduction(predictor).attack_from_json(given, "source", "grad_input_1")
    assert reduced["original"] == ["Where", "is", "Oslo", "?"]
    (left,) = reduced["final"]
    assert 0 < len(left) <= 4
    translations = [predictor.predict(text)["translation"] for text in (given["source"], " ".join(left))]
    assert translations[0] == translations[1] != ""


def test_hotflip_changes_the_text(config: Config) -> None:
    setup = TaskSetup(config())
    setup.train(30, lr=0.03)
    attack = Hotflip(Predictor.by_name("elmo_translator")(setup.model, setup.reader))
    flipped = attack.attack_from_json({"source": "Who wrote it?"}, "source", "grad_input_1")
    words = [flipped["original"], *flipped["final"]]
    assert words[0] == ["Who", "wrote", "it", "?"]
    assert words[1] != words[0]


def test_sacrebleu_is_only_needed_to_score(archive: str, corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    predictor = Predictor.from_path(archive)
    assert len(predictor.predict("Who?")["translations"]) == 3
    # References are no reason to score a prediction.
    assert len(predictor.predict_batch_instance(list(predictor._dataset_reader.read(corpus)))) == 5
    with pytest.raises(ConfigurationError, match="sacreBLEU scores translations and is not installed"):
        predictor._model.get_metrics()


def test_without_sacrebleu_training_ends_at_the_first_batch(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    setup = TaskSetup(config())
    with pytest.raises(ConfigurationError, match=r'is not installed: pip install "sacrebleu>=2\.4"'):
        setup.run(setup.instances[:2])
