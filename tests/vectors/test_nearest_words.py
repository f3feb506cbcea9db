import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.vectors import nearest_words as nearest_words_module
from elmo_tasks.vectors.dump.text import Sentence
from elmo_tasks.vectors.nearest_words import distinct_words, nearest_words
from elmo_tasks.vectors.static_vectors import WordVectors


@settings(max_examples=50)
@given(data=st.data(), k=st.integers(1, 6))
def test_the_nearest_words(data: st.DataObject, k: int) -> None:
    vectors = np.random.default_rng(1).normal(size=(12, 4)).astype(np.float32)
    words = [f"word{number}" for number in range(12)]
    cut = data.draw(st.integers(0, 12))
    # The first words come again.
    batches = [WordVectors(words[:cut], vectors[:cut]), WordVectors(words, vectors)]
    cosines = (vectors @ vectors[3]) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[3])
    expected = [number for number in np.argsort(-cosines) if number != 3][:k]
    found = nearest_words("word3", vectors[3], batches, k)
    assert [word for _, word in found] == [words[number] for number in expected]
    np.testing.assert_allclose([cosine for cosine, _ in found], cosines[expected], atol=1e-6)


def test_a_word_without_direction_is_near_to_nothing() -> None:
    batches = [WordVectors(["a", "b"], np.array([[0, 0], [1, 1]], dtype=np.float32))]
    found = nearest_words("c", np.array([1, 0], dtype=np.float32), batches)
    assert [word for _, word in found] == ["b", "a"]
    assert found[1][0] == 0


def test_words_of_a_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["The cat saw the dog .", "", "A Dog slept", "the dog and the other dog ran away", "A Dog slept"]
    corpus = [Sentence(number, line, line.split()) for number, line in enumerate(lines)]
    every = " ".join(lines).split()
    assert list(distinct_words(corpus)) == list(dict.fromkeys(every))
    monkeypatch.setattr(nearest_words_module, "_REMEMBERED_WORDS", 2)
    assert set(distinct_words(corpus)) == set(every)
