from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Token
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers import SequenceTaggingDatasetReader
from allennlp.data.vocabulary import Vocabulary

from elmo_tasks.modules.sampled_reader import SampledReader


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "text"
    path.write_text("".join(f"w{number}###T\n" for number in range(200)))
    return str(path)


def words(reader: DatasetReader, corpus: str) -> list[str]:
    return [instance["tokens"].tokens[0].text for instance in reader.read(corpus)]


def sampled(fraction: float, seed: int = 1) -> SampledReader:
    return SampledReader(SequenceTaggingDatasetReader(), fraction, seed)


def test_a_smaller_part_is_a_part_of_a_larger_one(corpus: str) -> None:
    small, large, whole = (words(sampled(fraction), corpus) for fraction in (0.1, 0.5, 1.0))
    assert [len(part) for part in (small, large, whole)] == [20, 100, 200]
    assert set(small) < set(large)
    assert whole == words(SequenceTaggingDatasetReader(), corpus)
    # In the order of the file, and from all over it.
    assert small == sorted(small, key=lambda word: int(word[1:]))
    assert int(small[-1][1:]) > 100


def test_seeds_draw_other_parts(corpus: str) -> None:
    assert words(sampled(0.1, 1), corpus) == words(sampled(0.1, 1), corpus) != words(sampled(0.1, 2), corpus)


def test_there_is_always_an_instance(corpus: str) -> None:
    assert len(words(sampled(0.0001), corpus)) == 1


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, True, "0.5", float("nan")])
def test_no_fraction(fraction: float) -> None:
    with pytest.raises(ConfigurationError, match="above 0 and at most 1"):
        sampled(fraction)


def test_a_data_loader_can_index_them(corpus: str) -> None:
    loader = MultiProcessDataLoader(sampled(0.1), corpus, batch_size=4)
    loader.index_with(Vocabulary.from_instances(loader.iter_instances()))
    assert sum(len(batch["metadata"]) for batch in loader) == 20


def test_text_to_instance_is_the_readers() -> None:
    instance: Instance = sampled(0.5).text_to_instance([Token("a")], ["T"])
    assert instance["tags"].labels == ["T"]
    instance = sampled(0.5).text_to_instance(tokens=[Token("a")], tags=["T"])
    assert instance["tags"].labels == ["T"]
