import pytest
from allennlp.data import Vocabulary

from elmo_tasks.tasks.base.labels import UNSEEN, OpenLabel


def vocabulary() -> Vocabulary:
    vocab = Vocabulary()
    vocab.add_token_to_namespace("known", "labels")
    return vocab


def test_a_label_that_training_saw_has_its_index(caplog: pytest.LogCaptureFixture) -> None:
    label = OpenLabel("known")
    label.index(vocabulary())
    assert label.as_tensor({}).item() == 0
    assert not caplog.records


def test_one_that_it_never_saw_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        label = OpenLabel("never seen before")
        label.index(vocabulary())
        assert label.as_tensor({}).item() == UNSEEN
    assert caplog.text.count('The label "never seen before" does not occur in training') == 1
