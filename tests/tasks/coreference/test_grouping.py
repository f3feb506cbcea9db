import pytest
import torch
from allennlp.data import TextFieldTensors
from allennlp.nn.util import get_text_field_mask
from torch import Tensor

from elmo_tasks.tasks.coreference import grouping


@pytest.mark.parametrize(("at_once", "shapes"), [(100, [(4, 5)]), (5, [(1, 5), (2, 2), (1, 1)]), (1, None)])
def test_tokens_are_the_same_in_groups(
    at_once: int, shapes: list[tuple[int, int]] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = [2, 5, 1, 2]
    ids = torch.zeros(4, 5, dtype=torch.long)
    ids[torch.arange(5) < torch.tensor(lengths)[:, None]] = torch.arange(1, 11)
    pieces = torch.arange(28).view(4, 7)
    seen = []

    def encode(text: TextFieldTensors) -> tuple[Tensor, Tensor]:
        tokens = text["tokens"]["tokens"]
        seen.append(tuple(tokens.shape))
        # What has no row a token keeps its length.
        assert text["pieces"]["ids"].shape == (len(tokens), 7)
        mask = get_text_field_mask({"tokens": text["tokens"]})
        own = text["pieces"]["ids"][:, :1].expand(tokens.shape)
        return tokens[mask][:, None], own[mask][:, None]

    monkeypatch.setattr(grouping, "TOKENS_AT_ONCE", at_once)
    one, other = grouping.in_groups({"tokens": {"tokens": ids}, "pieces": {"ids": pieces}}, encode)
    assert one[:, 0].tolist() == list(range(1, 11))
    assert other[:, 0].tolist() == [0, 0, 7, 7, 7, 7, 7, 14, 21, 21]
    assert seen == (shapes or [(1, 5), (1, 2), (1, 2), (1, 1)])
