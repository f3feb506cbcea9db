import json
from pathlib import Path

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.configs.importing import evaluate_file, evaluate_snippet
from elmo_tasks.reproduce import compose

ADDED = "(import 'elmo.libsonnet').add(import 'tagger.jsonnet', bilm='mini')"
TAGGER = {
    "dataset_reader": {"type": "sequence_tagging"},
    "model": {
        "type": "simple_tagger",
        "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 6}}},
        "encoder": {"type": "lstm", "input_size": 6, "hidden_size": 5},
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's config, seen from another folder."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/tagger.jsonnet").write_text(json.dumps(TAGGER))
    (tmp_path / "configs/elmo.jsonnet").write_text(ADDED)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "configs"


def test_a_config_imports_the_library_from_anywhere(folder: Path) -> None:
    config = Params.from_file("configs/elmo.jsonnet")
    assert config["model"]["encoder"]["input_size"] == 6 + 512


def test_an_override_imports_it_too(folder: Path) -> None:
    config = Params.from_file("configs/tagger.jsonnet", "{size: (import 'bilms.libsonnet').dim('original')}")
    assert config["size"] == 1024
    assert evaluate_snippet("", "(import 'bilms.libsonnet').dim('mini')").strip() == "512"


def test_a_training_of_the_report_imports_it_too(folder: Path) -> None:
    assert json.loads(compose._evaluated("configs/elmo.jsonnet"))["model"]["encoder"]["input_size"] == 6 + 512


def test_the_users_own_file_comes_first(folder: Path) -> None:
    (folder / "elmo.libsonnet").write_text("{add(config, bilm):: {mine: bilm}}")
    assert Params.from_file(str(folder / "elmo.jsonnet")).as_dict(quiet=True) == {"mine": "mini"}


@pytest.mark.parametrize("as_list", [False, True])
def test_so_do_folders_that_are_given(as_list: bool, folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib/elmo.libsonnet").write_text("{add(config, bilm):: {given: bilm}}")
    given = [str(folder / "lib")] if as_list else str(folder / "lib")
    assert json.loads(evaluate_file("configs/elmo.jsonnet", jpathdir=given)) == {"given": "mini"}


def test_what_is_nowhere_is_named(folder: Path) -> None:
    (folder / "bad.jsonnet").write_text("import 'elmos.libsonnet'")
    with pytest.raises(RuntimeError, match=r"elmos\.libsonnet"):
        Params.from_file("configs/bad.jsonnet")


MARK = "\ufeff"


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    expected = Params.from_file("configs/elmo.jsonnet").as_dict(quiet=True)
    for name in ("elmo", "tagger"):
        path = folder / f"{name}.jsonnet"
        path.write_text(MARK + path.read_text(), encoding="utf-8")
    # Of the file that the other imports jsonnet itself reads the mark.
    with pytest.raises(RuntimeError, match=r"tagger\.jsonnet"):
        Params.from_file("configs/elmo.jsonnet")
    tagger = folder / "tagger.jsonnet"
    tagger.write_text(tagger.read_text(encoding="utf-8").removeprefix(MARK))
    assert Params.from_file("configs/elmo.jsonnet").as_dict(quiet=True) == expected


def test_so_is_one_before_overrides(folder: Path) -> None:
    config = Params.from_file("configs/tagger.jsonnet", MARK + '{"model.encoder.hidden_size": 7}')
    assert config["model"]["encoder"]["hidden_size"] == 7


def test_what_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "latin.jsonnet").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(ConfigurationError, match=r"configs/latin\.jsonnet: this is not UTF-8"):
        Params.from_file("configs/latin.jsonnet")
