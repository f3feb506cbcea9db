"""What gives layers of vectors for sentences: a biLM, or a pretrained transformer."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn

from elmo_tasks.bilm.precision import PrecisionError


class BiLMOutput(NamedTuple):
    """The layers of a batch of sentences."""

    layers: Tensor
    """
    Zeros where there is no token. Shape `(batch, num_layers, tokens, output_dim)`; float32, or the weights' type if
    that is wider.
    """
    mask: Tensor
    """Where the tokens are. Shape `(batch, tokens)`, bool."""


class LayerSource(nn.Module, ABC):
    """
    Gives each token of a sentence one vector a layer: `BiLM`, or `elmo_tasks.transformer.Transformer`.

    All that stands on it (mixes, the sharing of one run, the cache on disk, dumps of texts, neighbours) knows no more
    of it than what is here. Called with a batch's ids, it gives a `BiLMOutput`. A sentence's layers depend on that
    sentence alone, unless it is `stateful`.
    """

    stateful: bool = False
    """Whether it carries states from batch to batch."""

    ids_name: str
    """What AllenNLP's indexers that make its ids call their tensors."""

    @property
    @abstractmethod
    def num_layers(self) -> int:
        """Layers in the output, the one without a context counted."""

    @property
    @abstractmethod
    def output_dim(self) -> int:
        """Length of a token's vector in each layer."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the weights are."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """The weights' precision."""

    def to_precision(self, dtype: torch.dtype) -> Self:
        """
        Converts it, in place.

        # Raises

        `PrecisionError`
            If it has no such precision.
        """
        if not dtype.is_floating_point:
            raise PrecisionError(f"A {type(self).__name__} cannot be converted to {dtype}: a biLM can.")
        return self.to(dtype)

    @abstractmethod
    def ids(self, sentences: Sequence[Sequence[str]]) -> Tensor:
        """
        What it reads of a batch of tokenized sentences. Shape `(batch, tokens, ids of a token)`, int64; zeros where
        there is no token, and where a token has fewer ids than others.

        # Raises

        `EmptyWordError`
            If a token is the empty string.
        """

    @abstractmethod
    def token_mask(self, ids: Tensor) -> Tensor:
        """The mask of the output, without running it: shape `(batch, tokens, ids of a token)` to `(batch, tokens)`."""

    @abstractmethod
    def sentence_key(self, ids: np.ndarray) -> bytes:
        """A sentence's ids, shape `(tokens, ids of a token)`, as bytes in which no padding is left."""

    @abstractmethod
    def identity(self) -> Any:
        """What its layers depend on beside weights and precision, as a value that JSON can write."""

    @abstractmethod
    def untrained(self, seed: int) -> "LayerSource":
        """The same with the random weights that it would be trained from: what comes of its shape alone."""

    @property
    def kept_words(self) -> int:
        """How many words' vectors are kept between calls, at most."""
        return 0

    def keep_words(self, most: int, words: Iterable[str] = ()) -> None:
        """Keeps words' vectors between calls, where that saves work. Here nothing is kept."""
