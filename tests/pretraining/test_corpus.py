import gzip
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.pretraining.corpus import (
    CorpusReader,
    count_sentences,
    find_shards,
    interleaved,
    read_shard,
    sentence_stream,
    shuffled,
)


def test_shards_from_files_folders_patterns_and_lists(tmp_path):
    for name in ("b.txt", "a.txt", ".hidden", "c.gz"):
        (tmp_path / name).write_text("x\n")
    names = lambda paths: [path.name for path in find_shards(paths)]  # noqa: E731
    assert names(str(tmp_path)) == ["a.txt", "b.txt", "c.gz"]
    assert names(str(tmp_path / "*.txt")) == ["a.txt", "b.txt"]
    assert names(f"{tmp_path}/c.gz,{tmp_path}/a.txt") == ["c.gz", "a.txt"]
    assert names([f"{tmp_path}/a.txt"]) == ["a.txt"]


def test_a_comma_may_be_part_of_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a,b.txt", "a", "b.txt", "c,d/e,f.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    assert find_shards("a,b.txt") == [Path("a,b.txt")]
    assert find_shards("c,d") == [Path("c,d/e,f.gz")]
    assert find_shards("a,?.txt") == [Path("a,b.txt")]
    assert find_shards(["a,b.txt", "a"]) == [Path("a,b.txt"), Path("a")]
    assert find_shards("b.txt,a") == [Path("b.txt"), Path("a")]
    # Longer than any path may be.
    assert find_shards(",".join(["b.txt"] * 9999)) == [Path("b.txt")] * 9999


def test_a_pattern_without_files_is_named():
    with pytest.raises(ConfigurationError, match="nowhere"):
        find_shards("nowhere/*.txt")


@pytest.mark.parametrize("suffix", ["txt", "txt.gz"])
def test_plain_and_gzipped_lines(tmp_path, suffix):
    path = tmp_path / f"corpus.{suffix}"
    content = "one two\n\n   \nüber 语言 🦜\n".encode()
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert list(read_shard(path)) == [["one", "two"], ["über", "语言", "🦜"]]


def test_undecodable_text_is_named_by_file_and_line(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\nna\xefve\n")
    with pytest.raises(ConfigurationError, match=r"latin\.txt, line 2"):
        list(read_shard(path))


def test_a_cut_gzip_file_is_named(tmp_path):
    path = tmp_path / "cut.txt.gz"
    rng = random.Random(1)
    path.write_bytes(gzip.compress("\n".join(str(rng.random()) for _ in range(5000)).encode())[:-4000])
    with pytest.raises(ConfigurationError, match=r"cut\.txt\.gz, after line"):
        list(read_shard(path))


@given(st.lists(st.lists(st.text(min_size=1), min_size=1)), st.integers(1, 10))
def test_shuffling_loses_and_invents_nothing(sentences, buffer_size):
    result = list(shuffled(sentences, buffer_size, random.Random(0)))
    assert sorted(result) == sorted(sentences)


def test_shuffling_streams():
    def endless() -> Iterator[list[str]]:
        number = 0
        while True:
            yield [str(number)]
            number += 1

    stream = shuffled(endless(), 100, random.Random(0))
    first = [int(next(stream)[0]) for _ in range(1000)]
    assert max(first) < 1100
    assert first != sorted(first)


def test_parts_share_the_corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{number}\n" for number in range(11)))
    parts = [list(sentence_stream([path], part=(index, 3))) for index in range(3)]
    assert sorted(int(word) for part in parts for (word,) in part) == list(range(11))


@pytest.mark.parametrize("processes", [2, 3])
def test_parts_share_more_shards_than_are_read_at_a_time(tmp_path, monkeypatch, processes):
    monkeypatch.setattr("elmo_tasks.pretraining.corpus._OPEN_SHARDS", 2)
    written = [[str(shard), str(line)] for shard in range(7) for line in range(5 + shard)]
    paths = [tmp_path / f"{shard}.txt" for shard in range(7)]
    for shard, path in enumerate(paths):
        path.write_text("".join(f"{' '.join(words)}\n" for words in written if words[0] == str(shard)))
    parts = [sentence_stream(paths, 4, random.Random(2), (index, processes)) for index in range(processes)]
    assert sorted(sentence for part in parts for sentence in part) == sorted(written)


def test_reader_marks_the_boundaries(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("a b\n")
    (instance,) = CorpusReader().read(str(path))
    assert [token.text for token in instance["tokens"]] == ["<S>", "a", "b", "</S>"]


@pytest.mark.parametrize("contents", [["", "a b\n", ""], ["", ""], ["a b\n", "\n"]])
def test_empty_shards_are_read_side_by_side_too(tmp_path, contents):
    paths = [tmp_path / f"{number}.txt" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content)
    assert list(interleaved(paths, random.Random(1))) == [["a", "b"]] * ("a b\n" in contents)


@pytest.mark.parametrize("open_shards", [128, 2])
def test_shards_are_read_side_by_side(tmp_path, monkeypatch, open_shards):
    monkeypatch.setattr("elmo_tasks.pretraining.corpus._OPEN_SHARDS", open_shards)
    sizes = {"novels": 3000, "wiki": 1000, "captions": 10}
    for name, size in sizes.items():
        (tmp_path / f"{name}.txt").write_text("".join(f"{name} {number:04}\n" for number in range(size)))
    found = list(interleaved([tmp_path / f"{name}.txt" for name in sizes], random.Random(1)))
    for name, size in sizes.items():
        # Each shard's sentences, all of them and in order.
        assert [number for shard, number in found if shard == name] == [f"{number:04}" for number in range(size)]
    quarters = [found[start : start + 1000] for start in range(0, 4000, 1000)]
    shares = [sum(shard == "wiki" for shard, _ in quarter) / len(quarter) for quarter in quarters]
    assert all(0.15 < share < 0.35 for share in shares)


def test_shards_of_long_sentences_last_as_long_as_those_of_short_ones(tmp_path):
    # As a corpus of articles, novels and captions: sentences of 40, 15 and 2 words, plain and compressed.
    shapes = {"articles": (400, 40, False), "novels": (1200, 15, True), "captions": (8000, 2, False)}
    paths, written = [], []
    for name, (number, length, is_compressed) in shapes.items():
        sentences = [[name, str(index), *["word"] * (length - 2)] for index in range(number)]
        content = "".join(" ".join(sentence) + "\n" for sentence in sentences).encode()
        paths.append(tmp_path / f"{name}.txt{'.gz' * is_compressed}")
        paths[-1].write_bytes(gzip.compress(content) if is_compressed else content)
        written += sentences
    found = list(interleaved(paths, random.Random(1)))
    assert sorted(found) == sorted(written)
    for tenth in range(1, 10):
        read = Counter(sentence[0] for sentence in found[: len(found) * tenth // 10])
        for name, (number, _, _) in shapes.items():
            assert read[name] / number == pytest.approx(tenth / 10, abs=0.06)
    assert list(interleaved(paths, random.Random(1))) == found
    assert list(interleaved(paths, random.Random(2))) != found


def test_a_shard_is_counted_once_and_again_where_it_has_changed(tmp_path, monkeypatch):
    path, read = tmp_path / "corpus.txt", []
    path.write_text("a\n\nb c\n")

    def read_and_noted(shard):
        read.append(shard)
        return read_shard(shard)

    monkeypatch.setattr("elmo_tasks.pretraining.corpus.read_shard", read_and_noted)
    assert [count_sentences(path) for _ in range(3)] == [2, 2, 2]
    assert len(read) == 1
    path.write_text("a\n\nb c\nd\n")
    assert count_sentences(path) == 3
