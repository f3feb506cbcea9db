from collections.abc import Callable

import pytest
import torch

from elmo_tasks.bilm import BiLM
from elmo_tasks.probing.layers import sentence_layers
from elmo_tasks.probing.probe import Figures, check_tags, most_frequent_tags, probe, read_layers
from elmo_tasks.probing.tagged import ProbeError, TaggedSentence

TAGS = {"the": "D", "a": "D", "dog": "N", "cat": "N", "saw": "V", "🙂": "X", "İstanbul": "N"}


def tagged(*lines: str) -> list[TaggedSentence]:
    return [TaggedSentence(line.split(), [TAGS.get(word, "N") for word in line.split()]) for line in lines]


TRAIN = tagged("the dog saw a cat", "a cat", "🙂", "", "the İstanbul saw the dog 🙂")


def test_most_frequent_tags_by_hand() -> None:
    train = [TaggedSentence(["saw", "saw", "dog"], ["V", "N", "N"]), TaggedSentence(["saw", "The"], ["V", "D"])]
    evaluation = [TaggedSentence(["saw", "the", "dog", "new"], ["V", "D", "V", "V"])]
    # "saw" is V; "the" and "new" are not there and so V, as frequent as N and before it; "dog" is N.
    assert most_frequent_tags(train, evaluation) == Figures(accuracy=2 / 4, unseen=1 / 2)
    assert most_frequent_tags(train, train) == Figures(accuracy=4 / 5, unseen=None)


def test_of_equally_frequent_tags_the_first_in_the_text_is_taken() -> None:
    train = [TaggedSentence(["a", "b", "b"], ["X", "Y", "Y"]), TaggedSentence(["a", "a"], ["Z", "Z"])]
    # Y and Z have two words each, and the word that has Z comes before the one that has Y.
    assert most_frequent_tags(train, [TaggedSentence(["new"], ["Y"])]).accuracy == 1.0


def test_layers_are_those_of_each_sentence_alone(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    told: list[int] = []
    found = list(sentence_layers(bilm, TRAIN, told.append, batch_tokens=7))
    assert sum(told) == sum(len(sentence.tokens) for sentence in TRAIN)
    assert sorted(sentence.tokens for sentence, _ in found) == sorted(sentence.tokens for sentence in TRAIN)
    for sentence, layers in found:
        with torch.no_grad():
            torch.testing.assert_close(layers.clone(), bilm(bilm.ids([sentence.tokens])).layers[0])


def test_words_keep_their_tags_and_layers_together(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    words = read_layers(bilm, TRAIN)
    assert words.layers.shape == (3, 14, 14)
    assert words.layers.dtype == torch.float16
    assert words.tags == [TAGS[word] for word in words.words]
    # The token layer knows nothing of a word's sentence.
    first = {word: words.layers[0, place] for place, word in enumerate(words.words)}
    for word, vector in zip(words.words, words.layers[0], strict=True):
        torch.testing.assert_close(vector, first[word])


def test_each_layer_and_the_mix(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    told: list[int] = []
    sentences = [*tagged("the cat"), TaggedSentence(["🙂", "saw", "a", "zebra"], ["X", "V", "D", "NEW"])]
    train, evaluation = read_layers(bilm, TRAIN), read_layers(bilm, sentences)
    found = probe(train, evaluation, progress=told.append)
    assert list(found) == ["layer_0", "layer_1", "layer_2", "mix"]
    assert told == [1] * 4
    # A word's tag is in the word, and so in its vector.
    assert found["layer_0"].accuracy == 5 / 6
    # The one word that training lacks is "zebra", and its tag too.
    assert [figures.unseen for figures in found.values()] == [0.0] * 4
    assert [figures.layer_weights is None for figures in found.values()] == [True] * 3 + [False]
    assert sum(found["mix"].layer_weights or ()) == pytest.approx(1)
    again = read_layers(bilm, TRAIN), read_layers(bilm, sentences)
    assert probe(*again) == found


def test_a_tag_that_training_lacks_is_never_right(make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    evaluation = [TaggedSentence(["the", "dog"], ["NEW", "ANOTHER"])]
    for figures in probe(read_layers(bilm, TRAIN), read_layers(bilm, evaluation)).values():
        assert figures[:2] == (0.0, None)


def test_nothing_to_learn_or_to_evaluate() -> None:
    check_tags(TRAIN, TRAIN)
    with pytest.raises(ProbeError, match='same tag, "N": is this the column'):
        check_tags(tagged("dog", "cat"), TRAIN)
    with pytest.raises(ProbeError, match="no words to evaluate on"):
        check_tags(TRAIN, [TaggedSentence([], [])])
    with pytest.raises(ProbeError, match='"ANOTHER" is one of its tags, and "D" one of theirs'):
        check_tags(TRAIN, [TaggedSentence(["the", "dog"], ["NEW", "ANOTHER"])])
