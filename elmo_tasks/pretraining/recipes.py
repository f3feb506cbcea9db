"""The shapes of biLMs that `elmo-train` knows, and how one of each is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

from elmo_tasks.bilm import BiLMOptions


@dataclass(frozen=True)
class Recipe:
    """
    A biLM's shape, and how one of that shape is trained.

    # Parameters

    options : `BiLMOptions`
    streams : `int`
        Texts side by side in a batch.
    samples : `int`
        Words each batch is scored against.
    rate : `float`
        Adam's highest learning rate; it falls to zero.
    dropout : `float`
        Little where the text is much for a model of this size.
    min_count : `int`
        A rarer word counts as "unknown" where it is to be predicted.
    """

    options: BiLMOptions
    streams: int
    samples: int
    rate: float
    dropout: float
    min_count: int


def _options(cell: int, projection: int, filters: Sequence[int], highways: int) -> BiLMOptions:
    numbered = tuple(enumerate(filters, 1))
    return BiLMOptions(cell_dim=cell, projection_dim=projection, filters=numbered, num_highway=highways)


_PUBLISHED_FILTERS = (32, 32, 64, 128, 256, 512, 1024)

RECIPES = {
    "tiny": Recipe(_options(64, 16, (16, 16, 32), 1), 16, 256, 0.01, 0.1, 1),
    "compact": Recipe(_options(512, 128, (32, 32, 64, 64, 64, 128, 128), 1), 128, 2048, 0.002, 0.05, 5),
    "mini": Recipe(_options(512, 256, (32, 32, 64, 128, 256), 1), 128, 2048, 0.002, 0.05, 5),
    "small": Recipe(_options(1024, 128, _PUBLISHED_FILTERS, 1), 128, 8192, 0.001, 0.1, 3),
    "original": Recipe(_options(4096, 512, _PUBLISHED_FILTERS, 2), 128, 8192, 0.0005, 0.1, 3),
}
"""
By size. "compact" is the shape of "mini-zh": a Chinese character is three bytes, and its widest filters see two.
"small" and "original" are the published shapes; bilm-tf trained them with Adagrad at 0.2 on a billion words, as
training_configs/bilm has it.
"""
