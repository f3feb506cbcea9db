from pathlib import Path
from typing import Any

import pytest
import torch.distributed as dist
from allennlp.common import util
from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.sst.reader import SstReader

ROOTS = [
    ("It works .", "3"),
    ("Awful , and slow !", "0"),
    ("Why", "2"),
    ("( a long film ) not bad", "1"),
    ("A great writer/director .", "4"),
]


def read(path: Any, **options: Any) -> list[tuple[str, str]]:
    """Tokens, joined by spaces, and labels."""
    found = []
    for instance in SstReader(**options).read(path):
        fields: Any = instance.fields
        tokens = [token.text for token in fields["tokens"].tokens]
        assert fields["metadata"].metadata == {"tokens": tokens, "label": fields["label"].label}
        found.append((" ".join(tokens), fields["label"].label))
    return found


def test_sentences(corpus: str) -> None:
    assert read(corpus) == ROOTS


def test_phrases(corpus: str) -> None:
    found = read(corpus, phrases="all")
    assert len(found) == 32
    assert found[:5] == [("It works .", "3"), ("It", "2"), ("works .", "4"), ("works", "4"), (".", "2")]
    assert [one for one in found if one in ROOTS] == ROOTS


def test_two_classes(corpus: str) -> None:
    assert read(corpus, classes=2) == [(text, "1" if label > "2" else "0") for text, label in ROOTS if label != "2"]
    phrases = read(corpus, classes=2, phrases="all")
    assert phrases[:3] == [("It works .", "1"), ("works .", "1"), ("works", "1")]


def test_short_phrases_are_left_out(corpus: str) -> None:
    assert read(corpus, min_tokens=4) == [ROOTS[1], *ROOTS[3:]]
    whole = read(corpus, phrases="all")
    assert read(corpus, phrases="all", min_tokens=3) == [one for one in whole if one[0].count(" ") >= 2]


def test_a_bad_line_is_named_or_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("(2 a)\n(7 b)\n(3 c)\n")
    with pytest.raises(ConfigurationError, match=r"trees\.txt, line 2: this is no tree .*skip_bad_lines: true"):
        read(path)
    assert read(path, skip_bad_lines=True) == [("a", "2"), ("c", "3")]
    assert "skipped 1 bad trees: line 2: this is no tree" in caplog.text


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("\n", {}, "there is no tree here"),
        ("(2 a)\n", {"classes": 2}, "none of its phrases is left; see classes and min_tokens"),
        ("(2 a)\n", {"min_tokens": 2}, "none of its phrases is left"),
    ],
)
def test_a_file_with_nothing_to_read_is_named(tmp_path: Path, text: str, options: Any, message: str) -> None:
    path = tmp_path / "trees.txt"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=rf"trees\.txt: {message}"):
        read(path, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phrases": "leaves"}, 'phrases is "leaves"; it must be one of roots, all'),
        ({"classes": 3}, "classes is 3; it must be 5 or 2"),
        ({"classes": "5"}, "classes is '5'; it must be 5 or 2"),
        ({"classes": [5]}, r"classes is \[5\]; it must be 5 or 2"),
        ({"min_tokens": 0}, "min_tokens is 0"),
        ({"skip_bad_lines": "no"}, "skip_bad_lines is 'no'"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SstReader(**options)


def test_distributed_processes_share_the_phrases_evenly(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(corpus, phrases="all")
    monkeypatch.setattr(util, "is_distributed", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    for rank in range(2):
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        assert read(corpus, phrases="all") == whole[rank::2]


def test_no_more_instances_than_asked_for(corpus: str) -> None:
    assert read(corpus, phrases="all", max_instances=3) == read(corpus, phrases="all")[:3]
