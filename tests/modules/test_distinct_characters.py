"""The encoder of distinct words against AllenNLP's of all tokens."""

from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.modules.token_embedders import TokenEmbedder
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

CNN = {"type": "cnn", "embedding_dim": 4, "num_filters": 5, "ngram_filter_sizes": [2, 3]}
LSTM = {"type": "lstm", "input_size": 4, "hidden_size": 5}


def build(kind: str, encoder: dict[str, Any], **parameters: Any) -> TokenEmbedder:
    torch.manual_seed(0)
    embedding = {"num_embeddings": 7, "embedding_dim": 4}
    return TokenEmbedder.from_params(
        Params({"type": kind, "embedding": embedding, "encoder": dict(encoder), **parameters})
    )


def pair(encoder: dict[str, Any], **parameters: Any) -> tuple[TokenEmbedder, TokenEmbedder]:
    """Stock's and ours, whose weights are the same because the seed is."""
    return (
        build("character_encoding", encoder),
        build("elmo_distinct_character_encoding", encoder, **parameters).eval(),
    )


def characters(lengths: list[list[int]], seed: int = 0) -> Tensor:
    """A batch of words of these lengths; shape `(batch, tokens, characters)`, 3 characters at least."""
    generator = torch.Generator().manual_seed(seed)
    width = max([3, *(length for sentence in lengths for length in sentence)])
    ids = torch.zeros(len(lengths), max(map(len, lengths)), width, dtype=torch.long)
    for row, sentence in enumerate(lengths):
        for column, length in enumerate(sentence):
            ids[row, column, :length] = torch.randint(1, 7, (length,), generator=generator)
    return ids


LENGTHS = [[3, 4, 3, 17, 3], [5], [90, 3, 3, 40], [16, 33]]


@pytest.mark.parametrize("encoder", [CNN, LSTM], ids=["cnn", "lstm"])
@pytest.mark.parametrize("min_characters", [3, 16, 1000])
def test_equals_that_of_all_tokens(encoder: dict[str, Any], min_characters: int) -> None:
    stock, ours = pair(encoder, min_characters=min_characters)
    ids = characters(LENGTHS)
    torch.testing.assert_close(ours(ids), stock(ids))
    assert ours.get_output_dim() == stock.get_output_dim()


@given(
    st.lists(st.lists(st.integers(3, 40), max_size=5), min_size=1, max_size=4).filter(any),
    st.integers(0, 9),
    st.integers(3, 20),
)
def test_any_words(lengths: list[list[int]], seed: int, min_characters: int) -> None:
    stock, ours = pair(CNN, min_characters=min_characters)
    ids = characters(lengths, seed)
    torch.testing.assert_close(ours(ids), stock(ids))


def test_gradients_equal_those_of_all_tokens() -> None:
    stock, ours = pair(CNN)
    ids = characters([[3, 3, 3, 5], [20, 3]])
    ids[0, 1] = ids[0, 0]
    # One gradient a token, so that equal words have different ones. Shape: (batch, tokens, encoding_dim)
    gradient = torch.randn(2, 4, 10, generator=torch.Generator().manual_seed(1))
    for embedder in (stock, ours):
        (embedder(ids) * gradient).sum().backward()
    for theirs, own in zip(stock.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(own.grad, theirs.grad)


def test_each_distinct_word_is_encoded_once_and_short_ones_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = pair(CNN)[1]
    shapes: list[tuple[int, ...]] = []
    encode = ours._encode
    monkeypatch.setattr(ours, "_encode", lambda words: shapes.append(tuple(words.shape)) or encode(words))
    ids = characters([[5, 90, 5, 7], [5]])
    ids[0, 2] = ids[1, 0] = ids[0, 0]
    ours(ids)
    # Padding, the word that is there three times and the one of 7; then the one of 90.
    assert shapes == [(3, 16), (1, 90)]


def test_dropout_falls_on_tokens_not_on_words() -> None:
    ours = build("elmo_distinct_character_encoding", LSTM, dropout=0.5).train()
    ids = characters([[4]]).expand(1, 50, -1)
    assert len(ours(ids)[0].unique(dim=0)) > 1


def test_no_token() -> None:
    stock, ours = pair(CNN)
    ids = torch.zeros(2, 3, 4, dtype=torch.long)
    torch.testing.assert_close(ours(ids), stock(ids))
