import pytest
import torch
from torch import Tensor

from elmo_tasks.tasks.squad.attention import BidirectionalAttention, SelfAttention, TrilinearSimilarity


def similar(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """`w . [x; y; x * y]` for two vectors."""
    return weights.flatten() @ torch.cat([x, y, x * y])


def lengths_to_mask(*lengths: int) -> Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def test_similarity_is_that_of_all_pairs() -> None:
    similarity = TrilinearSimilarity(4).double()
    x, y = torch.randn(2, 3, 4).double(), torch.randn(2, 5, 4).double()
    expected = torch.stack(
        [
            torch.stack([torch.stack([similar(similarity.weights, a, b) for b in ys]) for a in xs])
            for xs, ys in zip(x, y, strict=False)
        ]
    )
    torch.testing.assert_close(similarity(x, y), expected)


def test_bidirectional_attention_by_brute_force() -> None:
    attention = BidirectionalAttention(4).double()
    passage, question = torch.randn(2, 5, 4).double(), torch.randn(2, 3, 4).double()
    passage_mask, question_mask = lengths_to_mask(5, 3), lengths_to_mask(2, 3)
    output = attention(passage, passage_mask, question, question_mask)
    assert output.shape == (2, 5, attention.output_dim)
    for number in range(2):
        tokens, asked = passage[number][passage_mask[number]], question[number][question_mask[number]]
        scores = torch.stack(
            [torch.stack([similar(attention.similarity.weights, token, other) for other in asked]) for token in tokens]
        )
        seen_passage = scores.max(dim=1).values.softmax(dim=0) @ tokens
        for place, token in enumerate(tokens):
            seen_question = scores[place].softmax(dim=0) @ asked
            expected = torch.cat([token, seen_question, token * seen_question, token * seen_passage])
            torch.testing.assert_close(output[number, place], expected)


def slow_self_attention(attention: SelfAttention, tokens: Tensor, mask: Tensor) -> Tensor:
    """As the papers write it, one pair of tokens after another."""
    output = torch.zeros_like(tokens)
    for number, length in enumerate(mask.sum(dim=1).tolist()):
        own = tokens[number, :length]
        for place, token in enumerate(own):
            scores = torch.stack(
                [
                    *(
                        similar(attention.similarity.weights, token, other)
                        if place != other_place
                        else -token.new_tensor(1e9)
                        for other_place, other in enumerate(own)
                    ),
                    attention.nothing_score,
                ]
            )
            output[number, place] = scores.softmax(dim=0)[:-1] @ own
    return output


@pytest.mark.parametrize("dim", [1, 6, 7, 8])
def test_self_attention_by_brute_force(dim: int) -> None:
    attention = SelfAttention(dim)
    tokens, mask = torch.randn(3, 6, dim, requires_grad=True), lengths_to_mask(6, 1, 4)
    weights = torch.randn(3, 6, dim) * mask[:, :, None]
    results = []
    for function in (attention, lambda *given: slow_self_attention(attention, *given)):
        attention.zero_grad()
        tokens.grad = None
        output = function(tokens, mask)
        (output * weights).sum().backward()
        gradients = [tokens.grad, *(parameter.grad for parameter in attention.parameters())]
        results.append(
            [output * mask[:, :, None], *(gradient.clone() for gradient in gradients if gradient is not None)]
        )
        assert len(results[-1]) == 4
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)
    assert not results[0][0][1].any()  # a token that is alone


@pytest.mark.parametrize("garbage", [0.0, 1e3, -1e3])
def test_padding_is_never_seen(garbage: float) -> None:
    attention, both = SelfAttention(4), BidirectionalAttention(4)
    tokens, question, mask = torch.randn(2, 5, 4), torch.randn(2, 5, 4), lengths_to_mask(5, 3)
    expected = attention(tokens, mask)[mask], both(tokens, mask, question, mask)[mask]
    changed = [text.masked_fill(~mask[:, :, None], garbage) for text in (tokens, question)]
    torch.testing.assert_close(attention(changed[0], mask)[mask], expected[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(both(changed[0], mask, changed[1], mask)[mask], expected[1], rtol=0, atol=1e-6)


def kept_bytes(tokens: int) -> int:
    """What self-attention keeps for the backward pass."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    given = torch.randn(8, tokens, 31, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        SelfAttention(31)(given, torch.ones(8, tokens, dtype=torch.bool)).sum()
    return sum(kept.values())


def test_self_attention_keeps_no_scores_of_all_pairs() -> None:
    # One matrix of scores for each of the 8 passages would alone be of 8 * 256 * 256 numbers of 4 bytes.
    assert kept_bytes(256) < 8 * 256 * 256 * 4
    assert kept_bytes(256) < 2.5 * kept_bytes(128)
