from pathlib import Path

import pytest

from elmo_tasks.mixes.named import short_names, split_name


def test_names_are_what_tells_paths_apart() -> None:
    assert short_names(["runs/ner/model.tar.gz"]) == ["ner"]
    assert short_names(["runs/ner/", "runs/snli/model.tar.gz", "squad.tar.gz"]) == ["runs/ner", "runs/snli", "squad"]
    assert short_names(["a/x/seed1", "a/y/seed1"]) == ["x", "y"]
    assert short_names(["a/x/seed1/run", "a/x/seed2/run"]) == ["seed1", "seed2"]
    assert short_names(["a/x/b/run", "a/y/c/run/model.tar.gz"]) == ["x/b", "y/c"]
    assert short_names(["a/seed1", "b/a/seed1"]) == ["a", "b/a"]
    assert short_names(["ner", "ner"]) == ["ner", "ner"]


def test_a_name_can_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert split_name("NER=runs/ner") == ("NER", "runs/ner")
    assert split_name("runs/ner") == (None, "runs/ner")
    (tmp_path / "lr=0.1").mkdir()
    assert split_name("lr=0.1") == (None, "lr=0.1")
    assert split_name("best=lr=0.1") == ("best", "lr=0.1")
