"""What a linear classifier finds in each layer of frozen vectors, and in their mix (Peters et al. 2018, table 6)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.probing.classifier import L2, Scaling, predict, train_classifier
from elmo_tasks.probing.layers import sentence_layers
from elmo_tasks.probing.tagged import ProbeError, TaggedSentence

MIX = "mix"
"""The name of the classifier of all layers."""


class Figures(NamedTuple):
    """How good a classifier is on words that it was not trained on; 0..1."""

    accuracy: float
    unseen: float | None
    """The accuracy on the words that the training sentences do not have at all; None where there are none such."""
    layer_weights: tuple[float, ...] | None = None
    """Of a mix: they sum to 1."""


class TaggedWords(NamedTuple):
    """The words of many sentences with their tags and layers."""

    words: list[str]
    tags: list[str]
    layers: Tensor
    """Half precision. Shape `(layers, words, dim)`."""


def check_tags(train: Sequence[TaggedSentence], evaluation: Sequence[TaggedSentence]) -> None:
    """Raises `ProbeError` where there is nothing to learn, nothing to evaluate on, or where all tags differ."""
    tags = {tag for sentence in train for tag in sentence.tags}
    if len(tags) < 2:
        raise ProbeError(
            f'All words to train on have the same tag, "{"".join(tags)}": is this the column that you mean?'
        )
    others = {tag for sentence in evaluation for tag in sentence.tags}
    if not others:
        raise ProbeError("There are no words to evaluate on.")
    if tags.isdisjoint(others):
        raise ProbeError(
            f'No word to evaluate on has a tag that the words to train on have: "{min(others)}" is one of its tags, '
            f'and "{min(tags)}" one of theirs. Are both the column that you mean?'
        )


def most_frequent_tags(train: Sequence[TaggedSentence], evaluation: Sequence[TaggedSentence]) -> Figures:
    """
    Each word gets the tag that it most often has in the training sentences, and one that they lack the tag that is
    most frequent there; of equally frequent ones the first. Upper and lower case are different words.
    """
    of_word: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sentence in train:
        for word, tag in zip(sentence.tokens, sentence.tags, strict=True):
            of_word[word][tag] += 1
    of_all = Counter(tag for sentence in train for tag in sentence.tags)
    best = {word: tags.most_common(1)[0][0] for word, tags in of_word.items()}
    (fallback, _), *_ = of_all.most_common(1)
    words = [word for sentence in evaluation for word in sentence.tokens]
    tags = [tag for sentence in evaluation for tag in sentence.tags]
    right = [best.get(word, fallback) == tag for word, tag in zip(words, tags, strict=True)]
    return _figures(right, words, best)


def read_layers(
    source: LayerSource, sentences: Sequence[TaggedSentence], progress: Callable[[int], object] = lambda tokens: None
) -> TaggedWords:
    """
    The layers of all words, each computed once and kept in memory: two bytes a number.

    # Parameters

    source : `LayerSource`
        Stateless.
    sentences : `Sequence[TaggedSentence]`
    progress : `Callable[[int], object]`
        Is told the number of tokens of each batch.
    """
    words: list[str] = []
    tags: list[str] = []
    number = sum(len(sentence.tokens) for sentence in sentences)
    layers = torch.empty(source.num_layers, number, source.output_dim, dtype=torch.float16)
    for sentence, of_sentence in sentence_layers(source, sentences, progress):
        layers[:, len(words) : len(words) + len(sentence.tokens)] = of_sentence
        words += sentence.tokens
        tags += sentence.tags
    return TaggedWords(words, tags, layers)


def probe(
    train: TaggedWords,
    evaluation: TaggedWords,
    l2: float = L2,
    device: torch.device | None = None,
    progress: Callable[[int], object] = lambda classifiers: None,
) -> dict[str, Figures]:
    """
    Trains a linear classifier on each layer and one on their mix, and asks each for the evaluation's tags. A tag that
    training lacks is never right.

    # Parameters

    train, evaluation : `TaggedWords`
        Their layers are scaled in place, by those of `train`.
    l2 : `float`
        The penalty on the classifiers' weights, see `train_classifier`.
    device : `torch.device`, optional (default = the processor)
        Where to train.
    progress : `Callable[[int], object]`
        Is told of each classifier that is trained.

    # Returns

    `dict[str, Figures]`
        By name: `"layer_0"`, the token layer, and so on; and `"mix"`.
    """
    numbers = {tag: number for number, tag in enumerate(sorted(set(train.tags)))}
    tags = torch.tensor([numbers[tag] for tag in train.tags])
    # Shape: (evaluation's words,)
    gold = torch.tensor([numbers.get(tag, -1) for tag in evaluation.tags])
    seen = set(train.words)
    scaling = Scaling(train.layers)
    scaling.apply_(train.layers)
    scaling.apply_(evaluation.layers)
    classifiers = {f"layer_{layer}": slice(layer, layer + 1) for layer in range(len(train.layers))} | {MIX: slice(None)}
    found = {}
    for name, layers in classifiers.items():
        classifier = train_classifier(train.layers[layers], tags, len(numbers), l2, device)
        right = predict(classifier, evaluation.layers[layers]) == gold
        weights = tuple(classifier.layer_weights().tolist()) if name == MIX else None
        found[name] = _figures(right.tolist(), evaluation.words, seen)._replace(layer_weights=weights)
        progress(1)
    return found


def _figures(right: Sequence[bool], words: Sequence[str], seen: Container[str]) -> Figures:
    of_unseen = [one for one, word in zip(right, words, strict=True) if word not in seen]
    return Figures(sum(right) / len(right), sum(of_unseen) / len(of_unseen) if of_unseen else None)
