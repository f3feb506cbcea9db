from collections import Counter
from pathlib import Path

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader
from allennlp.data.dataset_readers import SequenceTaggingDatasetReader
from allennlp.data.vocabulary import Vocabulary

from elmo_tasks.modules.sampled_loader import SampledLoader
from elmo_tasks.modules.sampled_reader import SampledReader


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "text"
    path.write_text("".join(f"w{number}###T\n" for number in range(80)))
    return str(path)


def loader(corpus: str, fraction: float) -> DataLoader:
    """As a config has it."""
    reader = SampledReader(SequenceTaggingDatasetReader(), fraction, seed=1)
    config = {"type": "elmo_sampled", "fraction": fraction, "batch_sampler": {"type": "bucket", "batch_size": 4}}
    made = DataLoader.from_params(Params(config), reader=reader, data_path=corpus)
    assert isinstance(made, SampledLoader)
    made.index_with(Vocabulary.from_instances(made.iter_instances()))
    return made


def epoch(loader: DataLoader) -> list[str]:
    return [words["words"][0] for batch in loader for words in batch["metadata"]]


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
def test_an_epoch_is_as_long_as_with_all_the_data(corpus: str, fraction: float) -> None:
    part = loader(corpus, fraction)
    for _ in range(2):
        words = epoch(part)
        assert len(words) == 80
        # Each instance of the part as often as the others.
        assert set(Counter(words).values()) == {round(1 / fraction)}


def test_epochs_go_on_where_the_last_one_ended(corpus: str) -> None:
    """An epoch has 20 of the part's 3 batches."""
    part = loader(corpus, 0.15)
    assert len(part) == 20
    counts = Counter(epoch(part) + epoch(part) + epoch(part))
    # 60 batches are 20 times the part's 12 instances.
    assert set(counts.values()) == {20}


def test_epochs_that_have_a_length_keep_it(corpus: str) -> None:
    reader = SampledReader(SequenceTaggingDatasetReader(), 0.5, seed=1)
    assert len(SampledLoader(reader, corpus, fraction=0.5, batch_size=4, batches_per_epoch=7)) == 7


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5])
def test_no_fraction(corpus: str, fraction: float) -> None:
    with pytest.raises(ConfigurationError, match="above 0 and at most 1"):
        SampledLoader(SequenceTaggingDatasetReader(), corpus, fraction=fraction, batch_size=4)
