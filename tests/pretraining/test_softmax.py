import math

import pytest
import torch
from torch import distributed
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from elmo_tasks.pretraining.softmax import Softmax, inclusion_probabilities


def batch(dim: int = 6, tokens: int = 11, words: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    targets = torch.randint(words, (2, tokens))
    targets[0, 3] = targets[1, 0] = -1
    return torch.randn(2, tokens, dim, requires_grad=True), targets


@pytest.mark.parametrize("block", [(512, 1024), (4, 7)])
def test_exact_loss_is_cross_entropy(monkeypatch, block):
    for name, size in zip(("_EXACT_TOKENS", "_EXACT_WORDS"), block, strict=True):
        monkeypatch.setattr(f"elmo_tasks.pretraining.softmax.{name}", size)
    softmax = Softmax(40, 6, 10).eval()
    states, targets = batch()
    expected = F.cross_entropy(
        (states.double() @ softmax.weight.double().t() + softmax.bias).flatten(0, 1),
        targets.flatten(),
        ignore_index=-1,
        reduction="none",
    )
    torch.testing.assert_close(softmax(states, targets), expected.view(2, -1).sum(dim=1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("number", [40, 41, 0])
def test_sampling_every_word_is_exact_with_exact_gradients(number):
    """With all words drawn there is nothing to correct: loss and gradients are the full softmax's."""
    softmax = Softmax(40, 6, number)
    states, targets = batch()
    softmax(states, targets).dot(torch.tensor([1.0, 0.5])).backward()
    ours = [states.grad, softmax.weight.grad, softmax.bias.grad]
    reference = [tensor.detach().clone().requires_grad_() for tensor in (states, softmax.weight, softmax.bias)]
    logits = reference[0] @ reference[1].t() + reference[2]
    losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none").view(2, -1)
    (losses.sum(dim=1) * torch.tensor([1.0, 0.5])).sum().backward()
    for gradient, expected in zip(ours, reference, strict=True):
        torch.testing.assert_close(gradient, expected.grad, rtol=1e-4, atol=1e-5)


def test_sampled_gradients_are_autograds():
    """Against the same loss written plainly, with the sample that was drawn."""
    softmax = Softmax(40, 6, 15)
    states, targets = batch()
    torch.manual_seed(5)
    samples = softmax.sample()
    torch.manual_seed(5)
    losses = softmax(states, targets)
    losses.sum().backward()
    plain = [tensor.detach().clone().requires_grad_() for tensor in (states, softmax.weight, softmax.bias)]
    known = targets.clamp(min=0)
    target_logits = (plain[0] * plain[1][known]).sum(-1) + plain[2][known]
    logits = plain[0] @ plain[1][samples].t() + (plain[2] - softmax.log_inclusion)[samples]
    logits = logits.masked_fill(samples == known.unsqueeze(-1), -math.inf)
    nll = torch.logsumexp(torch.cat([target_logits.unsqueeze(-1), logits], -1), -1) - target_logits
    expected = (nll * (targets >= 0)).sum(dim=1)
    torch.testing.assert_close(losses, expected, rtol=1e-5, atol=1e-5)
    expected.sum().backward()
    for gradient, tensor in zip((states.grad, softmax.weight.grad, softmax.bias.grad), plain, strict=True):
        torch.testing.assert_close(gradient, tensor.grad, rtol=1e-4, atol=1e-5)


def test_sparse_gradients_are_the_dense_ones():
    gradients = []
    for sparse in (False, True):
        torch.manual_seed(6)
        softmax = Softmax(40, 6, 15, sparse_gradients=sparse)
        softmax(*batch()).sum().backward()
        assert softmax.weight.grad.is_sparse is sparse
        gradients.append(softmax.weight.grad.to_dense())
    torch.testing.assert_close(*gradients)


def test_sparse_gradients_are_dense_where_processes_add_them_up(tmp_path):
    """Torch's DistributedDataParallel: "Cannot access storage of SparseTensorImpl"."""
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", world_size=1, rank=0)
    try:
        parallel = DistributedDataParallel(Softmax(40, 6, 15, sparse_gradients=True))
        parallel(*batch()).sum().backward()
    finally:
        distributed.destroy_process_group()
    assert not parallel.module.weight.grad.is_sparse
    assert parallel.module.weight.grad.any()


def test_samples_are_distinct_and_as_likely_as_stated():
    softmax = Softmax(200, 4, 30)
    drawn = torch.zeros(200)
    for _ in range(4000):
        sample = softmax.sample()
        assert len(set(sample.tolist())) == 30
        drawn[sample] += 1
    expected = softmax.log_inclusion.exp()
    # 5 standard deviations of a frequency over 4000 draws, and 2 % for the approximation.
    tolerance = 5 * (expected * (1 - expected) / 4000).sqrt() + 0.02 * expected
    assert bool(((drawn / 4000 - expected).abs() < tolerance).all())


def test_the_sampled_loss_estimates_the_exact_one():
    softmax = Softmax(2000, 8, 400)
    states, targets = batch(8, 50, 2000)
    sampled = torch.stack([softmax(states, targets).sum().detach() for _ in range(50)]).mean()
    exact = softmax.eval()(states, targets).sum()
    assert sampled == pytest.approx(float(exact), rel=0.02)


def test_inclusion_probabilities_add_up():
    probabilities = torch.rand(100, dtype=torch.double)
    probabilities /= probabilities.sum()
    assert float(inclusion_probabilities(probabilities, 17).sum()) == pytest.approx(17, abs=1e-6)
    assert bool((inclusion_probabilities(probabilities, 100) == 1).all())


def test_products_in_bfloat16_are_close_to_those_in_float32():
    torch.manual_seed(3)
    softmax = Softmax(300, 64, 50)
    states, targets = batch(dim=64, tokens=30, words=300)
    results = []
    for dtype in (None, torch.bfloat16):
        torch.manual_seed(5)
        losses = softmax(states, targets, dtype)
        gradients = torch.autograd.grad(losses.sum(), (states, softmax.weight, softmax.bias))
        results.append([losses, *gradients])
    for exact, half in zip(*results, strict=True):
        assert half.dtype == torch.float32
        assert 0 < (half - exact).norm() / exact.norm() < 0.01
    softmax.eval()
    assert torch.equal(softmax(states, targets, torch.bfloat16), softmax(states, targets))
