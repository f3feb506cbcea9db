"""A text, a tiny biLM in files, and stock AllenNLP's layers for them."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from elmo_tasks.bilm import BiLM, BiLMFiles, batch_to_ids


@pytest.fixture
def files(make_bilm: Callable[..., BiLM], tmp_path: Path) -> BiLMFiles:
    found = BiLMFiles(tmp_path / "options.json", tmp_path / "weights.hdf5")
    make_bilm().save(*found)
    return found


@pytest.fixture
def bilm(files: BiLMFiles) -> BiLM:
    return BiLM.from_files(*files)


@pytest.fixture
def lines() -> list[str]:
    """60 sentences of 1 to 30 words, one of them blank, one twice."""
    chance = random.Random(7)
    words = ["a", "b", "the", "naïve", "東京", "\U0001f469\u200d\U0001f4bb", "x" * 60, "1/2", "."]
    lines = [" ".join(chance.choices(words, k=chance.randint(1, 30))) for _ in range(60)]
    lines[17] = ""
    lines[40] = lines[20]
    return lines


@pytest.fixture
def text(lines: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def stock(files: BiLMFiles) -> Callable[[list[str]], list[np.ndarray]]:
    """Stock AllenNLP's layers of sentences in one batch, each of shape `(num_layers, tokens, dim)`."""
    from allennlp.modules.elmo import _ElmoBiLm

    bilm = _ElmoBiLm(*map(str, files))

    def layers(sentences: list[str]) -> list[np.ndarray]:
        tokens = [sentence.split() for sentence in sentences]
        bilm._elmo_lstm.reset_states()
        with torch.no_grad():
            activations = bilm(batch_to_ids(tokens))["activations"]
        # Shape: (batch, num_layers, tokens with boundaries, dim)
        padded = torch.stack(activations, dim=1).numpy()
        return [row[:, 1 : 1 + len(words)] for row, words in zip(padded, tokens, strict=True)]

    return layers
