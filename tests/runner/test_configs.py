import json
from typing import Any

from elmo_tasks.runner.configs import data_files, get_at, relocated, set_at, with_seed


def test_seeds() -> None:
    config = {"random_seed": 1, "dataset_reader": {"type": "x"}}
    assert with_seed(config, 7) == {
        "random_seed": 7,
        "numpy_seed": 7,
        "pytorch_seed": 7,
        "dataset_reader": {"type": "x"},
    }
    assert config["random_seed"] == 1


def test_another_folder_of_data() -> None:
    config = {"a": "data/x.txt", "b": [{"c": "data/y.txt", "d": "database", "e": 3}], "f": "data/x.txt", "g": "/data/z"}
    assert data_files(config, "data") == ["x.txt", "y.txt"]
    assert relocated(config, "data", "/mine") == {
        "a": "/mine/x.txt",
        "b": [{"c": "/mine/y.txt", "d": "database", "e": 3}],
        "f": "/mine/x.txt",
        "g": "/data/z",
    }


def test_a_path_may_name_two_files() -> None:
    assert data_files({"a": "data/x.{en,de}.gz"}, "data") == ["x.en.gz", "x.de.gz"]


def test_dotted_fields() -> None:
    config: dict[str, Any] = {"a": {"b": 1}}
    set_at(config, "a.c.d", 2)
    assert json.dumps(config) == '{"a": {"b": 1, "c": {"d": 2}}}'
    assert get_at(config, "a.c.d") == 2
    assert get_at(config, "a.b.d") is None
    assert get_at(config, "x.y") is None
