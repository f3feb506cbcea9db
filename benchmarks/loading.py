"""Indexing and batching a corpus."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from allennlp.data import Batch, Instance, Token, TokenIndexer, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer

from benchmarks.inputs import Place, Sentences, number_of_tokens, read_sentences
from benchmarks.measure import Rates, in_turn, peak_memory, seconds
from benchmarks.report import Row
from elmo_tasks.bilm.characters import word_row
from elmo_tasks.embedders import ElmoCharacterIndexer

_BATCH = 64
_SIDES: dict[str, type[TokenIndexer]] = {"ours": ElmoCharacterIndexer, "stock": ELMoTokenCharactersIndexer}


def _sentences(place: Place) -> Sentences:
    sentences = read_sentences(place.ner_corpus()[1])
    return sentences[:16] if place.quick else sentences


def _load(side: str, place: Place) -> float:
    """Seconds from tokens to the tensors of all batches. Ours begins with no word known."""
    word_row.cache_clear()
    indexer = _SIDES[side]()
    instances = [
        Instance({"tokens": TextField([Token(word) for word in words], {"elmo": indexer})})
        for words in _sentences(place)
    ]
    vocabulary = Vocabulary()

    def work() -> None:
        for instance in instances:
            instance.index_fields(vocabulary)
        for first in range(0, len(instances), _BATCH):
            Batch(instances[first : first + _BATCH]).as_tensor_dict()

    return seconds(work)


def rows(name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """Ours against the stock indexer."""
    memories = {side: peak_memory(_load, side, place) for side in _SIDES}
    sides = in_turn({side: partial(_load, side, place) for side in _SIDES}, runs, place.patience)
    corpus = place.ner_corpus()[0]
    yield Row(
        name,
        f"indexing + batching of {corpus}",
        "stock `elmo_characters`",
        replace(sides["ours"], memory=memories["ours"]),
        replace(sides["stock"], memory=memories["stock"]),
        tokens=number_of_tokens(_sentences(place)),
        required=5,
    )
