import copy

import torch
from allennlp.common import Params
from allennlp.training.optimizers import Optimizer
from torch import Tensor, nn

from elmo_tasks.pretraining.optimizer import LanguageModelAdam

ROWS, STEPS = 6, 40


def gradients(shape: tuple[int, ...], seed: int) -> list[Tensor]:
    """Of some steps; most rows have none in most steps."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(STEPS, ROWS, generator=generator) < 0.3
    return [torch.randn(shape, generator=generator) * rows.view(-1, *(1,) * (len(shape) - 1)).float() for rows in drawn]


def optimizer(parameters: dict[str, nn.Parameter]) -> LanguageModelAdam:
    params = Params({"type": "elmo_adam", "lr": 0.1, "parameter_groups": [[["^table"], {"rows": True}]]})
    made = Optimizer.from_params(params, model_parameters=list(parameters.items()))
    assert isinstance(made, LanguageModelAdam)
    return made


def test_each_row_has_torchs_adam_of_its_own() -> None:
    for shape in ((ROWS, 3), (ROWS,)):
        table = nn.Parameter(torch.ones(shape))
        rows = [nn.Parameter(torch.ones(shape[1:])) for _ in range(ROWS)]
        ours, theirs = optimizer({"table": table}), [torch.optim.Adam([row], lr=0.1) for row in rows]
        for gradient in gradients(shape, seed=1):
            table.grad = gradient.clone()
            ours.step()
            for row, part, adam in zip(rows, gradient, theirs, strict=True):
                if part.any():
                    row.grad = part.clone()
                    adam.step()
        torch.testing.assert_close(table.detach(), torch.stack([row.detach() for row in rows]))


def test_rows_of_sparse_gradients() -> None:
    """A row may be there twice, and one that is there may be zero: it takes no step."""
    dense, sparse = nn.Parameter(torch.ones(ROWS, 3)), nn.Parameter(torch.ones(ROWS, 3))
    ours, theirs = optimizer({"table": dense}), optimizer({"table": sparse})
    numbers = torch.tensor([[0, *range(ROWS)]])
    for gradient in gradients((ROWS, 3), seed=4):
        dense.grad = gradient.clone()
        ours.step()
        parts = torch.cat([gradient[:1] / 4, gradient])
        parts[1] *= 3 / 4
        sparse.grad = torch.sparse_coo_tensor(numbers, parts, gradient.shape, check_invariants=True)
        theirs.step()
    torch.testing.assert_close(sparse, dense)


def test_other_parameters_have_plain_adam() -> None:
    weight, table = nn.Parameter(torch.ones(ROWS, 3)), nn.Parameter(torch.ones(ROWS, 3))
    plain = nn.Parameter(torch.ones(ROWS, 3))
    ours, theirs = optimizer({"weight": weight, "table": table}), torch.optim.Adam([plain], lr=0.1)
    for gradient in gradients((ROWS, 3), seed=2):
        weight.grad, table.grad, plain.grad = gradient.clone(), gradient.clone(), gradient.clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(weight, plain)
    assert not torch.allclose(table, plain)


def test_goes_on_from_a_state_dict() -> None:
    table = nn.Parameter(torch.ones(ROWS, 3))
    first = optimizer({"table": table})
    some = gradients((ROWS, 3), seed=3)
    for gradient in some[:20]:
        table.grad = gradient.clone()
        first.step()
    resumed_table = nn.Parameter(table.detach().clone())
    resumed = optimizer({"table": resumed_table})
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    for gradient in some[20:]:
        table.grad, resumed_table.grad = gradient.clone(), gradient.clone()
        first.step()
        resumed.step()
    assert torch.equal(table, resumed_table)
