"""Texts with a class, and relations."""

import json
import random
from pathlib import Path

import pytest

from elmo_tasks.reproduce.open_data.recipe import OriginalError
from elmo_tasks.reproduce.open_data.texts import hotel, part, polarity, relations, trec


def test_parts_are_cut_from_the_shuffled_texts() -> None:
    def rows(_: object) -> list[dict[str, str]]:
        return [{"text": str(number)} for number in range(10)]

    order = list(range(10))
    random.Random(5).shuffle(order)
    texts = [json.loads(line)["text"] for line in [*part(rows, 5, 1, 3)([]), *part(rows, 5, 4, None)([])]]
    assert texts == [str(number) for number in order]


def test_trec(tmp_path: Path) -> None:
    path = tmp_path / "train_5500.label"
    path.write_bytes(b"LOC:city Which sister\xf0city ?\nABBR:exp What is 3:4 ?\n")
    assert trec([path]) == [
        {"text": "Which sisterðcity ?", "label": "LOC", "fine_label": "LOC:city"},
        {"text": "What is 3:4 ?", "label": "ABBR", "fine_label": "ABBR:exp"},
    ]


def test_a_question_without_class_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train_5500.label"
    path.write_bytes(b"LOC:city Which ?\nWhich ?\n")
    with pytest.raises(OriginalError, match=r"train_5500\.label, line 2: this should be CLASS:class"):
        trec([path])


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_polarity_has_the_slip_of_the_file_that_was_read(tmp_path: Path, encoding: str) -> None:
    paths = [tmp_path / "rt-polarity.pos", tmp_path / "rt-polarity.neg"]
    paths[0].write_bytes("fun .  \nel ladrón \n".encode(encoding))
    paths[1].write_bytes(b"dull . \n")
    assert polarity(paths) == [
        {"text": "fun .", "label": "positive"},
        {"text": "el ladr\u00c3\u00b3n", "label": "positive"},
        {"text": "dull .", "label": "negative"},
    ]


@pytest.mark.parametrize("head", ["label,review\n{}", ",label,review\n0,{}", "{}"])
def test_hotel_reviews_are_there_once_and_without_spaces(tmp_path: Path, head: str) -> None:
    path = tmp_path / "ChnSentiCorp_htl_all.csv"
    row = head.partition("\n")[2] or head
    rows = "\n".join(row.format(one) + "\n" for one in ('1,"很 好,\n很好"', "0,", "0,不好", "1,不好"))
    path.write_text(head.partition("\n")[0] + "\n" + rows if "\n" in head else rows, encoding="utf-8")
    assert hotel([path]) == [{"text": "很好,很好", "label": "positive"}, {"text": "不好", "label": "negative"}]


def test_hotel_reviews_need_labels(tmp_path: Path) -> None:
    path = tmp_path / "ChnSentiCorp_htl_all.csv"
    path.write_text("<html>\n")
    with pytest.raises(OriginalError, match="no line has a label"):
        hotel([path])


def test_relations_are_cut_by_number(tmp_path: Path) -> None:
    path = tmp_path / "TRAIN_FILE.TXT"
    examples = [f'{number}\t"A <e1>b</e1>."\r\nOther\r\nComment: \r\n\r\n' for number in (1, 2, 3)]
    path.write_text("".join(examples), newline="")
    assert "".join(relations(1, 2)([path])) == "".join(
        f'{number}\t"A <e1>b</e1>."\nOther\nComment:\n\n' for number in (1, 2)
    )
    assert "".join(relations(3, None)([path])) == '3\t"A <e1>b</e1>."\nOther\nComment:\n\n'


def test_an_example_out_of_order_is_named(tmp_path: Path) -> None:
    path = tmp_path / "TRAIN_FILE.TXT"
    path.write_text('1\t"A."\nOther\nComment:\n\n3\t"A."\nOther\nComment:\n\n')
    with pytest.raises(OriginalError, match=r"TRAIN_FILE\.TXT, line 5: example 2 should begin here"):
        list(relations(1, None)([path]))
