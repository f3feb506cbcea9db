from typing import Any

import numpy as np
import pytest
import torch
from allennlp.data.token_indexers.elmo_indexer import ELMoCharacterMapper
from allennlp.modules.elmo import batch_to_ids as stock_batch_to_ids
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.bilm import EmptyWordError, batch_to_ids, characters
from elmo_tasks.bilm.characters import (
    MAX_WORD_LENGTH,
    PAD,
    SENTENCE_END_IDS,
    SENTENCE_START_IDS,
    distinct_words,
    join_rows,
    word_row,
)

# Any text that UTF-8 can hold.
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def ids_of(word: str, of_vocabulary: bool = False) -> list[int]:
    return np.frombuffer(word_row(word, of_vocabulary), dtype=np.int64).tolist()


@given(words)
def test_word_has_stock_ids(word: str) -> None:
    assert ids_of(word) == ids_of(word, True) == ELMoCharacterMapper().convert_word_to_char_ids(word)


@pytest.mark.parametrize("word", ["<S>", "</S>"])
def test_text_that_looks_like_a_boundary_is_text(word: str) -> None:
    ids = ids_of(word)
    assert ids[1 : 1 + len(word)] == [ord(character) + 1 for character in word]


def test_boundaries_are_stocks() -> None:
    assert SENTENCE_START_IDS.tolist() == [i + 1 for i in ELMoCharacterMapper.beginning_of_sentence_characters]
    assert SENTENCE_END_IDS.tolist() == [i + 1 for i in ELMoCharacterMapper.end_of_sentence_characters]


@pytest.mark.parametrize("word", ["<S>", "</S>", "", "\ud800", "a\udc80b"])
def test_words_of_a_vocabulary_are_stocks(word: str) -> None:
    assert ids_of(word, True) == ELMoCharacterMapper().convert_word_to_char_ids(word)


def test_batch_is_stocks() -> None:
    batch = [["Nächster", "Halt", ":"], ["東京", "🚉"], ["x" * 500]]
    assert torch.equal(batch_to_ids(batch), stock_batch_to_ids(batch))


@pytest.mark.parametrize(("batch", "shape"), [([], (0, 0, 50)), ([[]], (1, 0, 50)), ([[], ["a"], []], (3, 1, 50))])
def test_nothing_has_ids_too(batch: list[list[str]], shape: tuple[int, ...]) -> None:
    assert batch_to_ids(batch).shape == shape


def test_lone_surrogates_are_kept_apart() -> None:
    ids = batch_to_ids([["\ud800", "\udfff", "a\udc80"]])
    assert len({tuple(row) for row in ids[0].tolist()}) == 3
    assert ids.max() == PAD


def test_empty_word_is_named() -> None:
    with pytest.raises(EmptyWordError, match=r"Sentence 2, token 1: A token is the empty string"):
        batch_to_ids([["a"], [], ["b", ""]])


def test_a_caller_cannot_change_the_kept_ids() -> None:
    batch_to_ids([["word"]])[:] = 7
    join_rows([word_row("word")])[:] = 7
    assert 7 not in ids_of("word")
    with pytest.raises(ValueError, match="read-only"):
        SENTENCE_START_IDS[0] = 7


def test_rows_are_padded_or_cut_off() -> None:
    rows = [word_row("a"), word_row("b")]
    assert join_rows(rows, 3).tolist() == [ids_of("a"), ids_of("b"), [0] * MAX_WORD_LENGTH]
    assert join_rows(rows, 1).tolist() == [ids_of("a")]
    assert join_rows([]).shape == join_rows(rows, 0).shape == (0, MAX_WORD_LENGTH)


@pytest.mark.parametrize("word", [None, 3, b"a", ["a"]])
def test_what_is_no_string_is_refused(word: Any) -> None:
    with pytest.raises(TypeError):
        word_row(word)
    with pytest.raises(TypeError, match=r"Sentence 1, token 2 is .*, and must be a string"):
        batch_to_ids([["a"], ["a", "b", word]])


def test_a_string_is_no_list_of_tokens() -> None:
    with pytest.raises(TypeError, match="Sentence 1 is a string; a list of its tokens is needed"):
        batch_to_ids([["你好"], "你好"])


@given(st.lists(words, max_size=20))
def test_distinct_words(batch: list[str]) -> None:
    ids = batch_to_ids([batch]).view(-1, MAX_WORD_LENGTH)
    distinct, rows = distinct_words(ids)
    assert torch.equal(distinct[rows], ids)
    assert len(distinct) == len(ids.unique(dim=0))


def test_distinct_words_when_hashes_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = batch_to_ids([["a", "b", "a", "c"]])[0]
    monkeypatch.setattr(characters, "word_hashes", lambda words: torch.zeros(len(words), dtype=torch.long))
    distinct, rows = distinct_words(ids)
    assert torch.equal(distinct[rows], ids)
    assert len(distinct) == 3
