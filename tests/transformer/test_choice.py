from collections.abc import Callable
from pathlib import Path

import pytest

from elmo_tasks.bilm import BiLM, PretrainedError
from elmo_tasks.transformer import Transformer, TransformerError, hidden_size, read_source, transformer_of


def test_which_is_meant(bert: Path, tmp_path: Path, make_bilm: Callable[..., BiLM]) -> None:
    make_bilm().save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    # A biLM's folder stays one whatever else is in it.
    (tmp_path / "config.json").write_text("{}")
    for name in ("mini", "original", str(tmp_path), "no-such", None):
        assert transformer_of(name) is None
    assert transformer_of(bert) == transformer_of(str(bert)) == transformer_of(f"transformer:{bert}") == str(bert)
    assert transformer_of("transformer:bert-base-uncased") == "bert-base-uncased"
    assert isinstance(read_source(str(bert)), Transformer)
    assert isinstance(read_source(tmp_path), BiLM)
    assert isinstance(read_source(default="mini"), BiLM)
    assert hidden_size(str(bert)) == 16


def test_a_runs_folder_is_no_transformers(tmp_path: Path, make_bilm: Callable[..., BiLM]) -> None:
    """Both have a config.json."""
    (tmp_path / "config.json").write_text('{"model": {"type": "elmo_language_model"}}')
    assert transformer_of(tmp_path) is None
    with pytest.raises(PretrainedError, match=rf"options\.json\. .* is named transformer:{tmp_path}\.$"):
        read_source(tmp_path)
    make_bilm().save(tmp_path / "bilm/options.json", tmp_path / "bilm/weights.hdf5")
    with pytest.raises(PretrainedError, match=rf"options\.json\. There is a biLM in {tmp_path}/bilm: give that\.$"):
        read_source(tmp_path)


def test_none_and_too_many(bert: Path) -> None:
    with pytest.raises(PretrainedError, match="but not both"):
        read_source(str(bert), "options.json", "weights.hdf5")
    with pytest.raises(PretrainedError, match='There is no biLM "no-such"'):
        read_source("no-such")
    with pytest.raises(TransformerError, match="There is no folder"):
        read_source("transformer:/no/such")
