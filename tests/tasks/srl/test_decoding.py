from itertools import product

import pytest
import torch
from allennlp.nn.util import viterbi_decode
from torch import Tensor

from elmo_tasks.tasks.srl.decoding import BioDecoder

TAGS = ["I-A", "O", "B-A", "B-B", "I-B", "I-never-begun"]


def allowed(path: tuple[str, ...]) -> bool:
    return all(
        not tag.startswith("I-") or before in (f"B-{tag[2:]}", tag)
        for before, tag in zip(("O", *path[:-1]), path, strict=True)
    )


def by_brute_force(scores: Tensor, tags: list[str]) -> float:
    """The highest sum of scores of all sequences that are allowed."""
    paths = (path for path in product(range(len(tags)), repeat=len(scores)) if allowed(tuple(tags[t] for t in path)))
    return max(sum(scores[token, tag].item() for token, tag in enumerate(path)) for path in paths)


@pytest.mark.parametrize("seed", range(5))
def test_finds_the_best_of_all_allowed_sequences(seed: int) -> None:
    torch.manual_seed(seed)
    scores = torch.randn(6, 5, len(TAGS)) * 3
    lengths = [5, 4, 3, 1, 2, 5]
    for sentence, length, found in zip(scores, lengths, BioDecoder(TAGS).decode(scores, lengths), strict=True):
        assert len(found) == length
        assert allowed(tuple(TAGS[tag] for tag in found))
        total = sum(sentence[token, tag].item() for token, tag in enumerate(found))
        assert total == pytest.approx(by_brute_force(sentence[:length], TAGS), abs=1e-4)


def test_is_allennlps_viterbi() -> None:
    torch.manual_seed(1)
    tags = ["O", *(f"{prefix}-{role}" for role in "ABCDEFGH" for prefix in "BI")]
    inside = [number for number, tag in enumerate(tags) if tag.startswith("I-")]
    transitions = torch.zeros(len(tags), len(tags))
    transitions[:, inside] = float("-inf")
    for number in inside:
        transitions[[number - 1, number], number] = 0
    scores = torch.randn(8, 20, len(tags)).log_softmax(dim=-1)
    found = BioDecoder(tags).decode(scores, [20] * 8)
    # Its `allowed_start_transitions` adds 100,000 to all sums, which costs float32 all but two decimals.
    scores[:, 0, inside] = float("-inf")
    for sentence, path in zip(scores, found, strict=True):
        assert path == viterbi_decode(sentence, transitions)[0]


def test_scores_may_be_logits_and_in_half_precision() -> None:
    torch.manual_seed(2)
    logits = torch.randn(4, 6, len(TAGS)).bfloat16()
    found = BioDecoder(TAGS).decode(logits, [6] * 4)
    assert found == BioDecoder(TAGS).decode(logits.float().log_softmax(dim=-1), [6] * 4)


def test_what_is_impossible_may_have_no_score() -> None:
    scores = torch.full((1, 2, 3), float("-inf"))
    scores[0, :, 1] = 0
    assert BioDecoder(["I-A", "O", "B-A"]).decode(scores, [2]) == [[1, 1]]


def test_without_tokens_or_sentences() -> None:
    decoder = BioDecoder(TAGS)
    assert decoder.decode(torch.zeros(2, 0, len(TAGS)), [0, 0]) == [[], []]
    assert decoder.decode(torch.zeros(0, 3, len(TAGS)), []) == []
    assert decoder.decode(torch.zeros(1, 3, len(TAGS)), [0]) == [[]]


def test_tags_need_not_mark_spans() -> None:
    assert BioDecoder(["x", "y"]).decode(torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]), [2]) == [[1, 0]]
