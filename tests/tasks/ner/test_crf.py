import itertools

import pytest
import torch
from allennlp.modules.conditional_random_field import allowed_transitions

from elmo_tasks.tasks.ner.crf import Crf

LABELS = dict(enumerate(["O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC"]))


def make_crf(constrained: bool, labels: dict[int, str] = LABELS) -> Crf:
    return Crf(len(labels), allowed_transitions("BIOUL", labels) if constrained else None)


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("lengths", [[1], [7, 1, 4], [5] * 9, [2, 30, 11]])
def test_decodes_what_the_stock_crf_decodes(constrained: bool, lengths: list[int]) -> None:
    crf = make_crf(constrained)
    for scale in (0.1, 1.0, 10.0):
        logits = scale * torch.randn(len(lengths), max(lengths), len(LABELS))
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
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
