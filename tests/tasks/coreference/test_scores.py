import torch
from torch.nn import functional as F

from elmo_tasks.tasks.coreference.scores import Scored
from elmo_tasks.tasks.coreference.spans import Spans, nearest


def scored() -> Scored:
    """Of four spans three are kept, each compared with up to two before it."""
    starts = torch.arange(4)
    scores = torch.tensor([[0.0, 0, 0], [0, 2, 0], [0, -1, 3]])
    antecedents = nearest(3, 2, torch.device("cpu"))
    scores[:, 1:].masked_fill_(~antecedents.mask, float("-inf"))
    mentions = torch.tensor([1.0, -2, 0.5, 3])
    kept = torch.tensor([0, 2, 3])
    return Scored(Spans(starts, starts + 1), mentions, Spans(kept, kept + 1), antecedents, scores)


def test_the_best_antecedent() -> None:
    assert scored().best_antecedents() == [-1, 0, 0]


def test_the_loss_of_antecedents_by_hand() -> None:
    # The first and the third mean the same; the second is no mention.
    loss = scored().antecedents_loss(torch.tensor([1, 0, 1]))
    second = -torch.tensor([0.0, 2]).log_softmax(0)[0]
    third = -torch.tensor([0.0, -1, 3]).log_softmax(0)[2]
    torch.testing.assert_close(loss, second + third)
    # All three: the third may choose either.
    loss = scored().antecedents_loss(torch.tensor([1, 1, 1]))
    second = -torch.tensor([0.0, 2]).log_softmax(0)[1]
    third = -torch.tensor([0.0, -1, 3]).softmax(0)[1:].sum().log()
    torch.testing.assert_close(loss, second + third)


def test_the_loss_of_mentions_by_hand() -> None:
    loss = scored().mentions_loss(torch.tensor([2, 0, 0, 1]))
    expected = -F.logsigmoid(torch.tensor([1.0, 2, -0.5, 3])).sum()
    torch.testing.assert_close(loss, expected)
