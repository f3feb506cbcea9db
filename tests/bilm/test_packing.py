import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from elmo_tasks.bilm.packing import pack


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_as_torch_packs(lengths: list[int]) -> None:
    """`pack_sequence` on sequences whose elements are (sequence, step)."""
    sequences = [torch.tensor([[number, step] for step in range(length)]) for number, length in enumerate(lengths)]
    expected = pack_sequence(sequences, enforce_sorted=False)
    packing = pack(torch.tensor(lengths), 10)
    assert packing.step_sizes == expected.batch_sizes.tolist()
    # Among equally long sequences the order is free.
    assert torch.equal(packing.steps, expected.data[:, 1])
    assert [lengths[number] for number in packing.order] == sorted(lengths, reverse=True)
    for row, (sequence, step) in enumerate(zip(packing.sequences, packing.steps, strict=True)):
        assert packing.rows(sequence, step) == row
    assert len({(int(a), int(b)) for a, b in zip(packing.sequences, packing.steps, strict=True)}) == sum(lengths)


def test_empty_sequences_come_last_and_have_no_rows() -> None:
    packing = pack(torch.tensor([0, 2, 0, 1]), 5)
    assert packing.step_sizes == [2, 1]
    assert packing.order[:2].tolist() == [1, 3]
    assert packing.sequences.tolist() == [1, 3, 1]


def test_no_sequences() -> None:
    assert pack(torch.zeros(0, dtype=torch.long), 3).step_sizes == []
