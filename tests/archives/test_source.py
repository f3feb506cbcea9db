from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from elmo_tasks.archives.source import BiLMSource
from elmo_tasks.bilm import BiLMFiles


def source(files: BiLMFiles, run: Path | None = None) -> BiLMSource:
    return BiLMSource(
        options_file=str(files.options_file),
        weight_file=str(files.weight_file),
        serialization_dir=None if run is None else str(run),
    )


def keep(files: BiLMFiles, run: Path) -> None:
    given = source(files, run)
    given.find()
    given.keep()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with its vocabulary."""
    Vocabulary({"tokens": {"word": 1}}).save_to_files(str(tmp_path / "run" / "vocabulary"))
    return tmp_path / "run"


def test_without_a_run(new_bilm_files: BiLMFiles) -> None:
    given = source(new_bilm_files)
    assert given.find() == new_bilm_files
    given.keep()


def test_keeps_a_copy_and_prefers_it(new_bilm_files: BiLMFiles, run: Path) -> None:
    content = [file.read_bytes() for file in new_bilm_files]
    given = source(new_bilm_files, run)
    assert given.find() == new_bilm_files
    given.keep()
    for file in new_bilm_files:
        file.unlink()
    for again in (given, source(new_bilm_files, run)):
        kept = again.find()
        assert all(run in file.parents for file in kept)
        assert [file.read_bytes() for file in kept] == content
        # Nothing is left to copy from, and nothing needs to be.
        again.keep()


def test_copies_are_told_apart_by_what_the_config_says(
    bilm_files: BiLMFiles, other_bilm_files: BiLMFiles, run: Path
) -> None:
    keep(bilm_files, run)
    assert source(other_bilm_files, run).find() == other_bilm_files
    # An override of the file in an archive's config is obeyed.
    assert BiLMSource(str(bilm_files.options_file.parent), serialization_dir=str(run)).find() == bilm_files
    assert source(bilm_files, run).find() != bilm_files


def test_nothing_is_made_without_a_vocabulary(bilm_files: BiLMFiles, tmp_path: Path) -> None:
    keep(bilm_files, tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_half_a_copy_is_none(new_bilm_files: BiLMFiles, run: Path) -> None:
    given = source(new_bilm_files, run)
    assert given.find() == new_bilm_files
    moved = new_bilm_files.weight_file.rename(run / "weights.hdf5")
    with pytest.raises(FileNotFoundError):
        given.keep()
    moved.rename(new_bilm_files.weight_file)
    assert given.find() == new_bilm_files
    given.keep()
    assert given.find() != new_bilm_files


def test_vocabulary_does_not_see_the_copy(bilm_files: BiLMFiles, run: Path) -> None:
    keep(bilm_files, run)
    vocabulary = Vocabulary.from_files(str(run / "vocabulary"))
    assert vocabulary.get_namespaces() == {"tokens"}


def test_missing_files_are_named(bilm_files: BiLMFiles) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.hdf5"):
        source(BiLMFiles(bilm_files.options_file, Path("gone.hdf5"))).find()
    with pytest.raises(ConfigurationError, match=r'nobody.* A transformer is named by "transformer" in place'):
        BiLMSource("nobody").find()


@pytest.mark.parametrize("bilm", [5, True, ["mini"]])
def test_a_bilm_is_a_name_or_an_object(bilm: Any) -> None:
    with pytest.raises(ConfigurationError, match=r'"bilm" is .*; it must be a name, a folder, or an object'):
        BiLMSource(bilm)
