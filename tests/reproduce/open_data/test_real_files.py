"""
The rules against the files that the published results read, where those are at hand.

The public originals are not, so each is written anew from the files, in the original's own form and with invented
sentences where a test set is held back; the rules must give the files back, to the byte.
"""

import csv
import gzip
import html
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elmo_tasks.reproduce.open_data import SOURCES, make_open_data
from elmo_tasks.reproduce.open_data.plain import copy

DATA = Path(__file__).parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the open data are not here")

Row = dict[str, str]


def read(path: str) -> str:
    data = (DATA / path).read_bytes()
    return (gzip.decompress(data) if path.endswith(".gz") else data).decode()


def rows(*paths: str) -> list[Row]:
    return [json.loads(line) for path in paths for line in read(path).splitlines()]


def unshuffled(order: list[Row | None], seed: int, held_back: Row) -> Iterator[Row]:
    """The rows as they were before they were shuffled."""
    places = list(range(len(order)))
    random.Random(seed).shuffle(places)
    before = dict(zip(places, order, strict=True))
    return (before[place] or held_back for place in range(len(order)))


def columns(path: str, separator: str) -> str:
    lines = [line.split(" ") for line in read(path).split("\n") if not line.startswith("-DOCSTART-")]
    return "\n".join(f"{line[0]}{separator}{line[-1]}" if len(line) == 4 else "" for line in lines)


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    folder = tmp_path / "originals"

    def write(name: str, text: str, encoding: str = "utf-8") -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding=encoding, newline="")

    write("wnut17train.conll", columns("ner/wnut17.train.txt", "\t").lstrip("\n").replace("\n\n", "\n\t\n", 2394))
    write("emerging.dev.conll", columns("ner/wnut17.dev.txt", "\t").lstrip("\n"))
    parts = [columns(f"ner/wikigold.{name}.txt", " ") for name in ("train", "dev")]
    write("wikigold.conll.txt", "\n".join([*parts, "-DOCSTART- O\n\nHeld O\nback O\n\n"]).replace("\n\n", "\n\n\n", 9))
    for domain in ("literature", "politics"):
        for name in ("train", "dev"):
            write(f"ner_data/{domain}/{name}.txt", columns(f"ner/crossner_{domain}.{name}.txt", "\t"))
    write("snli_1.0/snli_1.0_dev.jsonl", "".join(snli()))
    write("SQuAD/dev-v1.1.json", json.dumps(squad_dev()))
    for title, page in squad_pages():
        write(f"explore/1.0/train/{title}.html", page)
    write("NLI/all_combined/train.tsv", revised(tmp_path))
    write("train_5500.label", trec(), "latin-1")
    for label, text in polarity().items():
        write(f"rt-polarity.{label}", text, "latin-1")
    write("ChnSentiCorp_htl_all.csv", hotel(tmp_path))
    relations = read("re/semeval2010_task8.train.txt.gz") + read("re/semeval2010_task8.dev.txt.gz")
    write("TRAIN_FILE.TXT", relations.replace("\n", "\r\n"))
    pairs: dict[str, list[Row]] = {}
    for row in rows("blimp/blimp.dev.jsonl.gz"):
        pairs.setdefault(row["UID"], []).append(row | {"field": "syntax"})
    for uid, paradigm in pairs.items():
        write(f"blimp/data/{uid}.jsonl", "".join(json.dumps(row) + "\n" for row in paradigm))
    for source in SOURCES:
        for recipe in source.recipes:
            if recipe.make is copy and not recipe.stand_in:
                write(recipe.originals[0], read(recipe.path))
    return folder


def snli() -> Iterator[str]:
    """The official file, where the sentences' words are not set apart, with a pair that has no label."""
    from nltk.tokenize.treebank import TreebankWordDetokenizer

    yield json.dumps({"gold_label": "-", "sentence1": "Held.", "sentence2": "Back."}) + "\n"
    detokenize = TreebankWordDetokenizer().detokenize
    for row in unshuffled([*rows("snli/snli_part_dev.jsonl", "snli/snli_part_train.jsonl")], 0, {}):
        texts = {name: detokenize(row[name].split(" ")) for name in ("sentence1", "sentence2")}
        yield json.dumps(row | texts | {"pairID": "1.jpg#0r1n"}) + "\n"


def squad_dev() -> dict[str, Any]:
    articles = json.loads(read("squad/dev-v1.1.first24.json"))["data"]
    held_back = [{"title": f"Z{number}", "paragraphs": []} for number in range(24)]
    return {"data": [*held_back, *reversed(articles)], "version": "1.1"}


def squad_pages() -> Iterator[tuple[str, str]]:
    for number, article in enumerate(json.loads(read("squad/train-v1.1.json.gz"))["data"]):
        parts = [f'<title>SQuAD</title><h1 id="title">{html.escape(article["title"], quote=False)}</h1>']
        for paragraph in article["paragraphs"]:
            parts.append(f"<pre>{html.escape(paragraph['context'])}</pre>")
            for question in paragraph["qas"]:
                parts.append(f'<p> <strong class="question">{html.escape(question["question"])}</strong></p>')
                parts.append(
                    f'<i>Answer 1: </i><span class="answer">{html.escape(question["answers"][0]["text"])} </span>'
                )
        # Named so that the order of the files is not the order of the titles.
        yield f"{999 - number}", "".join(parts)


def revised(folder: Path) -> str:
    with open(folder / "train.tsv", "w+", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("sentence1", "sentence2", "gold_label"), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows("snli/snli_revised_train.jsonl"))
        file.seek(0)
        return file.read()


def cut(name: str, held_back: int) -> list[Row | None]:
    """Development set, test set and training set: the shuffled texts."""
    dev, train = (rows(f"textcls/{name}.{part}.jsonl.gz") for part in ("dev", "train"))
    return [*dev, *[None] * held_back, *train]


def trec() -> str:
    return "".join(f"{row['fine_label']} {row['text']}\n" for row in unshuffled(cut("trec", 0), 1, {}))


def polarity() -> dict[str, str]:
    """The two files in Latin 1, without the slip."""
    texts = list(unshuffled(cut("polarity", 1066), 2, {"text": "held back", "label": ""}))
    halves = {"pos": texts[:5331], "neg": texts[5331:]}
    assert {row["label"] for row in halves["pos"]} == {"positive", ""}
    assert {row["label"] for row in halves["neg"]} == {"negative", ""}
    return {
        name: "".join(row["text"].encode("latin-1").decode() + " \n" for row in half) for name, half in halves.items()
    }


def hotel(folder: Path) -> str:
    """The table, with a review that is empty, and another that comes twice."""
    with open(folder / "reviews.csv", "w+", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("label", "review"))
        names = {"positive": 1, "negative": 0, "": 0}
        order = unshuffled(cut("hotel_zh", 776), 3, {"text": "", "label": ""})
        for number, row in enumerate(order):
            # As many invented reviews as are held back.
            writer.writerow((names[row["label"]], row["text"] or f"第 {number} 个"))
        writer.writerow((0, ""))
        writer.writerow((0, row["text"]))
        file.seek(0)
        return file.read()


def test_the_rules_give_the_files_back(originals: Path, tmp_path: Path) -> None:
    report = make_open_data(SOURCES, tmp_path / "data", originals)
    assert not [one.text for one in report.outcomes if one.text != f"{one.path}: made, and as expected"]
    assert {recipe.path for recipes in report.missing.values() for recipe in recipes} == {
        "glove/glove.6B.50d.subset.txt.gz"
    }
    for path in (path for path in (tmp_path / "data").rglob("*") if path.is_file()):
        name = str(path.relative_to(tmp_path / "data"))
        data = path.read_bytes()
        assert (gzip.decompress(data) if path.suffix == ".gz" else data).decode() == read(name), name
