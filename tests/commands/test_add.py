"""`elmo-add`: what it reads, shows, writes and refuses. What it adds is tested in tests/configs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _jsonnet import evaluate_file
from allennlp.commands import main

from elmo_tasks.bilm import BiLMOptions, find_bilm
from elmo_tasks.configs.add import LIBRARY

CONFIG = """{
  "model": {
    "type": "simple_tagger",
    "text_field_embedder": {
      "token_embedders": {
        "tokens": {"type": "embedding", "embedding_dim": 6}
      }
    },
    "encoder": {"type": "lstm", "input_size": 6, "hidden_size": 2}
  },
  "dataset_reader": {"type": "sequence_tagging"},
  "trainer": {"num_epochs": 1, "grad_norm": 5.0, "optimizer": {"type": "adam", "lr": 0.1}}
}
"""

Elmo = Callable[..., None]


@pytest.fixture
def elmo_add(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Elmo:
    """The command, in a folder of its own with a config.json."""
    (tmp_path / "config.json").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-add", *arguments])
        main()

    return run


@pytest.fixture
def refuses(elmo_add: Elmo, tmp_path: Path) -> Callable[..., None]:
    """That the command ends with a message, and leaves everything as it was."""

    def check(message: str, *arguments: str) -> None:
        before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
        with pytest.raises(SystemExit, match=message) as raised:
            elmo_add(*arguments)
        assert str(raised.value.code).startswith("elmo-add: ")
        assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before

    return check


def test_it_writes_the_config_and_shows_what_changed(elmo_add: Elmo, capsys: pytest.CaptureFixture[str]) -> None:
    elmo_add("config.json", "-o", "folder/out.json")
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[:2] == ["--- config.json", "+++ config.json with ELMo"]
    changed = [line for line in lines[2:] if line[0] in "+-"]
    assert '-      "input_size": 6,' in changed
    assert '+      "input_size": 518,' in changed
    assert '+          "type": "elmo",' in changed
    # The only lines that go are the size, and one that gets a comma.
    removed = [line for line in changed if line[0] == "-"]
    assert removed == ['-      "input_size": 6,', '-    "type": "sequence_tagging"']
    assert "--predictor elmo_tagger" in shown.err
    assert shown.err.endswith("Wrote folder/out.json.\n")

    written = json.loads(Path("folder/out.json").read_text())
    assert written["model"]["encoder"]["input_size"] == 518
    assert written["dataset_reader"]["token_indexers"] == {
        "tokens": {"type": "single_id"},
        "elmo": {"type": "elmo_character_ids"},
    }
    # The user's order of keys and way of writing numbers.
    assert list(written) == ["model", "dataset_reader", "trainer"]
    assert list(written["model"]) == ["type", "text_field_embedder", "encoder"]
    assert '"grad_norm": 5.0' in Path("folder/out.json").read_text()
    assert Path("config.json").read_text() == CONFIG
    assert [path.name for path in Path("folder").iterdir()] == ["out.json"]


def test_without_out_it_only_shows(elmo_add: Elmo, capsys: pytest.CaptureFixture[str]) -> None:
    elmo_add("config.json")
    shown = capsys.readouterr()
    assert '+      "input_size": 518,' in shown.out
    assert "Nothing is written" in shown.err
    assert [path.name for path in Path().iterdir()] == ["config.json"]


def test_jsonnet_with_imports_and_the_environment(elmo_add: Elmo, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lib").mkdir()
    Path("lib/part.libsonnet").write_text("{ encoder(size):: { type: 'lstm', input_size: size, hidden_size: 2 } }")
    Path("config.jsonnet").write_text(
        "local lib = import 'lib/part.libsonnet';\n"
        "(import 'config.json') + { model+: { encoder: lib.encoder(std.parseInt(std.extVar('SIZE'))) } }  // a comment"
    )
    monkeypatch.setenv("SIZE", "6")
    elmo_add("config.jsonnet", "-o", "out.json")
    assert json.loads(Path("out.json").read_text())["model"]["encoder"]["input_size"] == 518


def test_a_config_can_import_the_library(elmo_add: Elmo, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        elmo_add("--library")
    assert not raised.value.code
    library = capsys.readouterr().out.strip()
    assert library == str(LIBRARY)
    elmo_add("config.json", "-o", "out.json", "--bilm", "small")
    Path("mine.jsonnet").write_text(f"(import '{library}').add(import 'config.json', bilm='small')")
    assert json.loads(evaluate_file("mine.jsonnet")) == json.loads(Path("out.json").read_text())


def test_every_option(elmo_add: Elmo) -> None:
    options_file, weight_file = find_bilm("mini")
    mini = {"options_file": str(options_file), "weight_file": str(weight_file)}
    folder = str(options_file.parent)
    sizes = ["--sizes", "model.encoder.input_size:2", "model.encoder.hidden_size"]
    elmo_add("config.json", "-o", "1.json", "--bilm", folder, *sizes, "--parameters", '{"layers": "last"}')
    model = json.loads(Path("1.json").read_text())["model"]
    dim = BiLMOptions.from_file(options_file).output_dim
    assert model["encoder"] == {"type": "lstm", "input_size": 6 + 2 * dim, "hidden_size": 2 + dim}
    embedder = {"type": "elmo", "bilm": mini, "dropout": 0, "layers": "last"}
    assert model["text_field_embedder"]["token_embedders"]["elmo"] == embedder
    elmo_add("1.json", "-o", "2.json", "--replace", "--bilm", "original", "--old-dim", str(dim))
    model = json.loads(Path("2.json").read_text())["model"]
    assert model["encoder"]["input_size"] == 6 + dim + 1024
    assert model["text_field_embedder"]["token_embedders"]["elmo"] == {**embedder, "bilm": "original"}


def test_where_gamma_starts(elmo_add: Elmo, refuses: Callable[..., None]) -> None:
    for name, others in (("1.json", "{}"), ("2.json", '{"dropout": 0.5}'), ("3.json", "null")):
        elmo_add("config.json", "-o", name, "--gamma", "0.3", "--parameters", others)
        model = json.loads(Path(name).read_text())["model"]
        assert model["text_field_embedder"]["token_embedders"]["elmo"]["gamma"] == 0.3
    elmo_add("1.json", "-o", "4.json", "--replace", "--gamma", "0.2")
    assert json.loads(Path("4.json").read_text()) == json.loads(Path("1.json").read_text().replace("0.3", "0.2"))
    refuses("--gamma is nan; it must be a number", "config.json", "--gamma", "nan")
    refuses(
        "--parameters has a gamma, and --gamma is given", "config.json", "--gamma", "1", "--parameters", '{"gamma": 1}'
    )


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ({"pretrained_file": "glove.txt", "trainable": False}, True),
        ({"pretrained_file": "glove.txt"}, False),
        ({"trainable": False}, False),
    ],
)
def test_frozen_word_vectors_are_a_reason_to_start_gamma_elsewhere(
    elmo_add: Elmo, capsys: pytest.CaptureFixture[str], words: dict[str, Any], is_told: bool
) -> None:
    config = json.loads(Path("config.json").read_text())
    config["model"]["text_field_embedder"]["token_embedders"]["tokens"].update(words)
    Path("frozen.json").write_text(json.dumps(config))
    elmo_add("frozen.json", "-o", "with.json")
    assert ("--gamma starts their scale elsewhere" in capsys.readouterr().err) == is_told
    elmo_add("frozen.json", "-o", "again.json", "--gamma", "0.3")
    assert "--gamma starts" not in capsys.readouterr().err


def test_nothing_is_overwritten_without_being_told(elmo_add: Elmo, refuses: Callable[..., None]) -> None:
    Path("other.json").write_text("{}")
    refuses(r"other\.json is there already", "config.json", "-o", "other.json")
    refuses(r"config\.json is there already", "config.json", "-o", "config.json")
    elmo_add("config.json", "-o", "config.json", "--force")
    refuses("There is ELMo already", "config.json", "-o", "out.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"bad\.json cannot be evaluated: STATIC ERROR"),
        ('{"model": }', r"bad\.json cannot be evaluated: STATIC ERROR: .*bad\.json:1:11"),
        ("{ model: std.extVar('NOT_THERE') }", "NOT_THERE: AllenNLP takes it from the environment"),
        ("{ model: error 'my own' }", "cannot be evaluated: my own"),
        ("function(x) x", r"bad\.json cannot be evaluated"),
        ("[1, 2]", r"bad\.json is no config but a list"),
        ("5", r"bad\.json is no config but a int"),
        ('{"a": 1}', 'it has no "model"'),
        (b"\x1f\x8b\x08\xff\xfe", r"bad\.json"),
    ],
)
def test_what_is_no_config(content: Any, message: str, refuses: Callable[..., None]) -> None:
    Path("bad.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    refuses(message, "bad.json", "-o", "out.json")


def test_bad_arguments(refuses: Callable[..., None]) -> None:
    refuses(r"There is no file nothing\.json", "nothing.json")
    refuses(r"\. is a folder: name a file", ".")
    refuses('There is no biLM "big": it is neither one of mini,', "config.json", "--bilm", "big")
    refuses(r'There is no "size" in model\.encoder', "config.json", "--sizes", "model.encoder.size")
    refuses("--parameters {x is not JSON", "config.json", "--parameters", "{x")
    refuses('no parameter "drop_out"; it has bilm, cache, ', "config.json", "--parameters", '{"drop_out": 0.5}')
    refuses("must be a JSON object, not a list", "config.json", "--parameters", "[1]")
    for nothing in ("null", "{}"):
        refuses("There is no ELMo to be replaced", "config.json", "--replace", "--parameters", nothing)
    for other in ('""', "[]", "0", "false"):
        refuses("must be a JSON object, not a ", "config.json", "--parameters", other)
    refuses("--parameters .* is JSON with more than 200", "config.json", "--parameters", "[" * 300 + "]" * 300)
    refuses("There is no ELMo to be replaced", "config.json", "--replace")


def test_a_transformer(elmo_add: Elmo, bert: Path) -> None:
    elmo_add("config.json", "-o", "added.json", "--bilm", str(bert))
    added = json.loads(Path("added.json").read_text())
    indexer = {"type": "elmo_transformer_ids", "transformer": str(bert)}
    assert added["dataset_reader"]["token_indexers"]["elmo"] == indexer
    embedder = added["model"]["text_field_embedder"]["token_embedders"]["elmo"]
    assert embedder == {"type": "elmo", "transformer": str(bert), "dropout": 0}
    assert added["model"]["encoder"]["input_size"] == 22
