from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from elmo_tasks.bilm import BiLM, batch_to_ids
from elmo_tasks.vectors import neighbors as module
from elmo_tasks.vectors.dump.text import Sentence
from elmo_tasks.vectors.nearest import NeighborsError
from elmo_tasks.vectors.neighbors import (
    CORPUS,
    CorpusIndex,
    Occurrence,
    find_occurrence,
    nearest_occurrences,
    with_words,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ner"


LINES = [
    "The cat saw the dog .",
    "",
    "A Dog slept",
    "the dog and the other dog ran away",
    "no one",
    "A Dog slept",
    "dog",
    "They saw a play at the theatre .",
]


def corpus(lines: list[str] = LINES) -> list[Sentence]:
    return [Sentence(number, line, line.split()) for number, line in enumerate(lines)]


def brute_force(bilm: BiLM, query: Occurrence, layer: int | None, same_word: bool) -> list[tuple[float, str, int]]:
    """Each sentence by itself, in numpy: cosine, sentence, position of all that count, the nearest first."""

    def vectors(tokens: list[str]) -> np.ndarray:
        with torch.no_grad():
            layers = bilm(batch_to_ids([tokens])).layers[0].numpy().astype(np.float64)
        return layers.mean(axis=0) if layer is None else layers[layer]

    wanted = vectors(list(query.tokens))[query.position]
    found = set()
    for line in LINES:
        tokens = line.split()
        if tokens and tokens != query.tokens:
            for position, vector in enumerate(vectors(tokens)):
                if not same_word or tokens[position].lower() == query.word.lower():
                    cosine = vector @ wanted / np.linalg.norm(vector) / np.linalg.norm(wanted)
                    found.add((cosine, line, position))
    return sorted(found, reverse=True)


@pytest.mark.parametrize(("layer", "number"), [("last", 2), (1, 1), ("mean", None)])
@pytest.mark.parametrize("same_word", [False, True])
def test_the_nearest_of_all(
    layer: int | str,
    number: int | None,
    same_word: bool,
    make_bilm: Callable[..., BiLM],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_WINDOW_TOKENS", 8)
    bilm = make_bilm()
    # The second sentence is in the corpus.
    queries = [find_occurrence("see the dog run", "dog"), find_occurrence(LINES[3], "dog", 2)]
    told: list[int] = []
    found = nearest_occurrences(bilm, queries, corpus(), 4, layer, same_word, told.append, batch_tokens=8)
    assert sum(told) == sum(len(line.split()) for line in LINES)
    for query, near in zip(queries, found, strict=True):
        expected = brute_force(bilm, query, number, same_word)[:4]
        assert [(" ".join(one.occurrence.tokens), one.occurrence.position) for one in near] == [
            (line, position) for _, line, position in expected
        ]
        np.testing.assert_allclose([one.cosine for one in near], [cosine for cosine, _, _ in expected], atol=1e-5)
        for one in near:
            assert LINES[one.line - 1].split() == one.occurrence.tokens


@pytest.mark.parametrize("same_word", [False, True])
def test_a_corpus_in_memory_answers_alike(same_word: bool, make_bilm: Callable[..., BiLM]) -> None:
    bilm = make_bilm()
    told: list[int] = []
    index = CorpusIndex(bilm, corpus(), told.append, batch_tokens=8)
    assert sum(told) == sum(len(line.split()) for line in LINES)
    for query in (find_occurrence("see the dog run", "dog"), find_occurrence(LINES[3], "dog", 2)):
        for layer, number in (("last", 2), (0, 0), (1, 1), ("mean", None)):
            found = index.nearest(query, 4, layer, same_word)
            expected = brute_force(bilm, query, number, same_word)[:4]
            np.testing.assert_allclose(
                [near.cosine for near in found], [cosine for cosine, _, _ in expected], atol=1e-5
            )
            for near in found:
                assert LINES[near.line - 1].split() == near.occurrence.tokens
        with pytest.raises(NeighborsError, match='no layer "3"'):
            index.nearest(query, layer=3)


def test_a_corpus_is_a_stream(make_bilm: Callable[..., BiLM], monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a window is read ahead of what has been embedded."""
    monkeypatch.setattr(module, "_WINDOW_TOKENS", 50)
    read = done = ahead = 0

    def endless_text() -> Iterator[Sentence]:
        nonlocal read
        for line in range(100):
            read += 7
            yield Sentence(line, "", ["a", "b", "c", "d", "e", "f", str(line)])

    def count(tokens: int) -> None:
        nonlocal done, ahead
        ahead = max(ahead, read - done)
        done += tokens

    (found,) = nearest_occurrences(make_bilm(), [Occurrence(["b", "a"], 1)], endless_text(), 5, progress=count)
    assert len(found) == 5
    assert done == read == 700
    assert ahead <= 56


def test_layers_that_are_not_there(make_bilm: Callable[..., BiLM]) -> None:
    for layer in (3, -1, "top"):
        with pytest.raises(NeighborsError, match='it is 0 to 2, "last" or "mean"'):
            nearest_occurrences(make_bilm(), [Occurrence(["a"], 0)], corpus(), layer=layer)


def test_an_occurrence() -> None:
    occurrence = find_occurrence("the dog and the other dog ran", "dog", 2)
    assert occurrence.position == 5
    assert occurrence.marked() == "the dog and the other [dog] ran"
    assert occurrence.marked(1) == "… other [dog] ran"
    assert find_occurrence("dog ran far away", "dog").marked(1) == "[dog] ran …"
    with pytest.raises(NeighborsError, match=r'no token "dog"\. .* The \| dog\.'):
        find_occurrence("The dog.", "dog")
    for number in (0, 2):
        with pytest.raises(NeighborsError, match=f"no occurrence {number} of .*: the sentence has 1"):
            find_occurrence("The dog .", "dog", number)


def test_sentences_with_words() -> None:
    assert [sentence.line for sentence in with_words(corpus(), ["dog", "NO"])] == [0, 2, 3, 4, 5, 6]


def test_the_text_in_the_package() -> None:
    """It begins with the demo's corpus; its README says how many sentences and tokens it has."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    sentences, tokens = [], []
    for name in ("train", "dev", "test"):
        for row in [*(FIXTURES / f"{name}.txt").read_text(encoding="utf-8").splitlines(), ""]:
            if row and not row.startswith("-DOCSTART-"):
                tokens.append(row.split()[0])
            elif tokens:
                sentences.append(" ".join(tokens))
                tokens = []
    assert lines[: len(sentences)] == sentences
    assert len(sentences) == 645
    assert all(line and line == " ".join(line.split()) for line in lines)
    readme = CORPUS.with_name("README.md").read_text(encoding="utf-8")
    assert f"{len(lines)} English sentences, {sum(len(line.split()) for line in lines):,} tokens" in readme
