from collections import Counter

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.pretraining import CorpusReader, CorpusVocabulary
from elmo_tasks.pretraining.vocabulary import check_sorted_by_frequency, count_words

TEXT = "the cat saw the dog\nthe dog ran\na cat ran off\n"


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return str(path)


def words(vocab: Vocabulary) -> list[str]:
    return list(vocab.get_token_to_index_vocabulary("words"))[2:]


def test_counts_are_those_of_stock_allennlp(corpus):
    reader = CorpusReader()
    counted: dict = {"words": Counter()}
    for instance in reader.read(corpus):
        reader.apply_token_indexers(instance)
        instance.count_vocab_items(counted)
    ours = count_words(line.split() for line in TEXT.splitlines())
    assert dict(ours) == dict(counted["words"])


def test_most_frequent_first_then_alphabetical(corpus):
    vocab = CorpusVocabulary.from_corpus(corpus)
    assert words(vocab) == ["</S>", "<S>", "the", "cat", "dog", "ran", "a", "off", "saw"]
    assert vocab.get_token_index("never seen", "words") == 1


def test_min_count_and_max_size(corpus):
    assert words(CorpusVocabulary.from_corpus(corpus, min_count=2)) == ["</S>", "<S>", "the", "cat", "dog", "ran"]
    assert words(CorpusVocabulary.from_corpus(corpus, max_size=3)) == ["</S>", "<S>", "the"]


def test_saved_vocabulary_is_read_back(corpus, tmp_path):
    vocab = CorpusVocabulary.from_corpus(corpus)
    vocab.save_to_files(str(tmp_path / "vocabulary"))
    assert words(CorpusVocabulary.from_files(str(tmp_path / "vocabulary"))) == words(vocab)


@given(st.lists(st.integers(1, 50), min_size=4, max_size=200))
def test_any_sorted_vocabulary_passes_the_check(counts):
    vocab = Vocabulary()
    counts.sort(reverse=True)
    sentences = [[f"w{number}"] * count for number, count in enumerate(counts)]
    vocab.add_tokens_to_namespace([f"w{number}" for number in range(len(counts))], "words")
    check_sorted_by_frequency(vocab, sentences)


def test_an_alphabetical_vocabulary_is_refused():
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace([f"w{number:03}" for number in range(100)], "words")
    sentences = [[f"w{number:03}"] * (number + 1) for number in range(100)]
    with pytest.raises(ConfigurationError, match="not sorted by frequency"):
        check_sorted_by_frequency(vocab, sentences)
