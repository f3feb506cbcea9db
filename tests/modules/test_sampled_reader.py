from collections.abc import Iterable, Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Token
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers import SequenceTaggingDatasetReader
from allennlp.data.dataset_readers.dataset_reader import WorkerInfo
from allennlp.data.vocabulary import Vocabulary
from torch import distributed

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


class Unshared(SequenceTaggingDatasetReader):
    """One that leaves it to AllenNLP to share out what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.manual_distributed_sharding = self.manual_multiprocess_sharding = False

    def shard_iterable(self, iterable: Iterable[Any]) -> Iterator[Any]:
        return iter(iterable)


@pytest.mark.parametrize("base", [SequenceTaggingDatasetReader, Unshared])
@pytest.mark.parametrize("most", [None, 7])
def test_processes_share_out_the_part_of_one(
    base: type[DatasetReader], most: int | None, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of distributed training, each of which has two workers that load its data."""

    def part() -> SampledReader:
        reader = base()
        reader.max_instances = 150
        return SampledReader(reader, 0.1, seed=1, max_instances=most)

    whole = words(part(), corpus)
    assert len(whole) == (most or 15)
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    shares = []
    for rank, worker in product(range(2), range(2)):
        monkeypatch.setattr(distributed, "get_rank", lambda rank=rank: rank)
        reader = part()
        reader._set_worker_info(WorkerInfo(num_workers=2, id=worker))
        shares.append(words(reader, corpus))
    assert all(shares)
    assert sorted(chain(*shares)) == sorted(whole)


def test_a_data_loader_has_workers(corpus: str) -> None:
    loader = MultiProcessDataLoader(sampled(0.1), corpus, batch_size=4, num_workers=2)
    read = [instance["tokens"].tokens[0].text for instance in loader.iter_instances()]
    assert sorted(read) == sorted(words(sampled(0.1), corpus))


def test_text_to_instance_is_the_readers() -> None:
    instance: Instance = sampled(0.5).text_to_instance([Token("a")], ["T"])
    assert instance["tags"].labels == ["T"]
    instance = sampled(0.5).text_to_instance(tokens=[Token("a")], tags=["T"])
    assert instance["tags"].labels == ["T"]
