import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.squad.decoding import best_spans


@settings(max_examples=100)
@given(
    st.integers(1, 7),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.just(1), st.integers(1, 12)),
    st.integers(0, 1000),
)
def test_by_brute_force(tokens: int, batch: int, max_length: int | None, best: int, seed: int) -> None:
    numbers = torch.Generator().manual_seed(seed)
    starts, ends = torch.randn(2, batch, tokens, generator=numbers)
    lengths = torch.randint(1, tokens + 1, (batch,), generator=numbers)
    mask = torch.arange(tokens) < lengths[:, None]
    spans, scores = best_spans(starts, ends, mask, max_length, best)
    for number, length in enumerate(lengths.tolist()):
        expected = sorted(
            (
                ((starts[number, start] + ends[number, end]).item(), [start, end])
                for start in range(length)
                for end in range(start, min(start + (max_length or length), length))
            ),
            reverse=True,
        )[:best]
        found = [
            (score, span)
            for score, span in zip(scores[number].tolist(), spans[number].tolist(), strict=True)
            if score > float("-inf")
        ]
        assert [span for _, span in found] == [span for _, span in expected]
        assert [score for score, _ in found] == pytest.approx([score for score, _ in expected])


def test_no_end_before_the_start() -> None:
    # The best start is behind the best end.
    starts, ends = torch.tensor([[0.0, 0.0, 9.0]]), torch.tensor([[9.0, 1.0, 0.0]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    spans, scores = best_spans(starts, ends, mask, best=6)
    assert spans[0, 0].tolist() in ([2, 2], [0, 0])
    assert scores[0].tolist() == [9, 9, 1, 1, 0, 0]
    assert best_spans(starts, ends, mask, max_length=1, best=9)[0].shape == (1, 3, 2)
