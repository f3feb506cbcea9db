import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.predict import _PredictManager
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance, Vocabulary
from allennlp.data.fields import MetadataField
from allennlp.models import Model
from allennlp.predictors import Predictor

from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input

LINES = [
    '{"text": "a"}',
    "",
    '{"text": "b"',
    '{"text": 3}',
    "[1]",
    " \t",
    '{"text": "c"}',
    "[" * 100_000,
    '{"text": "d"}',
]
"""Good ones are 1, 7 and 9; 2 and 6 are blank; the others are no JSON, no text, no object and too deep."""


class Echo(Model):
    def __init__(self) -> None:
        super().__init__(Vocabulary())
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, text: list[str]) -> dict[str, Any]:
        return {"text": text}


class Reader(DatasetReader):
    def text_to_instance(self, text: str) -> Instance:
        return Instance({"text": MetadataField(text)})


class EchoPredictor(LinePredictor):
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict.get("text"), str):
            raise ConfigurationError('"text" must be a string')
        return self._dataset_reader.text_to_instance(json_dict["text"])


def predict(predictor: Predictor, folder: Path, lines: list[str], batch_size: int = 1) -> list[dict[str, Any]]:
    """As `allennlp predict` does it."""
    (folder / "in.jsonl").write_text("\n".join(lines) + "\n")
    manager = _PredictManager(predictor, str(folder / "in.jsonl"), str(folder / "out.jsonl"), batch_size, False, False)
    manager.run()
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (3, r'Line 3: The input is not JSON: .* It begins: \{"text": "b"'),
        (4, 'Line 4: "text" must be a string'),
        (5, r"Line 5: The input is no JSON object but a list. It begins: \[1\]"),
        (8, r"Line 8: The input is JSON with more than 200 objects and lists in each other"),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_bad_line_is_named(number: int, message: str, batch_size: int, tmp_path: Path) -> None:
    """Blank lines, which AllenNLP passes over, are counted."""
    good = '{"text": "x"}'
    bad = [line if place == number or not line.strip() else good for place, line in enumerate(LINES, start=1)]
    with pytest.raises(ConfigurationError, match=message):
        predict(EchoPredictor(Echo(), Reader()), tmp_path, bad, batch_size)


@pytest.mark.parametrize("batch_size", [1, 2, 9])
def test_bad_lines_are_skipped_on_request(batch_size: int, tmp_path: Path) -> None:
    answers = predict(EchoPredictor(Echo(), Reader(), skip_bad_lines=True), tmp_path, LINES, batch_size)
    assert [answer.get("text") for answer in answers] == ["a", None, None, None, "c", None, "d"]
    assert [answer["line"] for answer in answers if "error" in answer] == [3, 4, 5, 8]
    assert answers[2]["error"] == '"text" must be a string'


class Narrow(Echo):
    """Refuses some texts, and each of a batch with them."""

    def forward(self, text: list[str]) -> dict[str, Any]:
        if "too long" in text:
            raise ConfigurationError("A text is too long.")
        return super().forward(text)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_what_the_model_refuses_is_a_bad_line_too(batch_size: int, tmp_path: Path) -> None:
    lines = ['{"text": "a"}', "", '{"text": "too long"}', "{", '{"text": "b"}']
    with pytest.raises(ConfigurationError, match=r"^Line 3: A text is too long\.$"):
        predict(EchoPredictor(Narrow(), Reader()), tmp_path, [*lines[:3], *lines[4:]], batch_size)
    answers = predict(EchoPredictor(Narrow(), Reader(), skip_bad_lines=True), tmp_path, lines, batch_size)
    assert [answer.get("text") for answer in answers] == ["a", None, None, "b"]
    assert answers[1] == {"line": 3, "error": "A text is too long."}
    assert answers[2]["line"] == 4
    with pytest.raises(ConfigurationError, match=r"^A text is too long\.$"):
        EchoPredictor(Narrow(), Reader()).predict_batch_json([{"text": "a"}, {"text": "too long"}])


def test_whether_bad_lines_are_skipped_is_true_or_false() -> None:
    with pytest.raises(ConfigurationError, match="skip_bad_lines is 'false'; it must be true or false"):
        EchoPredictor(Echo(), Reader(), skip_bad_lines="false")  # type: ignore[arg-type]


def test_from_python_nothing_is_skipped() -> None:
    predictor = EchoPredictor(Echo(), Reader(), skip_bad_lines=True)
    assert predictor.predict_json({"text": "a"}) == {"text": "a"}
    with pytest.raises(ConfigurationError, match=r'^"text" must be a string'):
        predictor.predict_json({})


def test_a_stock_predictor_names_the_line_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'Line 3 cannot be read: .* It begins: \{"text": "b"'):
        predict(Predictor(Echo(), Reader()), tmp_path, ["", " ", '{"text": "b"'])


def test_what_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "a"}\n' * 2000 + b"\xff\n")
    manager = _PredictManager(EchoPredictor(Echo(), Reader()), str(tmp_path / "in.jsonl"), None, 1, False, False)
    with pytest.raises(ConfigurationError, match=r"in.jsonl, line 2001: this is not UTF-8"):
        manager.run()


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "a"}\n\n{\n')))
    with pytest.raises(ConfigurationError, match="Line 3: "):
        _PredictManager(EchoPredictor(Echo(), Reader()), "-", None, 1, False, False).run()


BAD_JSON = [
    "[" * 100_000 + "]" * 100_000,
    '{"text": ' + "9" * 5000 + "}",
    '{"text": "a", "more": ' + "[" * 500 + "]" * 500 + "}",
]


@pytest.mark.parametrize("line", BAD_JSON, ids=["deep", "long number", "deep inside"])
def test_json_that_is_too_much_is_named_and_skipped(line: str, tmp_path: Path) -> None:
    lines = ['{"text": "a"}', line, '{"text": "c"}']
    with pytest.raises(ConfigurationError, match="Line 2: The input is JSON with "):
        predict(EchoPredictor(Echo(), Reader()), tmp_path, lines)
    answers = predict(EchoPredictor(Echo(), Reader(), skip_bad_lines=True), tmp_path, lines)
    assert [answer.get("text") for answer in answers] == ["a", None, "c"]


@pytest.mark.parametrize("line", BAD_JSON[:2], ids=["deep", "long number"])
def test_a_stock_predictor_names_it_too(line: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Line 2 cannot be read: "):
        predict(Predictor(Echo(), Reader()), tmp_path, ["", line])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("source", ["file", "gzip", "standard input"])
def test_marks_and_line_ends(source: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['{"text": "a\u2028\ufeff"}', "", '{"text": "b"}']
    content = ("\ufeff" + end.join(lines) + end).encode()
    path = tmp_path / ("in.jsonl.gz" if source == "gzip" else "in.jsonl")
    path.write_bytes(gzip.compress(content) if source == "gzip" else content)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
    for predictor in (EchoPredictor(Echo(), Reader()), Predictor(Echo(), Reader())):
        manager = _PredictManager(predictor, "-" if source == "standard input" else str(path), None, 1, False, False)
        assert [one["text"] for one in manager._get_json_data()] == ["a\u2028\ufeff", "b"]
        sys.stdin.seek(0)


class Loud(EchoPredictor):
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        return {"text": output["text"] + "!", "given": instance["text"].metadata}


def test_each_answer_is_made_of_its_instance_and_output() -> None:
    predictor = Loud(Echo(), Reader())
    assert predictor.predict_json({"text": "a"}) == {"text": "a!", "given": "a"}
    instances = [Reader().text_to_instance(text) for text in "bc"]
    assert predictor.predict_instance(instances[0])["text"] == "b!"
    assert [answer["given"] for answer in predictor.predict_batch_instance(instances)] == ["b", "c"]


def test_what_is_wrong_with_an_input() -> None:
    assert "The input is empty. It begins: {}" in str(bad_input({}, "is empty"))
    assert str(bad_input("  naïve " + "x" * 300, "is odd")).endswith("It begins: naïve " + "x" * 194)
