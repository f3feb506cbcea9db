import json
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.bilm import BiLMOptions, OptionsError

PUBLISHED: dict[str, Any] = {
    "lstm": {
        "use_skip_connections": True,
        "projection_dim": 512,
        "cell_clip": 3,
        "proj_clip": 3,
        "dim": 4096,
        "n_layers": 2,
    },
    "char_cnn": {
        "activation": "relu",
        "filters": [[1, 32], [2, 32], [3, 64], [4, 128], [5, 256], [6, 512], [7, 1024]],
        "n_highway": 2,
        "embedding": {"dim": 16},
        "n_characters": 262,
        "max_characters_per_token": 50,
    },
}


def changed(section: str, **changes: Any) -> dict[str, Any]:
    """The published options with some values changed, or left out if None."""
    merged = {**PUBLISHED[section], **changes}
    return {**PUBLISHED, section: {key: value for key, value in merged.items() if value is not None}}


def test_defaults_are_the_papers() -> None:
    assert BiLMOptions.from_dict(PUBLISHED) == BiLMOptions()
    assert BiLMOptions().output_dim == 1024
    assert BiLMOptions().num_filters == 2048


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "tanh", "num_highway": 0, "skip_connections": False},
        {"projection_after_highway": False, "num_layers": 5, "cell_clip": 0.0, "projection_clip": 0.5},
    ],
)
def test_round_trip(changes: dict[str, Any], tiny: BiLMOptions, tmp_path: Path) -> None:
    options = tiny.replace(**changes)
    options.to_file(tmp_path / "options.json")
    assert BiLMOptions.from_file(tmp_path / "options.json") == options


def test_what_bilm_tf_may_leave_out() -> None:
    options = changed("char_cnn", n_highway=None, n_characters=None, max_characters_per_token=None)
    assert BiLMOptions.from_dict(options).num_highway == 0
    options = changed("lstm", cell_clip=None, proj_clip=None, n_layers=None)
    assert BiLMOptions.from_dict(options) == BiLMOptions(num_layers=1, cell_clip=0.0, projection_clip=0.0)


@pytest.mark.parametrize("characters", [261, 262])
def test_261_and_262_characters_are_the_same(characters: int) -> None:
    assert BiLMOptions.from_dict(changed("char_cnn", n_characters=characters)) == BiLMOptions()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("char_cnn", n_characters=60), "n_characters is 60; only 261 .* and 262"),
        (changed("char_cnn", max_characters_per_token=40), "max_characters_per_token is 40; only 50"),
        (changed("char_cnn", filters=None), "no key 'filters'"),
        (changed("char_cnn", filters=[]), "filters is empty"),
        (changed("char_cnn", filters=[[51, 3]]), r"filter \[51, 3\]: the width must be in 1..50"),
        (changed("char_cnn", filters=[[1, 2, 3]]), "too many values"),
        (changed("char_cnn", activation="gelu"), 'activation is "gelu"; it must be one of relu, tanh'),
        (changed("char_cnn", n_highway=-1), "n_highway is -1"),
        (changed("lstm", dim=0), "cell_dim is 0"),
        (changed("lstm", n_layers=0), "num_layers is 0"),
        (changed("lstm", projection_dim=None), "no key 'projection_dim'"),
        ({"lstm": 3, "char_cnn": 4}, "the structure is not that of a biLM's options"),
        ([1], "expected a JSON object, found list"),
    ],
)
def test_errors_name_the_file_and_what_is_wrong(content: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(json.dumps(content))
    with pytest.raises(OptionsError, match=f"options.json: .*{message}"):
        BiLMOptions.from_file(path)


@pytest.mark.parametrize(("content", "kind"), [(b"{", "JSON"), (b"\xff\xfe", "UTF-8"), (b"", "JSON")])
def test_not_json(content: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_bytes(content)
    with pytest.raises(OptionsError, match=rf"options.json is not {kind}"):
        BiLMOptions.from_file(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        BiLMOptions.from_file(tmp_path / "nowhere.json")
