import json
import sys
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from shipped_configs import CONFIGS, shipped

from elmo_tasks.archives import loading
from elmo_tasks.configs.add import read_config
from elmo_tasks.installation import config_check
from elmo_tasks.old_configs import check_not_old

ELMO: dict[str, Any] = {"type": "elmo_token_embedder"}
NEW: dict[str, Any] = {
    "dataset_reader": {"type": "conll2003", "token_indexers": {"elmo": {"type": "elmo_characters"}}},
    "train_data_path": "train.txt",
    "model": {
        "type": "crf_tagger",
        "text_field_embedder": {"token_embedders": {"elmo": ELMO}},
        "regularizer": {"regexes": [["scalar_parameters", {"type": "l2", "alpha": 0.001}]]},
    },
    "data_loader": {"batch_size": 32},
    "trainer": {"num_epochs": 1, "cuda_device": 0},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The new config, with one field more, or another value of one."""
    config: dict[str, Any] = json.loads(json.dumps(NEW))
    *outer, key = path.split(".")
    place = config
    for name in outer:
        place = place.setdefault(name, {})
    place[key] = value
    return config


OLD = {
    "iterator": ({"type": "bucket"}, '"iterator" is now data_loader'),
    "validation_iterator": ({"type": "basic"}, "validation_data_loader"),
    "trainer.num_serialized_models_to_keep": (1, "trainer.checkpointer.keep_most_recent_by_count"),
    "trainer.cuda_device": ([0, 1], "distributed.cuda_devices"),
    "vocabulary.directory_path": ("vocabulary", "vocabulary.directory"),
    "dataset_reader.coding_scheme": ("BIOUL", "convert_to_coding_scheme"),
    "dataset_reader.tokenizer": ({"type": "word", "word_splitter": "just_spaces"}, '"type": "whitespace"'),
    "model.text_field_embedder": ({"elmo": ELMO}, "model.text_field_embedder.token_embedders.elmo"),
    "model.text_field_embedder.allow_unmatched_keys": (True, "gone"),
    "model.initializer": ([["weight", {"type": "normal"}]], '{"regexes": [...]}'),
    "model.encoder.regularizer": ([["weight", "l2"]], '{"regexes": [...]}'),
}


@pytest.mark.parametrize("path", OLD)
def test_an_old_key_is_named_with_what_it_is_called_now(path: str) -> None:
    value, now = OLD[path]
    with pytest.raises(ConfigurationError) as raised:
        check_not_old(changed(path, value), "tagger.json")
    message = str(raised.value)
    assert message.startswith(f'tagger.json is a config of AllenNLP 0.9, and this is 2.10.1: "{path}')
    assert now in message
    assert "\n" not in message
    assert message.count(" is now ") == 1


def test_all_old_keys_are_named_at_once() -> None:
    config = changed("iterator", {"type": "basic"}) | {"trainer": {"model_save_interval": 60}}
    with pytest.raises(ConfigurationError, match=r'"iterator" is now .*; "trainer\.model_save_interval" is now '):
        check_not_old(config, "tagger.json")


def test_laziness_is_old_where_there_is_no_data_loader() -> None:
    config = changed("dataset_reader.lazy", True)
    check_not_old(config, "tagger.json")
    del config["data_loader"]
    with pytest.raises(ConfigurationError, match="max_instances_in_memory"):
        check_not_old(config, "tagger.json")


@pytest.mark.parametrize("config", [NEW, {}, [], None, "x", {"model": "x", "trainer": [], "dataset_reader": None}])
def test_a_new_config_and_what_is_none_is_let_through(config: Any) -> None:
    check_not_old(config, "tagger.json")


@pytest.mark.parametrize("name", CONFIGS)
def test_so_are_those_of_this_project(name: str) -> None:
    check_not_old(shipped(name), name)


def test_a_config_that_elmo_is_to_be_added_to_says_so(old: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'config\.json is a config of AllenNLP 0\.9.*"iterator"'):
        read_config("config.json")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(changed("iterator", {"type": "basic"})))
    return config


@pytest.mark.parametrize(
    "command", ["train config.json -s run", "find-lr config.json -s run", "build-vocab config.json vocabulary.tar.gz"]
)
def test_the_commands_say_so(command: str, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *command.split()])
    with pytest.raises(ConfigurationError, match=r'config\.json is a config of AllenNLP 0\.9.*"iterator"'):
        main()
    # Nothing is left that looks like a run.
    assert [path.name for path in old.parent.iterdir()] == ["config.json"]


def test_the_doctor_says_so(old: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'config\.json is a config of AllenNLP 0\.9.*"iterator"'):
        config_check("config.json").look()
    old.write_text(json.dumps(NEW))
    assert config_check("config.json").look() == "dataset_reader conll2003, model crf_tagger"


def test_an_archives_model_and_reader_count_and_training_does_not() -> None:
    with pytest.raises(
        ConfigurationError, match=r"run/config\.json is a config of AllenNLP 0\.9.*token_embedders\.elmo"
    ):
        loading.load_dataset_readers(Params(changed("model.text_field_embedder", {"elmo": ELMO})), "run")
    readers = changed("iterator", {"type": "basic"}) | {"dataset_reader": {"type": "sequence_tagging"}}
    assert loading.load_dataset_readers(Params(readers), "run")
