import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.files import read_lines, read_text

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"))


MARK = b"\xef\xbb\xbf"


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "txt": bytes,
    "txt.gz": gzip.compress,
    "txt.bz2": bz2.compress,
    "txt.xz": lzma.compress,
}


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("mark", [b"", MARK])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
@settings(max_examples=10)
@given(texts=st.lists(TEXT, min_size=1))
def test_lines_of_any_text(texts: list[str], end: bytes, mark: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.{suffix}"
    content = mark + b"".join(text.encode() + end for text in texts)
    path.write_bytes(COMPRESS[suffix](content))
    assert list(read_lines(path, ValueError)) == list(enumerate(texts, 1))
    assert read_text(path, ValueError) == content.removeprefix(mark).decode()


STRANGE = [
    "a\u2028b\u0085c\x0bd\x0ce\x1ff",
    "\u00a0",
    "",
    "x\ufeffy \ufeff",
    "\U0001f469\u200d\U0001f4bb \u200b",
    "שלום \u202eabc",
    "I\u0131İi ğüşöç",
    "东京 大学",
    "ü" * 250,
]
"""Unicode's other line ends and white space, marks inside, emoji, zero width, right to left, Turkish, Chinese, long."""


@pytest.mark.parametrize("last_end", [b"", b"\n", b"\r"])
def test_strange_lines(last_end: bytes, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(MARK + "\n".join(STRANGE).encode() + last_end)
    assert [line for _, line in read_lines(tmp_path / "text.txt", ValueError)] == STRANGE


@given(content=st.lists(st.sampled_from(["a", "\u2028", "\n", "\r\n", "\r", "\ufeff", "é"])).map("".join))
def test_lines_are_those_of_pythons_text_files(content: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """But that any number of carriage returns before a line feed are one line end with it."""
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_bytes(content.encode())
    while "\r\r\n" in content:
        content = content.replace("\r\r\n", "\r\n")
    other = path.with_name("other.txt")
    other.write_bytes(content.encode())
    with open(other, encoding="utf-8-sig") as lines:
        expected = [line.removesuffix("\n") for line in lines]
    assert [line for _, line in read_lines(path, ValueError)] == expected


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"good\rgood\n\xff\n")
    with pytest.raises(LookupError, match=r"text\.txt, line 3: this is not UTF-8: invalid start byte; convert"):
        list(read_lines(path, LookupError))
    with pytest.raises(LookupError, match=r"text\.txt: this is not UTF-8: invalid start byte; convert"):
        read_text(path, LookupError)


@pytest.mark.parametrize(("suffix", "kind"), [("gz", "gzip"), ("bz2", "bzip2"), ("xz", "xz")])
@pytest.mark.parametrize("damage", ["plain", "broken off", "a bit turned", "empty inside"])
def test_damage_is_named(damage: str, suffix: str, kind: str, tmp_path: Path) -> None:
    whole = COMPRESS[f"txt.{suffix}"](b"".join(b"line %d\n" % number for number in range(1000)))
    middle = len(whole) // 2
    damaged = {
        "plain": b"not compressed at all",
        "broken off": whole[:-9],
        "a bit turned": whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :],
        "empty inside": whole[:20] + bytes(40) + whole[60:],
    }[damage]
    path = tmp_path / f"text.{suffix}"
    path.write_bytes(damaged)
    with pytest.raises(LookupError, match=rf"text\.{suffix}, after line \d+: this is not {kind}, or is damaged: "):
        list(read_lines(path, LookupError))
    with pytest.raises(LookupError, match=rf"text\.{suffix}: this is not {kind}, or is damaged: "):
        read_text(path, LookupError)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_several_compressed_files_behind_each_other(suffix: str, tmp_path: Path) -> None:
    """As programs write them that use several processors; Python's readers end before a damaged one without a word."""
    path, compress = tmp_path / f"text.{suffix}", COMPRESS[f"txt.{suffix}"]
    first, second = (compress(f"line {number}\n".encode() * 50_000) for number in (1, 2))
    path.write_bytes(first + compress(b"") + second + bytes(512))
    assert [line for _, line in read_lines(path, LookupError)] == ["line 1"] * 50_000 + ["line 2"] * 50_000
    for damaged in (first + b"?" + second[1:], first + second + b"more", first + second[:-1], first + second[:1]):
        path.write_bytes(damaged)
        for read in (lambda: list(read_lines(path, LookupError)), lambda: read_text(path, LookupError)):
            with pytest.raises(LookupError, match=rf"text\.{suffix}.*or is damaged"):
                read()


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_a_file_of_no_bytes_is_not_a_compressed_text_of_no_lines(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text.{suffix}"
    path.write_bytes(COMPRESS[f"txt.{suffix}"](b""))
    assert list(read_lines(path, LookupError)) == []
    path.write_bytes(b"")
    with pytest.raises(LookupError, match=rf"text\.{suffix}.*or is damaged: it is cut off"):
        list(read_lines(path, LookupError))


def test_what_the_system_says_stays(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_text(tmp_path / "nowhere.gz", LookupError)
    with pytest.raises(IsADirectoryError):
        list(read_lines(tmp_path, LookupError))
