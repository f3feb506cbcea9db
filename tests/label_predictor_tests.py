"""
What holds for the predictor of every task that gives an instance one label, as a test class: a task's test file has a
subclass, and its folder the fixtures `config` and `corpus`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.interpret.attackers import Hotflip
from allennlp.predictors import Predictor

from task_setup import TaskSetup

STRANGE = [
    "👩‍👩‍👧 😀",
    "שלום עולם",
    "lone \ud83d surrogate",
    "a\u200bb",
    "\u0301",
    "İstanbul",
    "我不喜欢吃苹果",
    "\ufeffx",
    "(2 It)",
    "é" * 250,
]


class LabelPredictorTests:
    """The subclass says what is the task's own."""

    name: ClassVar[str]
    """Under which the predictor is registered; it is the default of the task's model."""

    labels: ClassVar[set[str]]
    """Those of the corpus, which has five instances."""

    given: ClassVar[dict[str, Any]]
    """An input, with raw text."""

    line: ClassVar[str | None] = None
    """The same as a line of a file, where that need not be JSON."""

    shown: ClassVar[dict[str, Any]]
    """What its answer has beside label and probabilities: the tokens, first of all."""

    others: ClassVar[list[dict[str, Any]]]
    """More inputs, of unequal lengths."""

    unreadable: ClassVar[list[str]]
    """Lines with which nothing can be done."""

    scores: ClassVar[set[str]] = {"accuracy", "macro-f1"}
    """What `evaluate` says of all labels."""

    figures: ClassVar[set[str]] = {"precision", "recall"}
    """And of each of them."""

    attacked: ClassVar[str] = "tokens"
    """The text in which Hotflip changes words."""

    def strange(self, text: str) -> dict[str, Any]:
        """An input of such a text."""
        return {"text": text}

    def test_is_the_default_predictor(self, predictor: Predictor) -> None:
        assert type(predictor) is Predictor.by_name(self.name)

    def test_an_answer(self, predictor: Predictor) -> None:
        answer = predictor.predict_json(dict(self.given))
        assert set(answer) == {"label", "probabilities", *self.shown}
        assert {name: answer[name] for name in self.shown} == self.shown
        assert set(answer["probabilities"]) == self.labels
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)
        assert predictor.predict(**self.given) == answer  # type: ignore[attr-defined]

    @pytest.mark.parametrize("text", STRANGE)
    def test_unusual_text(self, predictor: Predictor, text: str) -> None:
        assert predictor.predict_json(self.strange(text))["label"] in self.labels

    def test_answers_do_not_depend_on_order_or_batch(
        self, predictor: Predictor, assert_stable: Callable[..., None]
    ) -> None:
        assert_stable(predictor, [self.given, *self.others])

    def test_bad_lines_are_skipped_on_request(self, archive: str) -> None:
        predictor = Predictor.from_path(archive, skip_bad_lines=True)
        good = json.dumps(self.given)
        lines = [good, "{", '{"what": "a"}', *self.unreadable, good]
        answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
        assert [answer.get("line") for answer in answers] == [None, *range(2, len(lines)), None]

    def test_from_the_command_line(
        self, archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines, output = tmp_path / "lines.jsonl", tmp_path / "output.jsonl"
        first, *more = map(json.dumps, [self.given, *self.others])
        lines.write_text("\n".join([self.line or first, *more, ""]))
        to_output = ("--output-file", str(output), "--silent")
        run(monkeypatch, "predict", archive, str(lines), *to_output)
        answers = [json.loads(line) for line in output.read_text().splitlines()]
        assert len(answers) == 1 + len(self.others)
        assert {name: answers[0][name] for name in self.shown} == self.shown

        run(monkeypatch, "predict", archive, corpus, "--use-dataset-reader", "--batch-size", "3", *to_output)
        answers = [json.loads(line) for line in output.read_text().splitlines()]
        assert len(answers) == 5
        assert all(answer["label"] in self.labels for answer in answers)

        run(monkeypatch, "evaluate", archive, corpus, "--output-file", str(output))
        metrics = json.loads(output.read_text())
        assert metrics["accuracy"] in [right / 5 for right in range(6)]
        names = {label.partition("(")[0] for label in self.labels}
        assert self.scores | {f"{figure}-{name}" for figure in self.figures for name in names} < set(metrics)

    def test_saliency(self, predictor: Predictor, check_saliency: Callable[..., None]) -> None:
        # Gradients come in the reverse order of the texts.
        texts = [shown for name, shown in self.shown.items() if "tokens" in name][::-1]
        lengths = {f"grad_input_{number}": len(text) for number, text in enumerate(texts, start=1)}
        check_saliency(predictor, self.given, lengths)

    def test_hotflip_changes_the_text(self, config: Callable[..., Params]) -> None:
        setup = TaskSetup(config(None, {"model.dropout": 0.0}))
        setup.train(40, lr=0.03)
        attack = Hotflip(Predictor.by_name(self.name)(setup.model, setup.reader))
        flipped = attack.attack_from_json(dict(self.given), self.attacked, "grad_input_1")
        words = [flipped["original"], *flipped["final"]]
        assert words[0] in self.shown.values()
        assert words[1] != words[0]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """A command."""
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()
