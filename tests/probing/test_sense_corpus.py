import gzip
from pathlib import Path

import pytest

from elmo_tasks.probing.sense_corpus import (
    Instance,
    SenseCorpus,
    SensesError,
    read_keys,
    read_sentences,
    sense_corpus,
)

from .conftest import TRAIN, TRAIN_KEYS


def test_sentences_of_words_and_instances(train: SenseCorpus) -> None:
    first, second, third = read_sentences(train.data)
    assert first.tokens == ["She", "sat", "by", "the", "bank"]
    assert first.instances[1] == Instance("d0.s0.t1", "bank", "NOUN", slice(4, 5))
    # Two words in one element, with a line's end between them.
    assert second.tokens == ["The", "savings", "bank", "closed", "&", "Banks", "close"]
    assert [second.tokens[instance.words] for instance in second.instances] == [
        ["savings", "bank"],
        ["closed"],
        ["Banks"],
        ["close"],
    ]
    assert third.instances == [Instance("d1.s0.t0", "bank", "NOUN", slice(0, 1))]


def test_compressed_with_keys_of_another_compression(tmp_path: Path) -> None:
    (tmp_path / "a.data.xml.gz").write_bytes(gzip.compress(TRAIN.encode("utf-8-sig")))
    (tmp_path / "a.gold.key.txt").write_text(TRAIN_KEYS.replace("\n", "\r\n\r\n"))
    corpus = sense_corpus(tmp_path / "a.data.xml.gz")
    assert corpus == SenseCorpus("a", tmp_path / "a.data.xml.gz", tmp_path / "a.gold.key.txt")
    assert len(list(read_sentences(corpus.data))) == 3
    assert read_keys(corpus.keys)["d0.s1.t2"] == ("bank%1:14:00::", "bank%1:17:01::")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</sentence>", "</sentense>", "a.data.xml, line 10: this is not XML: mismatched tag."),
        (TRAIN[600:], "", "a.data.xml, line 17: this is not XML: unclosed token."),
        ("&amp;</wf>", "& </wf>", "a.data.xml, line 16: this is not XML: not well-formed (invalid token)."),
        (">She<", "> \n<", "a.data.xml, line 6: <wf> has no word in it."),
        (' lemma="sit"', "", 'a.data.xml, line 6: <instance> has no "lemma".'),
        ('<sentence id="d0.s0">', "<p>", "a.data.xml, line 5: <wf> is not inside a <sentence>."),
        ('"d0.s0.t1"', '"d0.s0.t0"', 'a.data.xml, line 9: the instance "d0.s0.t0" is there a second time.'),
        (TRAIN, "<corpus></corpus>", "a.data.xml: there is no sentence in this file."),
        (TRAIN, "", "a.data.xml, line 1: this is not XML: no element found."),
    ],
)
def test_what_is_not_of_the_form(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in TRAIN
    (tmp_path / "a.data.xml").write_text(TRAIN.replace(old, new, 1))
    with pytest.raises(SensesError) as raised:
        list(read_sentences(tmp_path / "a.data.xml"))
    assert str(raised.value) == f"{tmp_path}/{message}"


def test_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "a.data.xml.gz").write_bytes(gzip.compress(TRAIN.encode())[:-40])
    with pytest.raises(SensesError, match=r"a\.data\.xml\.gz, after line \d+: this is not gzip, or is damaged"):
        list(read_sentences(tmp_path / "a.data.xml.gz"))
    (tmp_path / "a.gold.key.txt").write_bytes(b"a b%1\n\xff")
    with pytest.raises(SensesError, match=r"a\.gold\.key\.txt, line 2: this is not UTF-8"):
        read_keys(tmp_path / "a.gold.key.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.t0 x%1:00:00::\na.t1\n", 'line 2: the instance "a.t1" has no sense'),
        ("a.t0 x%1:00:00::\na.t0 y%1:00:00::\n", 'line 2: the instance "a.t0" is there a second time'),
    ],
)
def test_keys_that_are_none(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(text)
    with pytest.raises(SensesError, match=f"keys.txt, {message}"):
        read_keys(tmp_path / "keys.txt")


def test_two_files_belong_together(tmp_path: Path) -> None:
    with pytest.raises(SensesError, match=r"text\.xml is not called NAME\.data\.xml"):
        sense_corpus(tmp_path / "text.xml")
    with pytest.raises(SensesError, match=r"There is no file .*a\.data\.xml"):
        sense_corpus(tmp_path / "a.data.xml")
    (tmp_path / "a.data.xml").write_text(TRAIN)
    with pytest.raises(SensesError, match=r"a\.data\.xml: there is no a\.gold\.key\.txt beside it"):
        sense_corpus(tmp_path / "a.data.xml")
