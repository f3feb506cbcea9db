import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        (changed("char_cnn", filters=[[51, 3]]), "filters: a filter's width is 51; it must be a whole number, 1 to 50"),
        (changed("char_cnn", filters=[[1, 2, 3]]), r"filters is \[\[1, 2, 3\]\]; it must be a list of \[w"),
        (changed("char_cnn", activation="gelu"), "activation is 'gelu'; it must be one of relu, tanh"),
        (changed("char_cnn", n_highway=-1), r"\(char_cnn.n_highway\) is -1; it must be a whole number, 0 to 100"),
        (changed("lstm", dim=0), r"cell_dim \(lstm.dim\) is 0"),
        (changed("lstm", dim=2**20 + 1), r"\(lstm.dim\) is 1048577; it must be a whole number, 1 to 1048576"),
        (
            changed("lstm", projection_dim=2**20 + 1),
            "projection_dim is 1048577; it must be a whole number, 1 to 1048576",
        ),
        (changed("lstm", n_layers=101), r"lstm.n_layers\) is 101; it must be a whole number, 1 to 100"),
        (changed("char_cnn", n_highway=101), r"n_highway\) is 101; it must be a whole number, 0 to 100"),
        (changed("char_cnn", embedding={"dim": 2**20 + 1}), r"char_cnn.embedding.dim\) is 1048577; it must be"),
        (
            changed("char_cnn", filters=[[1, 2**20 + 1]]),
            "filters of a width is 1048577; it must be a whole number, 1 to",
        ),
        (changed("char_cnn", filters=[[1, 2**20], [2, 1]]), "filters has 2 pairs with 1048577 filters; 100 pairs and"),
        (changed("char_cnn", filters=[[1, 2]] * 101), "filters has 101 pairs with 202 filters; 100 pairs and 1048576"),
        (changed("lstm", n_layers=0), r"num_layers \(lstm.n_layers\) is 0"),
        (changed("lstm", projection_dim=None), "no key 'projection_dim'"),
        (changed("lstm", use_skip_connections="false"), r"lstm.use_skip_connections\) is 'false'; it must be true"),
        (changed("lstm", use_skip_connections=1), r"lstm.use_skip_connections\) is 1; it must be true or false"),
        (changed("char_cnn", projection_after_highway=0), "projection_after_highway is 0; it must be true or false"),
        (changed("lstm", n_layers=1.9), r"lstm.n_layers\) is 1.9; it must be a whole number, 1 to 100"),
        (changed("lstm", n_layers=True), r"lstm.n_layers\) is True; it must be a whole number"),
        (changed("lstm", dim="4096"), r"lstm.dim\) is '4096'; it must be a whole number"),
        (changed("lstm", dim=[]), r"lstm.dim\) is \[\]; it must be a whole number"),
        (changed("lstm", cell_clip=[]), r"cell_clip is \[\]; it must be a number, 0 to 1e\+30"),
        (changed("lstm", cell_clip=1e300), r"cell_clip is 1e\+300; it must be a number, 0 to 1e\+30"),
        (changed("lstm", cell_clip=10**400), r"cell_clip is 1000.*; it must be a number"),
        (changed("lstm", proj_clip=False), r"lstm.proj_clip\) is False; it must be a number"),
        (changed("char_cnn", n_highway=[]), r"char_cnn.n_highway\) is \[\]; it must be a whole number"),
        (changed("char_cnn", activation=["relu"]), r"activation is \['relu'\]; it must be one of"),
        (changed("char_cnn", filters=[["1", 32]]), "filters: a filter's width is '1'; it must be a whole number"),
        (changed("char_cnn", filters=[[1, 0]]), "filters: the number of filters of a width is 0; it must be"),
        (changed("char_cnn", filters=7), "filters is 7; it must be a list of"),
        (changed("char_cnn", embedding=16), '"embedding" is 16 and no object'),
        (changed("char_cnn", embedding={"dim": 16.0}), r"char_cnn.embedding.dim\) is 16.0; it must be a whole number"),
        ({"lstm": 3, "char_cnn": 4}, "the structure is not that of a biLM's options"),
        ([1], "expected a JSON object, found list"),
    ],
)
def test_errors_name_the_file_and_what_is_wrong(content: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text(json.dumps(content))
    with pytest.raises(OptionsError, match=f"options.json: .*{message}"):
        BiLMOptions.from_file(path)


def test_the_largest_that_can_be_read() -> None:
    options = BiLMOptions(2**20, ((50, 2**20 - 99), *((1, 1),) * 99), 100, cell_dim=2**20, projection_dim=2**20)
    assert options.replace(num_layers=100).num_filters == 2**20


@pytest.mark.parametrize(("content", "kind"), [(b"{", "JSON"), (b"\xff\xfe", "UTF-8"), (b"", "JSON")])
def test_not_json(content: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_bytes(content)
    with pytest.raises(OptionsError, match=rf"options.json is not {kind}"):
        BiLMOptions.from_file(path)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_does_no_harm(mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_bytes(mark + json.dumps(PUBLISHED).encode())
    assert BiLMOptions.from_file(path) == BiLMOptions()


@given(
    section=st.sampled_from(["lstm", "char_cnn"]),
    key=st.sampled_from([*PUBLISHED["lstm"], *PUBLISHED["char_cnn"], "projection_after_highway"]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)
def test_any_value_is_taken_as_it_is_or_refused(section: str, key: str, value: Any) -> None:
    options = {**PUBLISHED, section: {**PUBLISHED[section], key: value}}
    try:
        read = BiLMOptions.from_dict(options)
    except OptionsError:
        return
    written = read.to_dict()[section]
    assert key not in written or written[key] == value or value is None or key == "n_characters"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        BiLMOptions.from_file(tmp_path / "nowhere.json")
