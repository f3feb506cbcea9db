"""Finding originals, writing files, and checking them."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from elmo_tasks.reproduce.open_data import NOT_MADE, SOURCES, make_open_data, missing_originals, not_made
from elmo_tasks.reproduce.open_data.making import _EXPECTED
from elmo_tasks.reproduce.open_data.plain import copy, minimal_pairs
from elmo_tasks.reproduce.open_data.questions import development
from elmo_tasks.reproduce.open_data.recipe import Recipe, Source

TEXT = "one\ntwo\n"
SHA = hashlib.sha256(TEXT.encode()).hexdigest()
RIGHT: dict[str, dict[str, int | str]] = {"a/b.txt.gz": {"lines": 2, "sha256": SHA}}
SOURCE = Source("Corpus", "https://example.org", "CC0", (Recipe("a/b.txt.gz", ("x/original.txt",), copy),))


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    path = tmp_path / "originals" / "archive-1.0" / "x" / "original.txt"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    # The same name elsewhere is another file.
    (tmp_path / "originals" / "original.txt").write_text("other\n")
    return tmp_path / "originals"


def test_a_file_is_made_and_made_once(tmp_path: Path, originals: Path) -> None:
    out = tmp_path / "data"
    report = make_open_data([SOURCE], out, originals, expected=RIGHT)
    assert report.complete
    assert [one.text for one in report.outcomes] == ["a/b.txt.gz: made, and as expected"]
    first = (out / "a" / "b.txt.gz").read_bytes()
    assert gzip.decompress(first).decode() == TEXT

    report = make_open_data([SOURCE], out, expected=RIGHT)
    assert [one.text for one in report.outcomes] == ["a/b.txt.gz: there already"]


@pytest.mark.parametrize(
    "content", [gzip.compress(b"mine\n"), gzip.compress(TEXT.encode())[:-9]], ids=["other text", "broken off"]
)
def test_another_file_is_replaced_only_by_force(content: bytes, tmp_path: Path, originals: Path) -> None:
    out = tmp_path / "data"
    file = out / "a" / "b.txt.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    report = make_open_data([SOURCE], out, originals, expected=RIGHT)
    assert not report.complete
    assert f"a/b.txt.gz: {file} is there already, and is not what this run would write" in report.outcomes[0].text
    assert "--force" in report.outcomes[0].text
    assert file.read_bytes() == content
    assert make_open_data([SOURCE], out, originals, expected=RIGHT, force=True).complete
    assert gzip.decompress(file.read_bytes()).decode() == TEXT


def test_a_stand_in_that_was_made_before_is_no_other_file(tmp_path: Path, originals: Path) -> None:
    recipe = Recipe("a/b.txt.gz", ("x/original.txt",), copy, stand_in="other numbers")
    source = Source("Corpus", "https://example.org", "CC0", (recipe,))
    expected: dict[str, dict[str, int | str]] = {"a/b.txt.gz": {"lines": 2, "sha256": "0" * 64}}
    for _ in range(2):
        assert make_open_data([source], tmp_path / "data", originals, expected=expected).complete


def test_a_compressed_original_is_as_good(tmp_path: Path, originals: Path) -> None:
    path = originals / "archive-1.0" / "x" / "original.txt"
    (path.parent / "original.txt.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert make_open_data([SOURCE], tmp_path / "data", originals, expected=RIGHT).complete


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("one\ntwo\nthree\n", "3 lines where there should be 2"),
        ("one\ntwi\n", f"the SHA-256 is {hashlib.sha256(b'one' + bytes([10]) + b'twi' + bytes([10])).hexdigest()}"),
        ("one\n\udcff\n", "original.txt, line 2: this is not UTF-8"),
    ],
)
def test_a_different_original_is_named_and_nothing_is_written(
    tmp_path: Path, originals: Path, text: str, problem: str
) -> None:
    path = originals / "archive-1.0" / "x" / "original.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    report = make_open_data([SOURCE], tmp_path / "data", originals, expected=RIGHT)
    assert not report.complete
    assert problem in report.outcomes[0].text
    assert str(path) in report.outcomes[0].text
    assert "Nothing was written" in report.outcomes[0].text
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_a_field_that_is_missing_is_named(tmp_path: Path, originals: Path) -> None:
    (originals / "a.jsonl").write_text('{"sentence_good": "G."}\n')
    source = Source("Corpus", "", "", (Recipe("a/b.txt.gz", ("a.jsonl",), minimal_pairs),))
    report = make_open_data([source], tmp_path / "data", originals, expected=RIGHT)
    assert "a.jsonl has no field 'sentence_bad'. Nothing was written." in report.outcomes[0].text


def test_what_has_another_form_is_named(tmp_path: Path, originals: Path) -> None:
    (originals / "dev-v1.1.json").write_text('{"data": ["title"]}')
    source = Source("Corpus", "", "", (Recipe("a/b.txt.gz", ("dev-v1.1.json",), development),))
    report = make_open_data([source], tmp_path / "data", originals, expected=RIGHT)
    assert "dev-v1.1.json is not of the form that it should have (TypeError" in report.outcomes[0].text


def test_a_damaged_archive_is_named(tmp_path: Path, originals: Path) -> None:
    (originals / "dev-v1.1.json.gz").write_bytes(gzip.compress(b'{"data": []}')[:-9])
    source = Source("Corpus", "", "", (Recipe("a/b.txt.gz", ("dev-v1.1.json",), development),))
    report = make_open_data([source], tmp_path / "data", originals, expected=RIGHT)
    assert "dev-v1.1.json.gz: this is not gzip, or is damaged" in report.outcomes[0].text


def test_of_two_originals_neither_is_taken(tmp_path: Path, originals: Path) -> None:
    second = originals / "archive-1.1" / "x" / "original.txt"
    second.parent.mkdir(parents=True)
    second.write_text(TEXT)
    report = make_open_data([SOURCE], tmp_path / "data", originals, expected=RIGHT)
    assert not report.complete
    assert "there are two originals x/original.txt" in report.outcomes[0].text
    assert str(second) in report.outcomes[0].text


def test_a_stand_in_is_made_where_the_first_choice_is_missing(tmp_path: Path, originals: Path) -> None:
    stand_in = Source(
        "Other", "https://example.net", "MIT", (Recipe("a/b.txt.gz", ("original.csv",), copy, "other words"),)
    )
    (originals / "original.csv").write_text("One\nTwo\n")
    report = make_open_data([SOURCE, stand_in], tmp_path / "data", originals, expected=RIGHT)
    assert [one.text for one in report.outcomes] == ["a/b.txt.gz: made, and as expected"]

    (originals / "archive-1.0" / "x" / "original.txt").unlink()
    report = make_open_data([SOURCE, stand_in], tmp_path / "other", originals, expected=RIGHT)
    assert report.complete
    assert [one.text for one in report.outcomes] == ["a/b.txt.gz: made, as a stand-in: other words"]

    (originals / "original.csv").write_text("One\n")
    report = make_open_data([stand_in], tmp_path / "third", originals, expected=RIGHT)
    assert "1 lines where there should be 2" in report.outcomes[0].text


def test_all_that_is_missing_is_listed_at_once(tmp_path: Path) -> None:
    second = Source("Second", "https://example.net", "MIT", (Recipe("c/d.txt", ("e", "f", "g"), copy, "shorter"),))
    report = make_open_data([SOURCE, second], tmp_path, expected=RIGHT | {"c/d.txt": {"lines": 1}})
    assert not report.complete
    assert list(missing_originals(report.missing)) == [
        "Corpus. Licence: CC0",
        "  https://example.org",
        "    x/original.txt for a/b.txt.gz",
        "Second. Licence: MIT",
        "  https://example.net",
        "    e, f and 1 more for c/d.txt",
        "      a stand-in: shorter",
    ]


def test_only_some_folders(tmp_path: Path) -> None:
    report = make_open_data(SOURCES, tmp_path, only=["glove", "re"])
    assert {recipe.path.partition("/")[0] for recipes in report.missing.values() for recipe in recipes} == {
        "glove",
        "re",
    }
    assert list(not_made(NOT_MADE, ["lm_tr", "coref"])) == [
        f"{paths}: {NOT_MADE[paths]}." for paths in ("coref/*", "lm/*, lm_tr/*, lm_zh/*")
    ]


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*nowhere with originals"):
        make_open_data(SOURCES, tmp_path, tmp_path / "nowhere")


def test_every_file_has_what_is_expected_of_it() -> None:
    paths = {recipe.path for source in SOURCES for recipe in source.recipes}
    assert paths == set(_EXPECTED)
    exact = {recipe.path for source in SOURCES for recipe in source.recipes if not recipe.stand_in}
    assert exact == {path for path, expected in _EXPECTED.items() if "sha256" in expected}


def test_the_page_has_every_file_address_and_licence() -> None:
    page = (Path(__file__).parents[3] / "docs" / "open-data.md").read_text(encoding="utf-8")
    for source in SOURCES:
        for text in (source.licence, *source.address.split(", "), *(recipe.path for recipe in source.recipes)):
            assert text in page, text
    for paths in NOT_MADE:
        assert all(f"`{path}`" in page for path in paths.split(", "))


def test_the_lists_are_small() -> None:
    assert len(json.dumps(_EXPECTED)) < 10_000
