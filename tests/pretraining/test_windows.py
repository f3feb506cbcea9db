from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.bilm import batch_to_ids
from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS
from elmo_tasks.pretraining import CorpusReader, CorpusVocabulary, WindowDataLoader
from elmo_tasks.pretraining.windows import Stream, sentence_pairs


def loader_of(path, **options) -> WindowDataLoader:
    loader = WindowDataLoader(CorpusReader(), str(path), **options)
    loader.index_with(CorpusVocabulary.from_corpus(str(path)))
    return loader


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    lines = [" ".join(f"w{(line * 7 + position) % 23}" for position in range(line % 9 + 1)) for line in range(60)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_each_direction_predicts_what_it_meets_next():
    forward, backward = sentence_pairs(["a", "b"])
    assert forward == [("<S>", "a"), ("a", "b"), ("b", "</S>")]
    assert backward == [("</S>", "b"), ("b", "a"), ("a", "<S>")]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=7)), st.integers(1, 9))
def test_a_stream_gives_every_pair_once_in_order(sentences, length):
    stream = Stream(iter(sentences))
    taken: tuple[list, list] = ([], [])
    while any(pieces := stream.take(length)):
        assert len(pieces[0]) == len(pieces[1]) <= length
        for whole, piece in zip(taken, pieces, strict=True):
            whole.extend(piece)
    for direction in range(2):
        assert taken[direction] == [pair for sentence in sentences for pair in sentence_pairs(sentence)[direction]]


def test_held_out_text_is_covered_exactly_once(corpus):
    loader = loader_of(corpus, batch_size=4, window=5)
    vocab = CorpusVocabulary.from_corpus(str(corpus))
    expected: dict[str, int] = {}
    for line in corpus.read_text().splitlines():
        for word in [*line.split(), "</S>"]:
            expected[word] = expected.get(word, 0) + 1
    seen: dict[str, int] = {}
    for batch in loader:
        assert batch["inputs"].shape == batch["targets"].shape == (2, 4, 5)
        for target in batch["targets"][0].flatten().tolist():
            if target >= 0:
                word = vocab.get_token_from_index(target + 1, "words")
                seen[word] = seen.get(word, 0) + 1
    assert seen == expected


def test_inputs_point_at_the_words_characters(corpus):
    batch = next(iter(loader_of(corpus, batch_size=2, window=8)))
    first = ["<S>", "w0", "<S>", "w7", "w8"]  # stream 0 takes sentences until its window is full
    rows = batch["characters"][batch["inputs"][0, 0]]
    for row, word in zip(rows, first, strict=False):
        expected = torch.from_numpy(SENTENCE_START_IDS.copy()) if word == "<S>" else batch_to_ids([[word]])[0, 0]
        assert torch.equal(row, expected)
    backward = batch["characters"][batch["inputs"][1, 0]]
    assert torch.equal(backward[0], torch.from_numpy(SENTENCE_END_IDS.copy()))
    assert torch.equal(backward[1], batch_to_ids([["w0"]])[0, 0])
    assert len(torch.unique(batch["characters"], dim=0)) == len(batch["characters"])


def test_windows_follow_on(corpus):
    """What one window predicts last is what the next one reads first, unless the sentence ends there."""
    loader = loader_of(corpus, batch_size=3, window=4)
    vocab = CorpusVocabulary.from_corpus(str(corpus))
    expected: list[list[str | None]] | None = None
    for batch in loader:
        for direction in range(2):
            for stream in range(3):
                characters = batch["characters"][batch["inputs"][direction, stream, 0]]
                if expected is not None and (word := expected[direction][stream]) is not None:
                    assert torch.equal(characters, batch_to_ids([[word]])[0, 0])
        last = batch["targets"][:, :, -1]
        expected = [
            [
                word
                if target >= 0 and (word := vocab.get_token_from_index(int(target) + 1, "words"))[0] == "w"
                else None
                for target in direction
            ]
            for direction in last
        ]


def test_epochs_of_a_fixed_length_go_on_where_the_last_ended(corpus):
    whole = list(loader_of(corpus, batch_size=3, window=4, shuffle_buffer=20))
    loader = loader_of(corpus, batch_size=3, window=4, shuffle_buffer=20, batches_per_epoch=7)
    assert len(loader) == 7
    pieces = [batch for _ in range(2) for batch in loader]
    assert len(pieces) == 14
    for piece, batch in zip(pieces, whole, strict=False):
        assert torch.equal(piece["targets"], batch["targets"])


def test_each_pass_is_shuffled_anew_and_the_seed_decides(corpus):
    options = {"batch_size": 3, "window": 4, "shuffle_buffer": 20}
    first, again = loader_of(corpus, **options), loader_of(corpus, **options)
    one, two = [batch["targets"] for batch in first], [batch["targets"] for batch in first]
    assert all(map(torch.equal, one, [batch["targets"] for batch in again]))
    assert not all(map(torch.equal, one, two))


def test_a_corpus_too_short_for_the_streams_is_refused(corpus):
    with pytest.raises(ConfigurationError, match="too short"):
        next(iter(loader_of(corpus, batch_size=100, window=20, shuffle_buffer=20, batches_per_epoch=2)))


@pytest.mark.parametrize("options", [{}, {"shuffle_buffer": 20}])
def test_a_corpus_without_text_has_no_perplexity(options, tmp_path):
    """Which would be 1, the best that there is."""
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(ConfigurationError, match=r"empty\.txt has no text"):
        list(loader_of(tmp_path / "empty.txt", batch_size=2, window=4, **options))


def test_length_is_about_the_number_of_batches(corpus):
    loader = loader_of(corpus, batch_size=4, window=5)
    assert abs(len(loader) - len(list(loader))) <= 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number, 1 or more"),
        ({"window": 20.0}, r"window is 20\.0; it must be a whole number"),
        ({"shuffle_buffer": True}, "shuffle_buffer is True; it must be a whole number, 0 or more"),
        ({"max_batches": -1}, "max_batches is -1; it must be a whole number, 1 or more, or null"),
        ({"check_order": "no"}, "check_order is 'no'; it must be true or false"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a b\n")
    with pytest.raises(ConfigurationError, match=message):
        WindowDataLoader(CorpusReader(), str(tmp_path / "text.txt"), **options)
