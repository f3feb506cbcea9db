"""Pairs of sentences."""

import json
import random
from pathlib import Path

import pytest

from elmo_tasks.reproduce.open_data.pairs import snli_dev, snli_revised, snli_train
from elmo_tasks.reproduce.open_data.recipe import OriginalError


@pytest.fixture
def official(tmp_path: Path) -> list[Path]:
    rows = [
        {
            "gold_label": "-" if number % 50 == 7 else "neutral",
            "sentence1": f'"A" can\'t be {number}.',
            "sentence2": "x",
        }
        for number in range(1100)
    ]
    path = tmp_path / "snli_1.0_dev.jsonl"
    path.write_text("".join(json.dumps(row | {"pairID": "1"}) + "\n" for row in rows))
    return [path]


def test_snli_is_tokenised_shuffled_and_cut(official: list[Path]) -> None:
    train = [json.loads(line) for line in snli_train(official)]
    dev = [json.loads(line) for line in snli_dev(official)]
    numbers = [number for number in range(1100) if number % 50 != 7]
    random.Random(0).shuffle(numbers)
    assert len(dev) == 1000
    assert [row["sentence1"] for row in dev + train] == [f"`` A '' ca n't be {number} ." for number in numbers]
    assert dev[0] == {"gold_label": "neutral", "sentence1": dev[0]["sentence1"], "sentence2": "x"}


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "snli_1.0_dev.jsonl"
    path.write_text('{"gold_label": "-"}\n{"gold')
    with pytest.raises(OriginalError, match=r"snli_1\.0_dev\.jsonl, line 2: this is not JSON"):
        list(snli_dev([path]))


def test_revised_pairs_are_unquoted(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text('sentence1\tsentence2\tgold_label\n"At ""TheFaceShop"", a boy."\tA boy. \tneutral\n')
    assert list(snli_revised([path])) == [
        '{"gold_label": "neutral", "sentence1": "At \\"TheFaceShop\\", a boy.", "sentence2": "A boy. "}\n'
    ]


def test_revised_pairs_need_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("premise\thypothesis\n")
    with pytest.raises(OriginalError, match="line 1: the columns gold_label, sentence1, sentence2"):
        list(snli_revised([path]))
