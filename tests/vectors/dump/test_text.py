import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from elmo_tasks.vectors.dump.text import TextError, read_sentences, spool, survey

# White space of many kinds, right-to-left text, marks, a byte order mark inside, a NUL: all of it is text.
STRANGE = [
    "a  b\tc\u00a0d\u3000e",
    "",
    "  שלום עולם ",
    "e\u0301 \U0001f469\u200d\U0001f4bb",
    "x\ufeffy \u200b",
    "a\0b / c",
]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_pythons_text_files(tmp_path: Path, end: str) -> None:
    path = write(tmp_path / "text.txt", STRANGE, end)
    with open(path, encoding="utf-8") as lines:
        expected = [line.strip() for line in lines]
    sentences = list(read_sentences(path))
    assert [sentence.text for sentence in sentences] == expected
    assert [sentence.line for sentence in sentences] == list(range(len(STRANGE)))
    assert sentences[0].tokens == ["a", "b", "c", "d", "e"]
    assert sentences[1].tokens == []


def test_a_range_of_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "text.txt", ["zero", "one", "two", "three"])
    assert [(sentence.line, sentence.text) for sentence in read_sentences(path, 1, 3)] == [(1, "one"), (2, "two")]


def test_the_survey_counts(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "text.txt", ["one", "", "two é", " "]))
    assert (found.lines, found.blank, found.first_blank) == (4, 2, 1)
    assert found.size == len("one\n\ntwo é\n\n".encode())


def test_the_digest_is_of_the_lines_and_not_of_the_files_form(tmp_path: Path) -> None:
    plain = survey(write(tmp_path / "text.txt", STRANGE))
    windows = survey(write(tmp_path / "windows.txt", STRANGE, "\r\n"))
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress((tmp_path / "text.txt").read_bytes()))
    assert plain == windows == survey(tmp_path / "text.txt.gz")
    assert plain.digest != survey(write(tmp_path / "other.txt", [*STRANGE, "more"])).digest
    # Where a line ends matters.
    one, two = write(tmp_path / "one.txt", ["a b", "c"]), write(tmp_path / "two.txt", ["a", "b c"])
    assert survey(one).digest != survey(two).digest


@pytest.mark.parametrize("name", ["marked.txt", "marked.txt.gz", "marked.txt.bz2", "marked.txt.xz"])
def test_a_byte_order_mark_is_no_part_of_the_first_word(name: str, tmp_path: Path) -> None:
    compress = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(Path(name).suffix, bytes)
    plain = write(tmp_path / "text.txt", STRANGE)
    (tmp_path / name).write_bytes(compress(b"\xef\xbb\xbf" + plain.read_bytes()))
    assert survey(tmp_path / name) == survey(plain)
    spool(["\ufeffThe cat\n", "\ufeff sat"], tmp_path / "spooled.txt")
    assert [sentence.tokens for sentence in read_sentences(tmp_path / "spooled.txt")] == [
        ["The", "cat"],
        ["\ufeff", "sat"],
    ]


def test_what_is_spooled_as_one_sentence_is_one(tmp_path: Path) -> None:
    spool(["a\rb\r\nc\n", "d\u2028e"], tmp_path / "spooled.txt")
    assert [sentence.tokens for sentence in read_sentences(tmp_path / "spooled.txt")] == [["a", "b", "c"], ["d", "e"]]


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"fine\n" * 5000 + b"caf\xe9\n" + b"fine\n" * 5000)
    with pytest.raises(TextError, match=r"text\.txt, line 5001: this is not UTF-8"):
        survey(path)


def test_a_gzip_file_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"a line\n" * 3, mtime=0)[:-9])
    with pytest.raises(TextError, match=r"text\.txt\.gz, after line \d+: this is not gzip, or is damaged"):
        survey(path)


@pytest.mark.parametrize("line", ["1 / 2", "/", ".", "a\0b"])
def test_lines_that_cannot_be_keys_are_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "text.txt", ["fine", line])
    assert survey(path).lines == 2
    with pytest.raises(TextError, match=r"text\.txt, line 2: an HDF5 dataset cannot be named"):
        survey(path, as_keys=True)


def test_spooled_text_is_the_same_text(tmp_path: Path) -> None:
    path = write(tmp_path / "text.txt", STRANGE, "\r\n")
    with open(path, encoding="utf-8") as lines:
        spool(lines, tmp_path / "spooled.txt")
    assert survey(tmp_path / "spooled.txt") == survey(path)


def test_what_was_not_utf8_is_found_behind_the_spool_too(tmp_path: Path) -> None:
    spool(["fine", b"caf\xe9".decode(errors="surrogateescape")], tmp_path / "spooled.txt")
    with pytest.raises(TextError, match=r"line 2: this is not UTF-8"):
        survey(tmp_path / "spooled.txt")
    with pytest.raises(TextError, match="Line 2 is not text"):
        spool(["fine", "half \ud83d"], tmp_path / "spooled.txt")
