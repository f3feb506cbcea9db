import gzip
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elmo_tasks.bilm import BiLM, EmptyWordError, batch_to_ids
from elmo_tasks.vectors.static_vectors import (
    VectorsError,
    WordVectors,
    read_vectors,
    read_vocabulary,
    token_vectors,
    vector_of,
    write_vectors,
)

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden" / "bilm_tf"

WORDS = ["The", "naïve", "東京", "x" * 60, "The", "."]


def together(batches: list[WordVectors]) -> tuple[list[str], np.ndarray]:
    return [word for batch in batches for word in batch.words], np.concatenate([batch.vectors for batch in batches])


def test_the_formulas_of_bilm_tf(
    make_bilm: Callable[..., BiLM], reference: Callable[[Path, Path, np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    bilm = make_bilm()
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    bilm.save(*files)
    expected = reference(*files, batch_to_ids([WORDS])[0].numpy())[0]
    words, vectors = together(list(token_vectors(bilm, WORDS, at_once=4)))
    assert words == WORDS
    # The token layer has each vector twice.
    np.testing.assert_allclose(np.concatenate([vectors, vectors], axis=1), expected, atol=1e-5)


def test_the_empty_word_has_no_vector(make_bilm: Callable[..., BiLM]) -> None:
    with pytest.raises(EmptyWordError, match="A word is the empty string"):
        next(token_vectors(make_bilm(), ["a", ""]))


@pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"TensorFlow's figures are not at {GOLDEN}")
def test_tensorflows_vectors() -> None:
    """Of a vocabulary with `<S>` and `</S>` in it."""
    bilm = BiLM.from_files(GOLDEN / "options.json", GOLDEN / "lm_weights.hdf5")
    words, vectors = together(list(token_vectors(bilm, read_vocabulary(GOLDEN / "vocab_test.txt"))))
    assert {"<S>", "</S>"} < set(words)
    with h5py.File(GOLDEN / "elmo_token_embeddings.hdf5") as file:
        np.testing.assert_allclose(vectors, file["embedding"][...], rtol=0, atol=1e-5)


word = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "Cc")), min_size=1, max_size=8)
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=50)
@given(words=st.lists(word, min_size=1, max_size=5), data=st.data(), suffix=st.sampled_from([".txt", ".txt.gz"]))
def test_nine_digits_are_exact(
    words: list[str], data: st.DataObject, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vectors = data.draw(arrays(np.float32, (len(words), 3), elements=numbers))
    path = tmp_path_factory.getbasetemp() / f"vectors{suffix}"
    assert write_vectors([WordVectors(words, vectors)], path, digits=9, force=True) == len(words)
    read_words, read = together(list(read_vectors(path, at_once=2)))
    assert read_words == words
    assert np.array_equal(read, vectors)
    assert np.array_equal(vector_of(words[0], path), vectors[0])


def test_the_format(tmp_path: Path) -> None:
    batches = [
        WordVectors(["a", "é"], np.array([[0.5, -1 / 3], [1e-7, 12345678]], dtype=np.float32)),
        WordVectors(["b"], np.zeros((1, 2), dtype=np.float32)),
    ]
    plain, gzipped, again = (tmp_path / name for name in ("vectors.txt", "vectors.txt.gz", "again.txt.gz"))
    for path in (plain, gzipped, again):
        assert write_vectors(batches, path, digits=4) == 3
    assert plain.read_text(encoding="utf-8") == "a 0.5 -0.3333\né 1e-07 1.235e+07\nb 0 0\n"
    assert gzip.decompress(gzipped.read_bytes()) == plain.read_bytes()
    assert gzipped.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("suffix", [".bz2", ".xz"])
def test_other_compressions_are_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(VectorsError, match=rf"vectors\.txt{suffix}: vectors are written as text or as \.gz, not as"):
        write_vectors([], tmp_path / f"vectors.txt{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("old")

    def breaks():
        yield WordVectors(["a"], np.ones((1, 2), dtype=np.float32))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_vectors(breaks(), path, force=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("digits", [0, 10])
def test_digits_that_cannot_be(digits: int, tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match=f"{digits} significant digits, but 1 to 9"):
        write_vectors([], tmp_path / "vectors.txt", digits)


def test_files_of_others(tmp_path: Path) -> None:
    """word2vec's first line; words with spaces, as some of GloVe's; Windows' line ends; line ends within words."""
    path = tmp_path / "vectors.txt"
    path.write_bytes("4 2\r\n. . 1 2\r\n. 3 4\r\na\u2028b 5 6\r\n4 7 8\r\n".encode())
    words, vectors = together(list(read_vectors(path)))
    assert words == [". .", ".", "a\u2028b", "4"]
    assert vectors.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert vector_of(".", path).tolist() == [3, 4]
    assert vector_of("4", path).tolist() == [7, 8]
    with pytest.raises(VectorsError, match='has no vector of "b"'):
        vector_of("b", path)


@pytest.mark.parametrize("header", ["3 2\n", ""])
def test_word2vecs_and_fasttexts_lines_end_with_a_space(header: str, tmp_path: Path) -> None:
    """word2vec.c writes "%s " and then "%lf " for each number, fastText's C++ likewise."""
    path = tmp_path / "vectors.vec"
    path.write_text(f"{header}</s> 1 2 \nof 3 4 \nNew York 5 6 \n")
    words, vectors = together(list(read_vectors(path)))
    assert words == ["</s>", "of", "New York"]
    assert vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert vector_of("of", path).tolist() == [3, 4]


def test_a_word_is_not_the_beginning_of_another(tmp_path: Path) -> None:
    """As in GloVe's words with spaces, some of which go on with a number."""
    path = tmp_path / "vectors.txt"
    path.write_text(". 1 2\nroute 66 3 4\nroute 5 6\nnorth 7 8 9\n")
    assert vector_of("route", path).tolist() == [5, 6]
    assert vector_of("route 66", path).tolist() == [3, 4]
    with pytest.raises(VectorsError, match='has no vector of "north"'):
        vector_of("north", path)
    assert vector_of("north 7", path).tolist() == [8, 9]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a 1 2\nb 1\n", "line 2: not a word and 2 numbers"),
        (b"a 1 2\nb 1 x\n", "line 2: not a word and 2 numbers"),
        (b"a 1 2\nb 1 nan\n", "line 2: not a word and 2 numbers"),
        (b"a 1 2\n\n", "line 2: not a word and 2 numbers"),
        (b"a\n", "line 1: not a word and its numbers"),
        (b"a 1\n\xff 1\n", "line 2: this is not UTF-8"),
    ],
)
def test_wrong_vectors(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(VectorsError, match=message):
        list(read_vectors(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n\nb\n", "line 2: the line is empty"),
        (b"a\nb c\n", 'line 2: "b c" has white space'),
        (b"a\n b\n", 'line 2: " b" has white space'),
        ("a\nb\u00a0c\n".encode(), "line 2: .* has white space"),
        (b"a\nb\n\xff\n", "line 3: this is not UTF-8"),
    ],
)
def test_wrong_vocabularies(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.txt.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(VectorsError, match=message):
        list(read_vocabulary(path))
    path.write_bytes(gzip.compress(content)[:-4])
    with pytest.raises(VectorsError, match=r"not gzip|line \d"):
        list(read_vocabulary(path))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match="There is no file"):
        list(read_vocabulary(tmp_path / "vocabulary.txt"))
