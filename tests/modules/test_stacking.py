import torch

from elmo_tasks.modules.stacking import stack, stack_fields


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


def test_stacks_the_tensors_of_text_fields() -> None:
    premises = {"words": {"tokens": torch.ones(2, 3)}, "letters": {"token_characters": torch.ones(2, 3, 5)}}
    hypotheses = {"words": {"tokens": torch.ones(2, 1)}, "letters": {"token_characters": torch.ones(2, 1, 7)}}
    stacked = stack_fields([premises, hypotheses])
    assert stacked["words"]["tokens"].sum(dim=1).tolist() == [3, 3, 1, 1]
    assert stacked["letters"]["token_characters"].shape == (4, 3, 7)
    assert stacked["letters"]["token_characters"].sum(dim=(1, 2)).tolist() == [15, 15, 7, 7]
