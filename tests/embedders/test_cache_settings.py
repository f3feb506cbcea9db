import os
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.embedders.cache_settings import CacheSettings, read_cache_settings


def test_ways_to_give_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_cache_settings(None) is None
    monkeypatch.chdir(tmp_path)
    expected = CacheSettings(os.path.join(os.getcwd(), "cache"), 10 * 2**30, "float16")
    for cache in ("cache", "./x/../cache", {"path": "cache"}, Params({"path": "cache"})):
        assert read_cache_settings(cache) == expected
    assert read_cache_settings({"path": "~/c", "max_bytes": 5, "dtype": "float32"}) == CacheSettings(
        os.path.expanduser("~/c"), 5, "float32"
    )


@pytest.mark.parametrize(
    ("cache", "message"),
    [
        ({}, r"the keys \[\]"),
        ({"path": "x", "size": 3}, r"the keys \['path', 'size'\]"),
        ({"path": 3}, '"path" of "cache" is 3'),
        ("", "it must be a folder"),
        (3, '"cache" is 3; it must be a folder, or an object that has "path"'),
        (["x"], r"\"cache\" is \['x'\]"),
        ({"path": "x", "max_bytes": "10 GB"}, "'10 GB'; it must be a positive whole number"),
        ({"path": "x", "max_bytes": True}, "is True"),
        ({"path": "x", "max_bytes": 0}, "is 0"),
        ({"path": "x", "dtype": "bfloat16"}, '"float16" or "float32"'),
    ],
)
def test_bad_settings(cache: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_cache_settings(cache)
