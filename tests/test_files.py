import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_disks import small_disk as small_disk

from elmo_tasks import files
from elmo_tasks.files import (
    DiskFullError,
    JSONError,
    begins_with,
    check_own,
    ending,
    full_disk_told,
    named_files,
    parse_json,
    read_lines,
    read_object,
    read_text,
    same_content,
    writing,
)


def test_folder_is_made_and_nothing_is_left_over(tmp_path: Path) -> None:
    with writing(tmp_path / "new" / "file") as temporary:
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "file").exists()
    assert (tmp_path / "new" / "file").read_text() == "whole"
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_and_be_killed() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_be_killed()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_that_the_user_knows(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(PermissionError) as raised, writing(target) as temporary:
        raise PermissionError(13, "Permission denied", str(temporary))
    assert raised.value.filename == str(target)
    with pytest.raises(PermissionError) as raised, writing(target):
        raise PermissionError(13, "Permission denied", "another")
    assert raised.value.filename == "another"


def test_no_file_takes_a_pipes_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="this is a device or a pipe"), writing(pipe):
        pytest.fail("begun")
    assert pipe.is_fifo()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_half() -> None:
        with writing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("unexpected pos 64 vs 0")

    with pytest.raises(RuntimeError, match="unexpected pos"):
        write_half()
    monkeypatch.setattr(files, "_is_full", lambda path: True)
    with pytest.raises(DiskFullError, match=r"No space left on device: '.*/file'"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_torch_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "file").write_text("old")
    values = torch.zeros(1 << 20)
    with pytest.raises(RuntimeError), full_disk_told(small_disk.parent):
        torch.save(values, small_disk / "other")
    (small_disk / "other").unlink()
    message = f"No space left on device: '{small_disk / 'file'}'"
    with pytest.raises(DiskFullError, match=message), writing(small_disk / "file") as temporary:
        torch.save(values, temporary)
    assert [path.read_text() for path in small_disk.iterdir()] == ["old"]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"))

MARK = b"\xef\xbb\xbf"

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "txt": bytes,
    "txt.gz": gzip.compress,
    "txt.bz2": bz2.compress,
    "txt.xz": lzma.compress,
}


def test_an_ending_without_what_says_how_it_is_compressed() -> None:
    assert [ending(name) for name in ("a.jsonl", "b/a.jsonl.xz", Path("a.x.tsv.gz"), "a.gz", "a")] == [
        ".jsonl",
        ".jsonl",
        ".tsv",
        "",
        "",
    ]


def test_braces_name_two_files() -> None:
    assert named_files("data/train.{en,de}.gz") == ("data/train.en.gz", "data/train.de.gz")
    assert named_files(Path("{a,b}")) == ("a", "b")
    for path in ("data/train.tsv", "{a}", "{a,b,c}", "{,a}", "a{b},c"):
        assert named_files(path) == (path,)


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


# JSON


def nested(depth: int) -> str:
    return "[" * depth + "1" + "]" * depth


@pytest.mark.parametrize("value", [None, [], {"a": [1, 2.5, "\u2028"]}, json.loads(nested(200))])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_json_is_parsed(value: Any, mark: str) -> None:
    text = mark + json.dumps(value, ensure_ascii=False)
    assert parse_json(text) == parse_json(text.encode()) == value


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_objects_that_were_written_before(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(mark + '{"said": "so", "seeds": null}', encoding="utf-8")
    assert read_object(path, LookupError, said=str, seeds=int | None) == {"said": "so", "seeds": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is not JSON"),
        (b"\xff", "this is not UTF-8"),
        (b"[" * 100_000, "this is JSON with more than 200"),
        (b'["said"]', "this is no JSON object"),
        (b"{}", '"said" is not there, or not what it should be'),
        (b'{"said": 1}', '"said" is not there, or not what it should be'),
    ],
)
def test_objects_that_are_damaged(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(LookupError, match=rf"run\.json is damaged: {message}"):
        read_object(path, LookupError, said=str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^not JSON: Expecting value, at column 1$"),
        ('{"a": 1,}', "^not JSON: .*, at column "),
        ("[1,\n2 3]", "^not JSON: Expecting ',' delimiter, at line 2, column 3$"),
        (b"\xff", "^not UTF-8: invalid start byte$"),
        ('{"a": ' + "9" * 5000 + "}", "^JSON with a number of thousands of digits$"),
        (nested(201), "^JSON with more than 200 objects and lists in each other$"),
        (nested(2000), "^JSON with more than 200"),
        (nested(100_000), "^JSON with more than 200"),
        ('{"a": ' * 300 + "1" + "}" * 300, "^JSON with more than 200"),
    ],
)
def test_what_is_no_json(text: str | bytes, message: str) -> None:
    with pytest.raises(JSONError, match=message):
        parse_json(text)


class LostError(Exception):
    pass


def test_what_is_ones_own_may_be_written_again(tmp_path: Path) -> None:
    path, new = tmp_path / "out.txt", tmp_path / "new.txt"
    new.write_text("köy 的猫\n", encoding="utf-8")

    def check() -> None:
        check_own(path, lambda: same_content(path, new), LostError)

    check()
    path.touch()
    check()
    path.write_bytes(new.read_bytes())
    check()
    path.write_text("kö", encoding="utf-8")
    with pytest.raises(LostError, match=r"out\.txt is there already, .*--force"):
        check()
    path.unlink()
    path.mkdir()
    with pytest.raises(LostError):
        check()


def test_how_a_file_begins(tmp_path: Path) -> None:
    content = "köy 的猫\n".encode()
    plain, packed, torn = (tmp_path / name for name in ("a.txt", "a.txt.gz", "torn.txt.gz"))
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    torn.write_bytes(gzip.compress(content)[:12])
    assert begins_with(plain, content[:3])
    assert begins_with(packed, content)
    assert not begins_with(plain, content + b" ")
    assert not begins_with(torn, content)
    assert not begins_with(tmp_path / "missing", content)
