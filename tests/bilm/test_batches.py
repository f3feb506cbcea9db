from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.bilm.batches import batches_by_length, windows

LENGTHS = st.lists(st.integers(0, 40), max_size=60)


def length(sentence: tuple[int, int]) -> int:
    """Of a sentence that is its number and its length."""
    return sentence[1]


@given(LENGTHS, st.integers(1, 100))
def test_windows_are_the_text_in_order(lengths: list[int], max_tokens: int) -> None:
    text = list(enumerate(lengths))
    found = list(windows(text, length, max_tokens))
    assert [sentence for window in found for sentence in window] == text
    for window in found:
        # All but its last sentence are too few.
        assert sum(map(length, window[:-1])) < max_tokens


def test_windows_of_blank_lines_end_too() -> None:
    assert [len(window) for window in windows(enumerate([0] * 20000), length, 100)] == [16384, 3616]


@given(LENGTHS, st.integers(1, 10), st.integers(1, 100))
def test_batches_hold_every_sentence_once_within_their_bounds(
    lengths: list[int], max_sentences: int, max_tokens: int
) -> None:
    text = list(enumerate(lengths))
    batches = list(batches_by_length(text, length, max_sentences, max_tokens))
    assert sorted(sentence for batch in batches for sentence in batch) == text
    longest_first = [length(sentence) for batch in batches for sentence in batch]
    assert longest_first == sorted(lengths, reverse=True)
    for batch in batches:
        assert 1 <= len(batch) <= max_sentences
        assert len(batch) == 1 or len(batch) * length(batch[0]) <= max_tokens
