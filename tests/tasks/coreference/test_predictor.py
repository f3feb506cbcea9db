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
from allennlp.data.dataset_readers import TextClassificationJsonReader
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.predictors import Predictor

from elmo_tasks.tasks.coreference.corpus import read_coreference

Config = Callable[..., Params]
TEXT = "Ada found a cat. She fed it\n\nIt purred."
WORDS = [["Ada", "found", "a", "cat", "."], ["She", "fed", "it"], ["It", "purred", "."]]


@pytest.fixture(scope="module")
def archive(config: Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that has learned next to nothing, but that mentions are many and mean the same."""
    folder = tmp_path_factory.mktemp("coref") / "run"
    model = train_model(config("both", {"model.max_span_width": 2}), str(folder))
    assert model is not None
    with torch.no_grad():
        bias: Any = model.pair_scores.rest[-1].bias
        bias.fill_(2)
    torch.save(model.state_dict(), folder / "best.th")
    from allennlp.models import archive_model

    archive_model(str(folder))
    return str(folder / "model.tar.gz")


def test_is_the_default_predictor(predictor: Predictor) -> None:
    assert type(predictor).__name__ == "ElmoCorefPredictor"


def check_offsets(answer: dict[str, Any]) -> None:
    """That there are clusters, and each mention is where it says."""
    words = [word for sentence in answer["sentences"] for word in sentence]
    assert answer["clusters"]
    for cluster in answer["clusters"]:
        assert len(cluster) > 1
        assert [mention["start"] for mention in cluster] == sorted(mention["start"] for mention in cluster)
        for mention in cluster:
            text = answer["text"][mention["start_char"] : mention["end_char"]]
            assert mention["text"] == text
            assert "".join(text.split()) == "".join(words[mention["start"] : mention["end"]])


def test_a_text(predictor: Predictor) -> None:
    answer = predictor.predict_json({"text": TEXT})
    assert set(answer) == {"text", "sentences", "clusters", "resolved"}
    assert (answer["text"], answer["sentences"]) == (TEXT, WORDS)
    check_offsets(answer)
    first = answer["clusters"][0][0]["text"]
    assert first in answer["resolved"] != TEXT
    assert predictor.predict(TEXT) == answer  # type: ignore[attr-defined]


def test_words_are_joined_by_blanks(predictor: Predictor, check_same: Callable[[Any, Any], None]) -> None:
    answer = predictor.predict_json({"sentences": WORDS})
    assert answer["text"] == "Ada found a cat . She fed it It purred ."
    check_offsets(answer)
    raw = predictor.predict_json({"sentences": ["Ada found a cat.", "She fed it", "It purred."]})
    assert (raw["text"], raw["sentences"]) == ("Ada found a cat. She fed it It purred.", WORDS)
    check_offsets(raw)
    mixed = predictor.predict_json({"sentences": ["Ada found a cat .", *WORDS[1:]]})
    check_same(mixed, answer)
    tokens = predictor.predict_json({"tokens": [word for sentence in WORDS[::2] for word in sentence]})
    assert tokens["sentences"] == WORDS[::2]
    check_offsets(tokens)


def test_strange_text(predictor: Predictor) -> None:
    for text in ("👩‍👩‍👧 saw İ. שלום saw 北京。", "\ufeffA\u200b saw b. C saw d.", "x" * 500 + " saw him. He ran."):
        answer = predictor.predict_json({"text": text})
        assert answer["text"] == text
        for cluster in answer["clusters"]:
            for mention in cluster:
                assert text[mention["start_char"] : mention["end_char"]] == mention["text"]


def test_speakers_and_genre_matter(predictor: Predictor) -> None:
    given = {"sentences": [["I", "saw", "you", "."], ["You", "saw", "me", "?"]]}
    output = []
    for more in ({}, {"speakers": ["A", "A"]}, {"speakers": ["A", "B"]}, {"genre": "di"}, {"genre": "never"}):
        instance = predictor._json_to_instance({**given, **more})
        predictor._dataset_reader.apply_token_indexers(instance)
        output.append(instance)
    speakers = [instance["metadata"].metadata["speakers"] for instance in output]  # type: ignore[attr-defined]
    assert speakers == [None, [["A"] * 4, ["A"] * 4], [["A"] * 4, ["B"] * 4], None, None]
    assert [instance["genre"].label for instance in output[3:]] == ["di", "never"]  # type: ignore[attr-defined]
    assert len(predictor.predict_batch_instance(output)) == 5


def test_answers_do_not_depend_on_batch_and_order(
    predictor: Predictor, assert_stable: Callable[[Predictor, Any], None]
) -> None:
    inputs: list[dict[str, Any]] = [{"text": TEXT}, {"text": "Yes."}, {"tokens": ["A", "dog", "and", "its", "cat"]}]
    assert_stable(predictor, [*inputs, {"sentences": WORDS, "speakers": ["A", "B", "A"], "genre": "di"}])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, 'with one of "text", "tokens" and "sentences"'),
        ({"text": "a", "tokens": ["a"]}, 'with one of "text", "tokens" and "sentences"'),
        ([], 'with one of "text", "tokens" and "sentences"'),
        ({"text": ["a"]}, '"text" must be a str that is not empty'),
        ({"text": "  "}, '"text" is empty: there is nothing to read'),
        ({"tokens": "a"}, '"tokens" must be a list that is not empty'),
        ({"tokens": ["a", ""]}, 'token 1 of "tokens"'),
        ({"sentences": []}, '"sentences" must be a list that is not empty'),
        ({"sentences": [["a"], []]}, r'"sentences\[1\]" is empty'),
        ({"sentences": [["a"], 3]}, r'"sentences\[1\]" must be text or a list of tokens, not 3'),
        ({"sentences": [["a"]], "speakers": ["A", "B"]}, '"speakers" must be a list of 1 names'),
        ({"sentences": [["a"]], "speakers": [1]}, '"speakers" must be a list of 1 names'),
        ({"text": "a", "speakers": ["A"]}, '"speakers", which are those of "sentences"'),
        ({"text": "a", "genre": 3}, '"genre" must be a string'),
    ],
)
def test_bad_input_is_named(predictor: Predictor, given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^The input .*{message}"):
        predictor.predict_json(given)


def test_another_reader_is_refused(predictor: Predictor) -> None:
    other = type(predictor)(predictor._model, TextClassificationJsonReader())
    with pytest.raises(ConfigurationError, match='needs the reader "elmo_coref", not TextClassificationJsonReader'):
        other.predict_json({"text": "a"})


def test_interpret_says_that_it_cannot(predictor: Predictor) -> None:
    with pytest.raises(ConfigurationError, match="Interpret cannot explain what ElmoCorefPredictor predicts"):
        SaliencyInterpreter.by_name("simple-gradient")(predictor).saliency_interpret_from_json({"text": TEXT})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", *map(str, arguments)])
    main("elmo-tasks")


def test_from_the_command_line(archive: str, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "evaluate", archive, corpus, "--output-file", tmp_path / "scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert {"conll-f1", "muc-f1", "b3-precision", "ceafe-recall", "mention-recall", "loss"} <= set(scores)
    lines = [TEXT.replace("\n", " "), "{}", json.dumps({"sentences": WORDS})]
    (tmp_path / "in.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    predict = ("predict", archive, tmp_path / "in.txt", "--silent", "--output-file", tmp_path / "out.jsonl")
    with pytest.raises(ConfigurationError, match="Line 2: The input must be an object with one of"):
        run(monkeypatch, *predict)
    run(monkeypatch, *predict, "--predictor-args", '{"skip_bad_lines": true}')
    one, two, three = (json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines())
    assert one["text"] == lines[0]
    assert two["line"] == 2
    check_offsets(three)

    predict = ("predict", archive, corpus, "--use-dataset-reader", "--silent", "--output-file", tmp_path / "out")
    run(monkeypatch, *predict)
    answers = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    run(monkeypatch, *predict, "--predictor-args", '{"columns": true}')
    # By these whole lines the official scorer tells which document is answered.
    beginnings = [
        [line for line in Path(file).read_text().splitlines() if line.startswith("#begin document")]
        for file in (corpus, tmp_path / "out")
    ]
    assert beginnings[0] == beginnings[1]
    assert len(beginnings[0]) == 3
    gold, written = list(read_coreference(corpus)), list(read_coreference(tmp_path / "out"))
    assert [(one.name, one.sentences) for one in written] == [(one.name, one.sentences) for one in gold]
    assert [one.clusters for one in written] == [
        [[(mention["start"], mention["end"]) for mention in cluster] for cluster in answer["clusters"]]
        for answer in answers
    ]


def test_lines_in_columns(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.txt").write_text("Ada saw Ada.\nBo left.\n{}\n", encoding="utf-8")
    run(
        monkeypatch,
        "predict",
        archive,
        tmp_path / "in.txt",
        "--silent",
        "--output-file",
        tmp_path / "out",
        "--predictor-args",
        '{"columns": true, "skip_bad_lines": true}',
    )
    first, *_, last = (tmp_path / "out").read_text().splitlines()
    assert first == "#begin document (document); part 000"
    assert last.startswith("# line 3: The input must be an object")
    documents = [(one.name, one.sentences) for one in read_coreference(tmp_path / "out")]
    assert documents == [
        ("document 000", [["Ada", "saw", "Ada", "."]]),
        ("document 001", [["Bo", "left", "."]]),
    ]


@pytest.mark.parametrize("part", ["0", "000", "12", "a"])
def test_a_documents_part_stays_as_it_is_written(part: str, predictor: Any, tmp_path: Path) -> None:
    """As LitBank, whose parts are all 0, and OntoNotes write them."""
    row = "1023_bleak_house_brat 0 0 London NNP - - - - - - -"
    beginning = f"#begin document (1023_bleak_house_brat); part {part}"
    (tmp_path / "gold").write_text(f"{beginning}\n{row}\n\n#end document\n")
    (instance,) = predictor._dataset_reader.read(tmp_path / "gold")
    (answer,) = predictor.predict_batch_instance([instance])
    assert predictor.columns_of(answer).splitlines()[0] == beginning


def test_a_document_that_needs_too_much_memory_is_a_bad_line(archive: str) -> None:
    predictor: Any = Predictor.from_path(archive, skip_bad_lines=True)
    predictor._model._memory_limit = 0.001
    lines = ["Ada saw Ada.", "Ada saw Ada. " * 100, "Bo left."]
    one, two, three = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert (one["text"], three["text"]) == (lines[0], lines[2])
    assert two["line"] == 2
    assert "memory_limit" in two["error"]


def test_a_documents_name_may_have_blanks(predictor: Any, tmp_path: Path) -> None:
    written = predictor.columns_of({"name": "my  doc 000", "sentences": WORDS, "clusters": []})
    (tmp_path / "out").write_text(written)
    assert [(one.name, one.sentences) for one in read_coreference(tmp_path / "out")] == [("my  doc 000", WORDS)]
    assert {tuple(line.split(" ")[:3]) for line in written.splitlines() if line.startswith("my")} == {
        ("my_doc", "000", str(number)) for number in range(5)
    }
