import gzip
from pathlib import Path

import pytest

from elmo_tasks.files import begins_with, check_is_file, check_own, ending, named_files, same_content


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


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "text.txt").touch()
    check_is_file(tmp_path / "text.txt", LookupError)
    with pytest.raises(LookupError, match=r"There is no file .*/missing\.txt\."):
        check_is_file(tmp_path / "missing.txt", LookupError)
    with pytest.raises(LookupError, match=f"{tmp_path} is a folder: name a file"):
        check_is_file(tmp_path, LookupError)


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
