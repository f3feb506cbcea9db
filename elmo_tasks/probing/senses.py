"""Word sense disambiguation by the nearest average, and its score (Peters et al. 2018, table 5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.probing.sense_averages import SenseAverages, instance_vectors
from elmo_tasks.probing.sense_corpus import SenseCorpus, read_keys, read_sentences, senses_of
from elmo_tasks.probing.wordnet import Entry

FIRST_SENSE = "first_sense"
"""The name of the answers that are always WordNet's first sense."""

Answers = Mapping[str, str | None]
"""By the instances' ids; None where WordNet does not have the word."""


class Score(NamedTuple):
    """How many instances there are, how many have an answer, and how many of these a right one."""

    right: int
    answered: int
    total: int

    @property
    def precision(self) -> float:
        """Right of answered; 0..1."""
        return self.right / self.answered if self.answered else 0.0

    @property
    def recall(self) -> float:
        """Right of all; 0..1."""
        return self.right / self.total if self.total else 0.0

    @property
    def f1(self) -> float:
        """Their harmonic mean; the same as both where all are answered."""
        return 2 * self.right / (self.answered + self.total) if self.total else 0.0


def layer_names(source: LayerSource) -> list[str]:
    """The names of the layers' answers: `"layer_0"`, the token layer, and so on."""
    return [f"layer_{layer}" for layer in range(source.num_layers)]


def first_sense_answers(first: Mapping[Entry, str], data: Path) -> Answers:
    """
    WordNet's first sense of each instance.

    # Parameters

    first : `Mapping[Entry, str]`
        See `first_senses`.
    data : `Path`
        A NAME.data.xml.
    """
    return {
        instance.id: first.get((instance.lemma, instance.part))
        for sentence in read_sentences(data)
        for instance in sentence.instances
    }


def nearest_answers(
    source: LayerSource,
    averages: SenseAverages,
    first: Mapping[Entry, str],
    data: Path,
    progress: Callable[[int], object] = lambda instances: None,
) -> dict[str, Answers]:
    """
    Of each layer, the sense of each instance's lemma and part of speech whose average is nearest to the instance; where
    the averages have none of them, WordNet's first.

    # Parameters

    source : `LayerSource`
        That of the averages.
    averages : `SenseAverages`
    first : `Mapping[Entry, str]`
        See `first_senses`.
    data : `Path`
        A NAME.data.xml.
    progress : `Callable[[int], object]`
        Is told of instances that are done.

    # Returns

    `dict[str, Answers]`
        By `layer_names`.
    """
    answers: dict[str, dict[str, str | None]] = {name: {} for name in layer_names(source)}
    for instance, vectors in instance_vectors(source, read_sentences(data)):
        entry = instance.lemma, instance.part
        nearest: Sequence[str | None] = averages.nearest(entry, vectors) or [first.get(entry)] * len(answers)
        for of_layer, sense in zip(answers.values(), nearest, strict=True):
            of_layer[instance.id] = sense
        progress(1)
    return dict(answers)


def score(answers: Answers, gold: SenseCorpus) -> Score:
    """An answer is right if it is one of the instance's senses."""
    keys = read_keys(gold.keys)
    right = sum(sense in senses_of(identifier, keys, gold.keys) for identifier, sense in answers.items())
    answered = sum(sense is not None for sense in answers.values())
    return Score(right, answered, len(answers))


def joined(scores: Iterable[Score]) -> Score:
    """Of several texts as if they were one."""
    return Score(*map(sum, zip(*scores, strict=True)))
