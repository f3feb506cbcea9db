from collections.abc import Callable

import pytest
import torch
from torch import nn

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.weights_mark import WeightsMark


def test_the_digest_is_of_what_the_layers_depend_on(make_bilm: Callable[..., BiLM]) -> None:
    bilm, same, clipped = make_bilm(), make_bilm(), make_bilm(cell_clip=1.0)
    for other in (same, clipped):
        other.load_state_dict(bilm.state_dict())
    assert bilm_digest(bilm) == bilm_digest(same.requires_grad_(False))
    digests = {bilm_digest(bilm), bilm_digest(clipped), bilm_digest(same.to(torch.bfloat16))}
    with torch.no_grad():
        bilm.lstm.layers[0].bias[1, -1] += 1e-3
    assert len(digests | {bilm_digest(bilm)}) == 4


@pytest.mark.parametrize("change", ["step", "load", "replace", "convert", "fewer"])
def test_weights_mark(change: str) -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    mark = WeightsMark(module)
    module(torch.ones(1, 2)).sum().backward()
    module.eval().requires_grad_(False)
    assert mark.holds(module)
    if change == "step":
        torch.optim.SGD(module.parameters(), lr=0.1).step()
    elif change == "load":
        module.load_state_dict(module.state_dict())
    elif change == "replace":
        module[0].weight = nn.Parameter(module[0].weight.detach())
    elif change == "convert":
        module.double()
    else:
        del module[1]
    assert not mark.holds(module)
    assert WeightsMark(module).holds(module)


def test_weights_mark_of_weights_from_inference_mode() -> None:
    with torch.inference_mode():
        module = nn.Linear(2, 3)
    assert WeightsMark(module).holds(module)
