import json
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import predict
from allennlp.commands.predict import _PredictManager
from allennlp.common.checks import ConfigurationError
from allennlp.evaluation.serializers import SimpleSerializer, serializers
from allennlp.predictors import Predictor

from elmo_tasks.compat import predicting


def test_predictions_have_letters_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    output = {"words": ["Değirmen", "水车"]}
    monkeypatch.setattr(predicting.locale, "getpreferredencoding", lambda *_: "utf-8")
    assert Predictor.dump_line(None, output) == '{"words": ["Değirmen", "水车"]}\n'  # type: ignore[arg-type]
    # What the output cannot hold is escaped: a lone surrogate anywhere, more where the system has no UTF-8.
    lone = {"words": ["Dé\ud83d"]}
    assert Predictor.dump_line(None, lone) == json.dumps(lone) + "\n"  # type: ignore[arg-type]
    monkeypatch.setattr(predicting.locale, "getpreferredencoding", lambda *_: "latin-1")
    assert Predictor.dump_line(None, output) == json.dumps(output) + "\n"  # type: ignore[arg-type]


def test_so_do_the_inputs_on_the_console_and_the_predictions_of_an_evaluation() -> None:
    """A sentence in Turkish and Chinese."""
    given = {"sentence": "İstanbul'da köyü 的猫"}
    written = '{"sentence": "İstanbul\'da köyü 的猫"}'
    assert predict.json.dumps(given) == serializers.json.dumps(given) == written
    assert predict.json.loads(written) == given
    assert SimpleSerializer()({"metadata": given}, {}, None) == f'{{"metadata": {written}}}'


def test_answers_are_not_written_over_their_questions(tmp_path: Path) -> None:
    given, link = tmp_path / "given.jsonl", tmp_path / "link.jsonl"
    given.write_text('{"sentence": "Ada left."}\n')
    link.symlink_to(given)
    nobody: Any = None
    for output in (given, link):
        with pytest.raises(ConfigurationError, match=f"{output.name} is the input"):
            _PredictManager(nobody, str(given), str(output), 1, False, False)
    assert given.read_text() == '{"sentence": "Ada left."}\n'
    _PredictManager(nobody, str(given), str(tmp_path / "answers.jsonl"), 1, False, False)
