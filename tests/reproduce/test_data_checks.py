import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from elmo_tasks.reproduce.data_checks import DataError, all_told, find_problems, in_one_line
from elmo_tasks.reproduce.profiles import PROFILES

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
OPEN = ROOT.parent / "shared" / "data"


def files(profile: str) -> list[str]:
    return list(dict.fromkeys(name for corpus in PROFILES[profile].corpora for name in corpus.files))


def check_data(profile: str, folder: Path, names: list[str]) -> None:
    if problems := find_problems(PROFILES[profile].corpora, folder, names):
        raise all_told(problems, folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES, tmp_path / "fixtures"))


def test_the_fixtures_are_as_they_should_be() -> None:
    check_data("smoke", FIXTURES, files("smoke"))


@pytest.mark.skipif(not OPEN.is_dir(), reason="the open corpora are not here")
def test_the_open_corpora_are_as_they_should_be() -> None:
    check_data("open", OPEN, files("open"))


def test_the_counts_of_the_official_files_are_consistent() -> None:
    """SNLI's parts add up to what the corpus is known to have, and the open profile's two to its development set."""
    by_name = {
        name: counts
        for profile in PROFILES.values()
        for corpus in profile.corpora
        for name, counts in corpus.files.items()
    }
    assert sum(by_name["snli_1.0/snli_1.0_train.jsonl"].values()) == 550_152
    dev = by_name["snli_1.0/snli_1.0_dev.jsonl"]
    assert sum(dev.values()) == sum(by_name["snli_1.0/snli_1.0_test.jsonl"].values()) == 10_000
    parts = [by_name[f"snli/snli_part_{part}.jsonl"] for part in ("train", "dev")]
    assert all(dev[label] == sum(part[label] for part in parts) for label in dev if label != "-")
    assert by_name["squad/train-v1.1.json.gz"] == by_name["squad/train-v1.1.json"]


def test_all_that_is_wrong_is_said_at_once(copy: Path) -> None:
    (copy / "ner" / "dev.txt").unlink()
    train = copy / "ner" / "train.txt"
    train.write_text("".join(train.read_text().splitlines(keepends=True)[:4000]))
    pairs = copy / "snli" / "train.jsonl"
    pairs.write_text(pairs.read_text().replace('"neutral"', '"entailment"'))
    (copy / "squad" / "dev.json").write_text("[]")
    (copy / "squad" / "train.json").write_text('{"data": [')
    with pytest.raises(DataError) as raised:
        check_data("smoke", copy, [*files("smoke"), "ner/more.txt"])
    message = str(raised.value)
    assert "ner/dev.txt: missing" in message
    assert "sentences where there should be 429" in message
    assert "7,507" in message
    assert "snli/train.jsonl: 32 entailment where there should be 16; 0 neutral where there should be 16" in message
    assert re.search(r"squad/dev\.json: cannot be read: .*this is not SQuAD 1\.1's JSON", message)
    assert re.search(r"squad/train\.json: cannot be read: .*this is not JSON: .*, at column 11", message)
    assert "ner/more.txt: missing" in message
    assert "ner/test.txt" not in message
    assert message.count("Licence: Apache-2.0") == 3


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"CC BY-SA 4\.0"):
        check_data("paper", tmp_path / "nowhere", ["snli_1.0/snli_1.0_train.jsonl"])


def test_a_label_that_is_none(copy: Path) -> None:
    path = copy / "snli" / "dev.jsonl"
    path.write_text(path.read_text() + json.dumps({"gold_label": "secret"}) + "\n")
    with pytest.raises(DataError, match=r"snli/dev\.jsonl: cannot be read: .*line 19: \"gold_label\" is 'secret'"):
        check_data("smoke", copy, ["snli/dev.jsonl"])


def test_a_type_of_entity_that_should_not_be_there(copy: Path) -> None:
    path = copy / "ner" / "dev.txt"
    path.write_text(path.read_text().replace("B-MISC", "B-THING", 1))
    with pytest.raises(DataError, match="1 THING where there should be none"):
        check_data("smoke", copy, ["ner/dev.txt"])


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "squad" / "train-v1.1.json.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b'{"data": []}' * 100)[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        check_data("open", tmp_path, ["squad/train-v1.1.json.gz"])


def test_one_line_for_a_task(tmp_path: Path) -> None:
    names = ["snli_1.0/snli_1.0_train.jsonl", "snli_1.0/snli_1.0_dev.jsonl", "more.txt"]
    line = in_one_line(find_problems(PROFILES["paper"].corpora, tmp_path, names).values())
    assert re.fullmatch(
        r"snli_1\.0/snli_1\.0_train\.jsonl: missing; snli_1\.0/snli_1\.0_dev\.jsonl: missing\. "
        r"SNLI.*http.*Licence: .*\. "
        r"more\.txt: missing\. This file belongs to no corpus that is known here\.",
        line,
    )
