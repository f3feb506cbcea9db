"""The cache filled before the first epoch."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Token
from allennlp.data.data_loaders import SimpleDataLoader
from allennlp.data.fields import LabelField, ListField, TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer, SingleIdTokenIndexer

from elmo_tasks.embedders import ElmoCharacterIndexer, fill_cache

Losses = Callable[[dict[str, Any], Path], list[float]]


@pytest.fixture
def filling(cached_training: dict[str, Any]) -> dict[str, Any]:
    """The training of the cache's tests with the callback."""
    changed = copy.deepcopy(cached_training)
    changed["trainer"]["callbacks"] = ["elmo_fill_cache"]
    return changed


def test_one_run_before_the_first_epoch(
    cached_training: dict[str, Any],
    filling: dict[str, Any],
    losses: Losses,
    tmp_path: Path,
    bilm_runs: list[int],
) -> None:
    filled = losses(filling, tmp_path / "filled")
    # All three sentences at once; validation reads the same ones.
    assert bilm_runs == [3]
    # It has nothing to do in a second training.
    assert losses(filling, tmp_path / "again") == filled
    assert len(bilm_runs) == 1
    elmo = cached_training["model"]["text_field_embedder"]["token_embedders"]["elmo"]
    elmo["cache"] = str(tmp_path / "another")
    assert losses(cached_training, tmp_path / "plain") == pytest.approx(filled, rel=1e-4)


def test_data_that_is_not_kept_in_memory(
    filling: dict[str, Any], losses: Losses, tmp_path: Path, bilm_runs: list[int]
) -> None:
    filling["data_loader"]["max_instances_in_memory"] = 2
    losses(filling, tmp_path / "run")
    assert len(bilm_runs) == 1


def test_a_cache_that_cannot_be_used(
    filling: dict[str, Any], losses: Losses, tmp_path: Path, bilm_runs: list[int]
) -> None:
    expected = losses(filling, tmp_path / "first")
    bilm_runs.clear()
    elmo = filling["model"]["text_field_embedder"]["token_embedders"]["elmo"]
    elmo["cache"] = "/proc/no/folder"
    assert losses(filling, tmp_path / "second") == pytest.approx(expected, rel=1e-4)
    # Two batches each of two trainings and two validations, and none to fill what cannot be filled.
    assert len(bilm_runs) == 2 * (2 + 2)


@pytest.mark.parametrize("change", [{"cache": None}, {"cache": None, "requires_grad": True}])
def test_no_cache_to_fill(filling: dict[str, Any], tmp_path: Path, change: dict[str, Any]) -> None:
    filling["model"]["text_field_embedder"]["token_embedders"]["elmo"] |= change
    with pytest.raises(ConfigurationError, match='none of the model has one: give the embedder "cache"'):
        train_model(Params(filling), str(tmp_path / "run"))


def test_all_texts_with_elmo_are_found() -> None:
    def text(content: str, **indexers: Any) -> TextField:
        return TextField([Token(word) for word in content.split()], indexers)

    ours, stock = ElmoCharacterIndexer(), ELMoTokenCharactersIndexer()
    choices = ListField([ListField([text("b c", elmo=ours)]), ListField([text("d", elmo=stock, words=stock)])])
    instance = Instance(
        {
            "question": text("a", elmo=stock, words=SingleIdTokenIndexer()),
            "choices": choices,
            "words": text("e", words=SingleIdTokenIndexer()),
            "label": LabelField("f"),
        }
    )
    loader = SimpleDataLoader([instance], batch_size=1)
    found = [
        (" ".join(map(str, field.tokens)), indexer) for field, indexer in fill_cache._texts([loader], "elmo_tokens")
    ]
    assert found == [("a", stock), ("b c", ours), ("d", stock), ("d", stock)]
    assert fill_cache._count([loader], "elmo_tokens") == 4
