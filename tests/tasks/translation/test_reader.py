import gzip
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance, Vocabulary
from allennlp.data.tokenizers import WhitespaceTokenizer
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.tasks.translation.reader import TARGET_NAMESPACE, TranslationReader

SHARED = Path(__file__).parents[4] / "shared" / "data" / "mt"
Texts = list[tuple[str, str | None]]


def content(instance: Instance) -> tuple[str, str | None]:
    """Both texts' tokens, joined by spaces, the target's without its start and end."""
    source, target = (
        [token.text for token in field.tokens] if field else []  # type: ignore[attr-defined]
        for field in (instance["source"], instance.fields.get("target"))
    )
    metadata: Any = instance["metadata"]
    assert metadata["source_tokens"] == source
    assert not target or (target[0], target[-1]) == ("@start@", "@end@")
    return " ".join(source), " ".join(target[1:-1]) if target else None


def read(path: Path | str, **options: Any) -> Texts:
    return [content(instance) for instance in TranslationReader(**options).read(path)]


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def write_parallel(folder: Path, english: str, german: str) -> str:
    write(folder / "x.en", english)
    write(folder / "x.de", german)
    return str(folder / "x.{en,de}")


def test_tsv(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", "\ufeff\"Ada's here.\t„Ada ist da.\r\n\n No \t Nein\n")
    assert read(path) == [("\" Ada 's here .", "„ ￭ Ada ist da ￭ ."), ("No", "Nein")]


def test_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"source": "No.", "target": "Nein.", "id": 3}\n\n')
    assert read(path) == [("No .", "Nein ￭ .")]
    path = write(tmp_path / "x.json", '{"en": "a\\tb", "de": "c"}')
    assert read(path, source_field="en", target_field="de") == [("a b", "c")]


def test_two_parallel_files(tmp_path: Path) -> None:
    both = write_parallel(tmp_path, "a b\nc\n", "x y\nz")
    assert read(both) == [("a b", "x y"), ("c", "z")]
    assert read(str(tmp_path / "x.{de,en}")) == [("x y", "a b"), ("z", "c")]


def test_compressed(tmp_path: Path) -> None:
    for language, text in (("en", "a\n"), ("de", "b\n")):
        write(tmp_path / f"x.{language}.gz", gzip.compress(text.encode()))
    assert read(tmp_path / "x.{en,de}.gz") == [("a", "b")]
    assert read(write(tmp_path / "x.tsv.gz", gzip.compress(b"a\tb\n"))) == [("a", "b")]


def test_without_targets(tmp_path: Path) -> None:
    both = write_parallel(tmp_path, "a\nb\n", "x\n")
    tsv = write(tmp_path / "x.tsv", "a\nb\ty\n")
    objects = write(tmp_path / "x.jsonl", '{"source": "a"}\n{"source": "b"}\n')
    for path in (both, tsv, objects):
        assert read(path, target_field=None) == [("a", None), ("b", None)]


def test_tokenizers(tmp_path: Path) -> None:
    options = {"source_tokenizer": WhitespaceTokenizer(), "target_tokenizer": WhitespaceTokenizer()}
    assert read(write(tmp_path / "x.tsv", "it's .\tso !?\n"), **options) == [("it's .", "so !?")]


def test_the_reference_is_the_targets_text_in_its_own_case(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", "Yes!\tJa,  doch!\n")
    reader = TranslationReader(lowercase_target=True)
    (instance,) = reader.read(path)
    assert instance["metadata"]["reference"] == "Ja,  doch!"  # type: ignore[index]
    reader.apply_token_indexers(instance)
    vocab = Vocabulary.from_instances([instance])
    targets = set(vocab.get_token_to_index_vocabulary(TARGET_NAMESPACE))
    assert {"@start@", "@end@", "ja", "doch", "!", ",", "￭"} < targets
    assert set(vocab.get_token_to_index_vocabulary("tokens")) >= {"Yes", "!"}


STRANGE = ["👩‍👩‍👧 😀", "שלום עולם", "a\u200bb", "\u0301", "İstanbul", "我不喜欢吃苹果", "é" * 250, "\u2028x"]


@pytest.mark.parametrize("text", STRANGE)
def test_unusual_text(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "x.jsonl", json.dumps({"source": text, "target": text}))
    ((source, target),) = read(path)
    assert source.replace(" ", "") == "".join(text.split())
    assert target is not None


@given(pairs=st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)] * 2), min_size=1))
def test_any_texts(pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    options = {"source_tokenizer": WhitespaceTokenizer(), "target_tokenizer": WhitespaceTokenizer()}
    both = write_parallel(tmp_path, "\n".join(one for one, _ in pairs), "\n".join(other for _, other in pairs))
    assert read(both, **options) == pairs
    assert read(write(tmp_path / "x.tsv", "\n".join(map("\t".join, pairs))), **options) == pairs


BAD = [
    ("tsv", "a\tb\na\n", "x.tsv, line 2: 1 columns; there must be 2"),
    ("tsv", "a\tb\nc\td\te\n", "x.tsv, line 2: 3 columns"),
    ("tsv", "a\tb\n \tb\n", "x.tsv, line 2: the source is empty"),
    ("tsv", "a\tb\n\na\t \n", "x.tsv, line 3: the target is empty"),
    ("jsonl", '{"source": "a", "target": "b"}\n[1]\n', "x.jsonl, line 2: this is no JSON object"),
    ("jsonl", '{"source": "a", "target": "b"}\n{\n', "x.jsonl, line 2: this is not JSON"),
    (
        "jsonl",
        '{"source": "a", "target": "b"}\n{"source": "a"}\n',
        "line 2: there is no \"target\" here, only 'source'",
    ),
    (
        "jsonl",
        '{"source": "a", "target": "b"}\n{"source": 3, "target": "b"}\n',
        "line 2: the source must be text, not 3",
    ),
    (
        "jsonl",
        '{"source": "a", "target": "b"}\n{"source": "a", "target": "\\ud83d"}\n',
        "line 2: the target has half of a surrogate pair",
    ),
]


@pytest.mark.parametrize(("ending", "text", "message"), BAD)
def test_a_bad_line_is_named_or_skipped(
    tmp_path: Path, ending: str, text: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / f"x.{ending}", text)
    with pytest.raises(ConfigurationError, match=rf"{message}.* \(skip_bad_lines: true"):
        read(path)
    assert read(path, skip_bad_lines=True) == [("a", "b")]
    assert f"skipped 1 bad pairs: line {2 if 'line 3' not in message else 3}: " in caplog.text


def test_an_empty_line_of_parallel_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.\{en,de\}, line 2: the target is empty"):
        read(write_parallel(tmp_path, "a\nb\n", "x\n\n"))


@pytest.mark.parametrize(
    ("english", "german", "message"),
    [
        ("a\nb\nc\n", "x\n", r"x\.en has 3 lines, and .*x\.de has 1:"),
        ("a\n", "x\ny\nz\n", r"x\.en has 1 lines, and .*x\.de has 3:"),
        ("", "x\n", r"x\.en has 0 lines, and .*x\.de has 1:"),
    ],
)
def test_files_that_are_not_parallel(tmp_path: Path, english: str, german: str, message: str) -> None:
    both = write_parallel(tmp_path, english, german)
    for skip in (True, False):
        with pytest.raises(ConfigurationError, match=message):
            read(both, skip_bad_lines=skip)


def test_what_cannot_be_read_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.txt: its name does not say what it is"):
        read(write(tmp_path / "x.txt", "a\tb"))
    with pytest.raises(ConfigurationError, match=r"x\.tsv: there is no pair here"):
        read(write(tmp_path / "x.tsv", ""))
    write(tmp_path / "x.de", "a\nb\n")
    with pytest.raises(FileNotFoundError, match=r"y\.de"):
        read(tmp_path / "y.{de,en}")


def test_what_is_not_utf8_can_be_skipped_and_others_stay_pairs(tmp_path: Path) -> None:
    write(tmp_path / "x.en", b"a\n\xff\nc\nd\n")
    write(tmp_path / "x.de", b"w\nx\n\xff\nz\n")
    with pytest.raises(ConfigurationError, match=r"x\.\{en,de\}, line 2: the source is not UTF-8; convert the file \("):
        read(tmp_path / "x.{en,de}")
    assert read(tmp_path / "x.{en,de}", skip_bad_lines=True) == [("a", "w"), ("d", "z")]
    path = write(tmp_path / "x.tsv", b"a\tb\n\xff\tb\na\t\xff\n")
    assert read(path, skip_bad_lines=True) == [("a", "b")]


def test_a_carriage_return_in_a_line_of_parallel_files_is_a_bad_pair(tmp_path: Path) -> None:
    # As many carriage returns on both sides: nothing but the texts' meaning would say that the pairs are wrong.
    both = write_parallel(tmp_path, "a\rb\r\nc\nd\n", "w\r\nx\ny\rz")
    with pytest.raises(ConfigurationError, match=r"line 1: the source has a carriage return in it"):
        read(both)
    assert read(both, skip_bad_lines=True) == [("c", "x")]
    assert read(both, skip_bad_lines=True, target_field=None) == [("c", None), ("d", None)]


def test_long_pairs_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "x.tsv", "a b c\td\ne\tf g h\ni\tj\nk l\tm\n")
    with caplog.at_level(logging.WARNING):
        assert read(path, max_tokens=2) == [("i", "j"), ("k l", "m")]
    assert "2 of 4 pairs have more than 2 tokens and are left out" in caplog.text
    # Those that are left out do not count.
    assert read(path, max_tokens=2, max_instances=1) == [("i", "j")]
    with pytest.raises(ConfigurationError, match=r"x\.tsv: no pair is left; all have more than 1 tokens"):
        read(write(path, "a b\tc\n"), max_tokens=1)


def test_joiners_start_and_end_make_no_pair_long(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", "No.\tNein.\n")
    assert read(path, max_tokens=2) == [("No .", "Nein ￭ .")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"lowercase_target": "no"}, "lowercase_target is 'no'"),
        ({"skip_bad_lines": 1}, "skip_bad_lines is 1"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TranslationReader(**options)


def test_from_a_config() -> None:
    params = Params({"type": "elmo_translation", "source_tokenizer": "whitespace", "max_tokens": 9})
    assert isinstance(DatasetReader.from_params(params), TranslationReader)


def numbered(folder: Path, count: int) -> Path:
    return write(folder / "x.tsv", "".join(f"{number}\tx\n" for number in range(count)))


def test_processes_share_the_pairs(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(TranslationReader(), lambda count: numbered(tmp_path, count), lambda instance: content(instance)[0])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize(("part", "pairs"), [("train", 29000), ("dev", 1014)])
def test_reads_the_shared_corpus(part: str, pairs: int) -> None:
    assert sum(1 for _ in TranslationReader()._pairs(SHARED / f"multi30k.{part}.{{en,de}}.gz")) == pairs
