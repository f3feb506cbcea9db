"""Texts, vocabularies and files of vectors: the words that are read are those that stand there."""

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from fuzz.test_readers import COMPRESS, lines_of
from fuzzing import Chance, damaged, fuzz, strange_json, text_of, word_of, write

from elmo_tasks.files import read_lines
from elmo_tasks.pretraining.corpus import NAMESPACE, read_shard, sentence_stream
from elmo_tasks.pretraining.pairs import read_pairs
from elmo_tasks.pretraining.scores import Line, ScoreError
from elmo_tasks.pretraining.train import prepare
from elmo_tasks.vectors.dump.text import TextError, read_sentences, spool, survey
from elmo_tasks.vectors.static_vectors import VectorsError, read_vectors, read_vocabulary, vector_of


def text(chance: Chance) -> bytes:
    """Some lines, some of them strange, perhaps damaged."""
    lines = [text_of(chance) for _ in range(chance.randint(0, 8))]
    return damaged("\n".join(lines).encode("utf-8", "replace"), chance)


def words_of(content: bytes) -> list[list[str]]:
    """Of each line, the last of which is none where the text ends with a line's end."""
    lines = lines_of(content)
    return [line.split() for line in (lines if lines[-1] else lines[:-1])]


def test_text_to_embed(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"

    def check(chance: Chance) -> None:
        content = text(chance)
        write(path, content, chance)
        as_keys = chance.random() < 0.3
        found = survey(path, as_keys)
        sentences = list(read_sentences(path))
        assert [sentence.tokens for sentence in sentences] == words_of(content)
        assert (found.lines, found.blank) == (len(sentences), sum(not sentence.tokens for sentence in sentences))
        first = chance.randint(0, len(sentences))
        assert list(read_sentences(path, first)) == sentences[first:]
        # What is read from a pipe is the same text; where it begins with two byte order marks they are both none.
        spool((sentence.text for sentence in sentences), tmp_path / "spooled.txt")
        if not content.startswith(b"\xef\xbb\xbf" * 2):
            assert [sentence.tokens for sentence in read_sentences(tmp_path / "spooled.txt")] == words_of(content)

    fuzz(check, TextError, where=path.name)


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_text_to_embed(ending: str, tmp_path: Path) -> None:
    """Nothing tells a shorter text from a whole one but the compressed file's own check sums."""
    path = tmp_path / f"text.txt{ending}"

    def check(chance: Chance) -> None:
        # Compressed files behind each other; a text without a word is one too.
        parts = ["".join(f"{text_of(chance)}\n" for _ in range(chance.randint(0, 6))).encode() for _ in range(3)]
        compressed = [COMPRESS[ending](part) for part in parts[: chance.randint(1, 3)]]
        whole = b"".join(compressed)
        content = damaged(whole, chance)
        write(path, content, chance)
        found = [sentence.tokens for sentence in read_sentences(path)]
        # Some damage leaves some of the files, which are whole.
        left = [part for part, packed in zip(parts, compressed, strict=False) if packed in content]
        if (
            content != whole * 2
            and len(left) == len(compressed)
            and content.count(compressed[0]) == whole.count(compressed[0])
        ):
            assert found == words_of(b"".join(left))

    fuzz(check, TextError, where=path.name)


def test_corpus_to_train_on(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"

    def check(chance: Chance) -> None:
        content = text(chance)
        write(path, content, chance)
        sentences = list(read_shard(path))
        assert sentences == [words for words in words_of(content) if words]
        shuffled = list(sentence_stream([path], chance.randint(1, 5), random.Random(1)))
        assert sorted(shuffled) == sorted(sentences)

    fuzz(check, ConfigurationError, where=path.name)


def test_elmo_train(tmp_path: Path) -> None:
    """The words to predict are the text's, and AllenNLP reads them back as they were."""
    path, heldout = tmp_path / "corpus.txt", tmp_path / "heldout.txt"
    heldout.write_text("a held-out sentence\n")

    def check(chance: Chance) -> None:
        content = b"\n".join([text(chance), *[b"the cat ran"] * 10])
        write(path, content, chance)
        run = tmp_path / f"run{chance.random()}"
        said = prepare(str(path), str(heldout), run, "tiny", passes=chance.choice([None, 0.5, 3.0]))
        # AllenNLP's files write a line's end, which no word has, with letters.
        words = {word.replace("@@NEWLINE@@", "\n") for sentence in words_of(content) for word in sentence}
        vocabulary = Vocabulary.from_files(str(run / "words"))
        expected = words | {"<S>", "</S>", "@@PADDING@@", "@@UNKNOWN@@"}
        assert set(vocabulary.get_token_to_index_vocabulary(NAMESPACE)) == expected
        assert f"{len(expected) - 2:,} words to predict" in said
        assert json.loads((run / "config.json").read_text(encoding="utf-8"))["train_data_path"] == str(path)

    fuzz(check, ConfigurationError)


def test_pairs_to_score(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    whole = {"sentence_good": "Cats sleep .", "sentence_bad": "Cats sleeps .", "UID": "agreement"}

    def check(chance: Chance) -> None:
        lines = [strange_json(whole, chance) if chance.random() < 0.3 else json.dumps(whole) for _ in range(3)]
        content = "\n".join(lines).encode()
        write(path, content if chance.random() < 0.6 else damaged(content, chance), chance)
        given = [Line(str(path), number, text) for number, text in read_lines(path, ScoreError)]
        pairs = list(read_pairs(given, lambda text: tuple(text.split())))
        records = [json.loads(line.text.removeprefix("\ufeff")) for line in given if line.text.strip()]
        expected = [tuple(tuple(one[f"sentence_{name}"].split()) for name in ("good", "bad")) for one in records]
        assert [pair.sentences for pair in pairs] == expected

    fuzz(check, ScoreError, where=path.name)


def test_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"

    def check(chance: Chance) -> None:
        content = damaged("\n".join(word_of(chance) for _ in range(chance.randint(0, 8))).encode(), chance)
        write(path, content, chance)
        words = list(read_vocabulary(path))
        assert [[word] for word in words] == words_of(content)

    fuzz(check, VectorsError, where=path.name)


def test_vectors(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    numbers = ["0.5", "-1", "1e-3", "3.25", "nan", "1e99", "0x1", "1_0", "\u0661", "½", ""]

    def check(chance: Chance) -> None:
        dim = chance.randint(1, 3)
        rows = [
            " ".join([word_of(chance), *chance.choices(numbers if chance.random() < 0.2 else numbers[:4], k=dim)])
            for _ in range(chance.randint(0, 6))
        ]
        content = damaged("\n".join([f"{len(rows)} {dim}"] * chance.choice([0, 0, 1]) + rows).encode(), chance)
        write(path, content, chance)
        batches = list(read_vectors(path, at_once=2))
        lines = lines_of(content)
        lines = lines if lines[-1] else lines[:-1]
        if lines and re.fullmatch(r"\s*\d+\s+\d+\s*", lines[0]):
            lines = lines[1:]
        found = [pair for words, vectors in batches for pair in zip(words, vectors.tolist(), strict=True)]
        assert len(found) == len(lines)
        for (word, vector), line in zip(found, lines, strict=True):
            assert line.startswith(f"{word} ")
            assert vector == [float(np.float32(number)) for number in line.removeprefix(f"{word} ").split(" ")]
        for word, vector in dict(reversed(found)).items():
            if " " not in word:
                assert vector_of(word, path).tolist() == vector

    fuzz(check, VectorsError, where=path.name)
