import torch

from elmo_tasks.modules.stacking import stack


def test_puts_texts_above_one_another() -> None:
    premises, hypotheses = torch.ones(2, 3, 4), torch.full((2, 5, 4), 2.0)
    stacked = stack([premises, hypotheses])
    assert stacked.shape == (4, 5, 4)
    assert torch.equal(stacked[:2, :3], premises)
    assert torch.equal(stacked[2:], hypotheses)
    assert not stacked[:2, 3:].any()


def test_pads_masks_with_false() -> None:
    mask = stack([torch.ones(2, 3, dtype=torch.bool), torch.ones(2, 1, dtype=torch.bool)])
    assert mask.tolist() == [[True] * 3] * 2 + [[True, False, False]] * 2


def test_takes_batches_of_different_sizes_and_any_further_dimensions() -> None:
    stacked = stack([torch.ones(1, 2, 3, 4), torch.ones(5, 1, 3, 4), torch.ones(0, 6, 3, 4)])
    assert stacked.shape == (6, 6, 3, 4)
    assert stacked.flatten(start_dim=2).any(dim=2).sum(dim=1).tolist() == [2, 1, 1, 1, 1, 1]


def test_a_single_text_stays_the_tensor_that_it_is() -> None:
    text = torch.ones(2, 3)
    assert stack([text]) is text
