"""Stock AllenNLP's trainer with the activations cache."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Losses = Callable[[dict[str, Any], Path], list[float]]


def test_the_bilm_runs_in_the_first_epoch_of_the_first_run(
    cached_training: dict[str, Any], losses: Losses, tmp_path: Path, bilm_runs: list[int]
) -> None:
    first = losses(cached_training, tmp_path / "first")
    # Two batches; validation reads the same sentences.
    assert len(bilm_runs) == 2
    second = losses(cached_training, tmp_path / "second")
    assert len(bilm_runs) == 2
    assert second == pytest.approx(first, rel=1e-4)


def test_a_cache_that_cannot_be_used_costs_time_only(
    cached_training: dict[str, Any], losses: Losses, tmp_path: Path, bilm_runs: list[int]
) -> None:
    expected = losses(cached_training, tmp_path / "first")
    bilm_runs.clear()
    elmo = cached_training["model"]["text_field_embedder"]["token_embedders"]["elmo"]
    elmo["cache"] = {"path": "/proc/no/folder"}
    assert losses(cached_training, tmp_path / "second") == pytest.approx(expected, rel=1e-4)
    assert len(bilm_runs) == 2 * (2 + 2)
