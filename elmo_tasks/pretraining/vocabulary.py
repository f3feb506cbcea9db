"""The words a language model predicts, the most frequent first."""

from collections import Counter
from collections.abc import Iterable, Sequence

from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from elmo_tasks.checks import check_count
from elmo_tasks.pretraining.corpus import NAMESPACE, SENTENCE_END, SENTENCE_START, find_shards, sentence_stream


def count_words(sentences: Iterable[list[str]]) -> Counter[str]:
    """How often each word, and each sentence boundary, is predicted in these sentences."""
    counts: Counter[str] = Counter()
    number = 0
    for sentence in sentences:
        counts.update(sentence)
        number += 1
    counts[SENTENCE_START] += number
    counts[SENTENCE_END] += number
    return counts


def most_frequent(counts: Counter[str], min_count: int = 1) -> list[str]:
    """The words that occur so often, the most frequent first."""
    # Equal counts in the order of the letters, so that the ids depend on the text alone.
    return sorted((word for word, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))


@Vocabulary.register("elmo_corpus", constructor="from_corpus")
class CorpusVocabulary(Vocabulary):
    """
    A vocabulary counted in one pass over a corpus, without making an instance of each sentence.

    Registered as a `Vocabulary` with name "elmo_corpus", constructor `from_corpus`.
    """

    @classmethod
    def from_corpus(
        cls, paths: str | list[str], min_count: int = 1, max_size: int | None = None, namespace: str = NAMESPACE
    ) -> "CorpusVocabulary":
        """
        Counts the words of a corpus, and sentence boundaries with them.

        # Parameters

        paths : `str | list[str]`
            The corpus, as `find_shards` takes it.
        min_count : `int`
            Rarer words are left out; the model predicts "unknown" in their place.
        max_size : `int | None`
            Keep at most so many words, the most frequent.
        namespace : `str`
            Where the vocabulary has them.

        # Returns

        `CorpusVocabulary`
            The words by how often they occur, the most frequent first.

        # Raises

        `ConfigurationError`
            If a path names no corpus, or a number is none.
        """
        check_count(ConfigurationError, min_count=min_count)
        check_count(ConfigurationError, optional=True, max_size=max_size)
        shards = find_shards(paths)
        counts = count_words(Tqdm.tqdm(sentence_stream(shards), desc="counting words", unit=" sentences"))
        vocabulary = cls()
        vocabulary.add_tokens_to_namespace(most_frequent(counts, min_count)[:max_size], namespace)
        return vocabulary


def softmax_rows(vocab: Vocabulary) -> dict[str, int]:
    """Which row of the language model's softmax each word has; padding, which is never predicted, has none."""
    ids = vocab.get_token_to_index_vocabulary(NAMESPACE)
    return {word: number - 1 for word, number in ids.items() if number > 0}


def check_sorted_by_frequency(
    vocab: Vocabulary, sentences: Iterable[list[str]], namespace: str = NAMESPACE, octaves: int = 8
) -> None:
    """
    The sampled softmax draws its negatives by rank (log-uniformly), which is sound only if frequent words have low ids.

    Cuts the ids into `octaves` octaves (the last half, the quarter before it, ...) and checks on a sample of the
    corpus that the mean count a word has falls from each octave to the next.

    # Raises

    `ConfigurationError`
        Names the first two octaves that are the wrong way round.
    """
    counts = count_words(sentences)
    size = vocab.get_vocab_size(namespace)
    first_id = 2  # behind padding and "unknown"
    ends = [size >> shift for shift in range(octaves, -1, -1) if size >> shift > first_id]
    bounds: Sequence[tuple[int, int]] = list(zip([first_id, *ends], ends, strict=False))
    means = [
        sum(counts[vocab.get_token_from_index(index, namespace)] for index in range(start, end)) / (end - start)
        for start, end in bounds
    ]
    for (start, middle), end, mean, following in zip(bounds, ends[1:], means, means[1:], strict=False):
        if following > mean:
            raise ConfigurationError(
                f'The vocabulary namespace "{namespace}" is not sorted by frequency: in a sample of the corpus the '
                f"words {start} to {middle - 1} occur {mean:.2f} times on average, the words {middle} to {end - 1} "
                f"{following:.2f} times. The sampled softmax needs the most frequent words first: build the vocabulary "
                f'with {{"type": "elmo_corpus", "paths": ...}}, or sort its file.'
            )
