import itertools

import pytest
import torch
from allennlp.modules import ConditionalRandomField
from allennlp.modules.conditional_random_field import allowed_transitions

from elmo_tasks.tasks.ner.crf import Crf

LABELS = dict(enumerate(["O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC"]))


def make_crf(constrained: bool, labels: dict[int, str] = LABELS) -> Crf:
    return Crf(len(labels), allowed_transitions("BIOUL", labels) if constrained else None)


def random_sentences(lengths: list[int], scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    logits = scale * torch.randn(len(lengths), max(lengths), len(LABELS))
    return logits, torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


LENGTHS = [[1], [7, 1, 4], [5] * 9, [2, 30, 11]]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_likelihood_and_gradients_are_the_stock_crfs(lengths: list[int]) -> None:
    ours = make_crf(constrained=True)
    stock = ConditionalRandomField(len(LABELS), allowed_transitions("BIOUL", LABELS))
    stock.load_state_dict(ours.state_dict())
    results = []
    logits, mask = random_sentences(lengths, 3.0)
    tags = torch.randint(len(LABELS), mask.shape)
    for crf in (ours, stock):
        inputs = logits.clone().requires_grad_()
        likelihood = crf(inputs, tags, mask)
        gradients = torch.autograd.grad(
            likelihood, [inputs, *(p for p in crf.parameters() if p.requires_grad)], allow_unused=True
        )
        results.append([likelihood, *(torch.zeros(1) if gradient is None else gradient for gradient in gradients)])
    for mine, expected in zip(*results, strict=True):
        torch.testing.assert_close(mine, expected.expand_as(mine), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_decodes_what_the_stock_crf_decodes(constrained: bool, lengths: list[int]) -> None:
    crf = make_crf(constrained)
    for scale in (0.1, 1.0, 10.0):
        logits, mask = random_sentences(lengths, scale)
        expected = [tags for tags, _ in crf.viterbi_tags(logits, mask)]
        assert crf.decode(logits, mask) == expected


@pytest.mark.parametrize("constrained", [False, True])
def test_decodes_the_best_of_all_paths(constrained: bool) -> None:
    labels = {number: LABELS[number] for number in range(5)}
    crf = make_crf(constrained, labels)
    allowed = set(allowed_transitions("BIOUL", labels)) if constrained else None
    logits = torch.randn(1, 4, len(labels))

    def score(path: tuple[int, ...]) -> float:
        steps = list(itertools.pairwise((len(labels), *path, len(labels) + 1)))
        if allowed is not None and not allowed.issuperset(steps):
            return float("-inf")
        moves = sum(crf.transitions[pair].item() for pair in steps[1:-1])
        ends = crf.start_transitions[path[0]].item() + crf.end_transitions[path[-1]].item()
        return moves + ends + sum(logits[0, step, tag].item() for step, tag in enumerate(path))

    best = max(itertools.product(labels, repeat=4), key=score)
    assert crf.decode(logits, torch.ones(1, 4, dtype=torch.bool)) == [list(best)]
