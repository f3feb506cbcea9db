"""Lines of JSON for the predictors: an answer about the very text, or an error that names the line."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import sanitize
from allennlp.predictors import Predictor
from fuzzing import Chance, damaged, fuzz, strange_json, text_of

import elmo_tasks.embedders  # noqa: F401 (registers)
from elmo_tasks.configs.importing import evaluate_file
from elmo_tasks.runner.configs import set_at
from task_setup import TaskSetup

ROOT = Path(__file__).parents[2]


@cache
def predictor_of(task: str, name: str, skip: bool) -> Predictor:
    """Of the task's shipped example, untrained."""
    config = json.loads(evaluate_file(str(ROOT / "training_configs" / task / "fixture_elmo.jsonnet")))
    config["train_data_path"] = str(ROOT / config["train_data_path"])
    set_at(config, "dataset_reader.max_instances", 5)
    setup = TaskSetup(Params(config))
    setup.model.eval()
    return Predictor.by_name(name)(setup.model, setup.reader, skip_bad_lines=skip)


def lines_of(given: dict[str, Any], chance: Chance) -> list[str]:
    """Three lines of JSON with a text that is strange in places; one line may not be as it should."""
    lines = []
    for _ in range(3):
        filled = {name: text_of(chance) if chance.random() < 0.5 else value for name, value in given.items()}
        lines.append(json.dumps(filled, ensure_ascii=chance.random() < 0.5))
    number = chance.randrange(3)
    if chance.random() < 0.6:
        lines[number] = strange_json(given, chance)
    elif chance.random() < 0.5:
        lines[number] = damaged(lines[number].encode(), chance).decode("utf-8", "replace").replace("\n", " ")
    return lines


def check_lines(task: str, name: str, given: dict[str, Any], chance: Chance) -> list[tuple[Any, dict[str, Any]]]:
    """The lines' inputs with their answers; where bad lines are skipped, those that are not."""
    skip = chance.random() < 0.5
    predictor = predictor_of(task, name, skip)
    predictor.lines_read = 0  # type: ignore[attr-defined]
    lines = lines_of(given, chance)
    answers = predictor.predict_batch_json([predictor.load_line(line) for line in lines])
    assert len(answers) == len(lines)
    for answer in answers:
        json.dumps(sanitize(answer), allow_nan=False)
    pairs = [(line, answer) for line, answer in zip(lines, answers, strict=True) if "error" not in answer]
    assert skip or len(pairs) == len(lines)
    return pairs


def test_tagger() -> None:
    def check(chance: Chance) -> None:
        given = chance.choice([{"sentence": "Ada left Oslo ."}, {"tokens": ["Ada", "left", "Oslo"]}])
        for line, answer in check_lines("ner", "elmo_tagger", given, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"sentence": line}
            if "tokens" in text:
                assert answer["tokens"] == text["tokens"]
            else:
                assert "".join(answer["tokens"]) == "".join(text["sentence"].split())
            assert len(answer["tags"]) == len(answer["tokens"])
            sentence = text.get("sentence", " ".join(answer["tokens"]))
            for span in answer["spans"]:
                assert sentence[span["start_char"] : span["end_char"]] == span["text"]

    fuzz(check, ConfigurationError, where="Line ")


def test_entailment() -> None:
    def check(chance: Chance) -> None:
        given = {"premise": "Ada left.", "hypothesis": chance.choice(["She stayed.", ["She", "stayed"]])}
        for line, answer in check_lines("snli", "elmo_entailment", given, chance):
            text = json.loads(line.removeprefix("\ufeff"))
            for name in given:
                assert "".join("".join(answer[f"{name}_tokens"]).split()) == "".join("".join(text[name]).split())
            assert abs(sum(answer["probabilities"].values()) - 1) < 1e-4

    fuzz(check, ConfigurationError, where="Line ")


def test_relations() -> None:
    marked = {"text": "The <e1>fire</e1> came from <e2>a leak</e2>."}
    placed = {"text": "The fire came from a leak.", "e1": [4, 8], "e2": [19, 25]}
    tokens = {"tokens": ["The", "fire", "came"], "e1": [1, 2], "e2": [2, 3]}

    def check(chance: Chance) -> None:
        given = chance.choice([marked, placed, tokens])
        for line, answer in check_lines("relations", "elmo_relation_classifier", given, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"text": line}
            read = "".join(text.get("tokens", text.get("text")))
            if "e1" not in text and "e2" not in text:
                read = re.sub("</?e[12]>", "", read)
            assert "".join("".join(answer["tokens"]).split()) == "".join(read.split())
            assert abs(sum(answer["probabilities"].values()) - 1) < 1e-4

    fuzz(check, ConfigurationError, where="Line ")


def test_coreference() -> None:
    tokens = [["Ada", "fed", "it", "."], ["She", "left", "."]]
    given_forms = [{"text": "Ada fed it. She left."}, {"tokens": tokens[0]}]
    given_forms.append({"sentences": [tokens[0], "She left."], "speakers": ["Ada", "Bo"], "genre": "st"})

    def check(chance: Chance) -> None:
        given = chance.choice(given_forms)
        for line, answer in check_lines("coreference", "elmo_coref", given, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"text": line}
            parts = text.get("sentences") or [text.get("tokens") or text["text"]]
            read = "".join("".join(part) for part in parts)
            assert "".join("".join("".join(sentence) for sentence in answer["sentences"]).split()) == "".join(
                read.split()
            )
            for mention in (mention for cluster in answer["clusters"] for mention in cluster):
                assert answer["text"][mention["start_char"] : mention["end_char"]] == mention["text"]

    fuzz(check, ConfigurationError, where="Line ")


def test_semantic_roles() -> None:
    def check(chance: Chance) -> None:
        given: dict[str, Any] = chance.choice([{"sentence": "Ada left Oslo ."}, {"tokens": ["Ada", "left", "Oslo"]}])
        if chance.random() < 0.5:
            given = {**given, "predicates": [1]}
        for line, answer in check_lines("srl", "elmo_srl", given, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"sentence": line}
            words = answer["words"]
            assert "".join(words) == "".join(text.get("tokens") or text["sentence"].split())
            sentence = text.get("sentence", " ".join(words))
            for verb in answer["verbs"]:
                assert verb["verb"] == words[verb["index"]]
                assert len(verb["tags"]) == len(words)
                for span in verb["arguments"]:
                    assert sentence[span["start_char"] : span["end_char"]] == span["text"]
            if text.get("predicates") is not None:
                assert [verb["index"] for verb in answer["verbs"]] == text["predicates"]

    fuzz(check, ConfigurationError, where="Line ")


def test_classifier() -> None:
    def check(chance: Chance) -> None:
        given = chance.choice([{"text": "Where is Oslo?"}, {"tokens": ["Where", "is", "Oslo"]}])
        for line, answer in check_lines("classification", "elmo_classifier", given, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"text": line}
            if "tokens" in text:
                assert answer["tokens"] == text["tokens"]
            else:
                assert "".join(answer["tokens"]) == "".join(text["text"].split())
            assert abs(sum(answer["probabilities"].values()) - 1) < 1e-4
            assert answer["probabilities"][answer["label"]] == max(answer["probabilities"].values())

    fuzz(check, ConfigurationError, where="Line ")


def test_reading_comprehension() -> None:
    plain = {"passage": "Ada went to Oslo in 1903.", "question": "Where did she go?", "id": "q1"}
    squad = {
        "context": "Ada went to Oslo.",
        "qas": [{"id": "q1", "question": "Where?"}, {"id": "q2", "question": "Who?"}],
    }

    def check(chance: Chance) -> None:
        for line, answer in check_lines("squad", "elmo_reading_comprehension", chance.choice([plain, squad]), chance):
            text = json.loads(line.removeprefix("\ufeff"))
            if "question" in text:
                passage = text["passage"] if "passage" in text else text["context"]
                assert passage[answer["start_char"] : answer["end_char"]] == answer["answer"]
                assert answer.get("id") == text.get("id")
            else:
                assert all(span in line or "\\" in line for span in answer.values())

    fuzz(check, ConfigurationError, where="Line ")


def test_translator() -> None:
    def check(chance: Chance) -> None:
        for line, answer in check_lines("translation", "elmo_translator", {"source": "Ada left Oslo."}, chance):
            line = line.removeprefix("\ufeff")
            text = json.loads(line) if line.lstrip().startswith("{") else {"source": line}
            assert "".join(answer["source_tokens"]) == "".join(text["source"].split())
            assert answer["translations"][0]["text"] == answer["translation"]

    fuzz(check, ConfigurationError, where="Line ")
