"""The tasks' data: what is read of a damaged file is what stands in it, or an error names the file."""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers import DatasetReader
from fuzzing import Chance, damaged, fuzz, strange_json, text_of, word_of, write
from nltk import Tree as NltkTree

from elmo_tasks.tasks.base.text import plain_word
from elmo_tasks.tasks.classification import ClassificationReader
from elmo_tasks.tasks.coreference import read_coreference
from elmo_tasks.tasks.ner import Conll2003Reader
from elmo_tasks.tasks.pos import ConlluReader
from elmo_tasks.tasks.relations import RelationReader
from elmo_tasks.tasks.snli import SnliReader
from elmo_tasks.tasks.squad import SquadReader
from elmo_tasks.tasks.srl import SrlReader
from elmo_tasks.tasks.sst import SstReader
from elmo_tasks.tasks.translation import TranslationReader

FIXTURES = Path(__file__).parents[2] / "fixtures"

COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def lines_of(content: bytes) -> list[str]:
    """The lines of a text in UTF-8; a carriage return alone ends one too."""
    return re.split("\r*\n|\r", content.decode("utf-8").removeprefix("\ufeff"))


def sentences_of(content: bytes) -> list[list[list[str]]]:
    """CoNLL's columns, read in another way than the product does."""
    rows = [re.findall("[^ \t]+", line) for line in lines_of(content)]
    sentences: list[list[list[str]]] = [[]]
    for columns in rows:
        if not columns or columns[0] == "-DOCSTART-":
            sentences.append([])
        else:
            sentences[-1].append(columns)
    return [sentence for sentence in sentences if sentence]


def columns_of(chance: Chance) -> bytes:
    """A small file of CoNLL's columns, with strange words in it."""
    if chance.random() < 0.3:
        return (FIXTURES / "ner" / "dev.txt").read_bytes()[: chance.randint(1, 2000)]
    separator, tags = chance.choice(" \t"), ["O", "B-PER", "I-PER", "I-LOC", "S-LOC", "E-PER", "U-ORG", "L-ORG", "M-A"]
    rows = [f"{word_of(chance)}{separator}{chance.choice(tags)}" for _ in range(chance.randint(0, 12))]
    return "\n".join(row if chance.random() > 0.2 else "" for row in rows).encode()


def test_conll(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"

    def check(chance: Chance) -> None:
        content = damaged(columns_of(chance), chance)
        write(path, content, chance)
        marks_spans = chance.random() < 0.5
        instances = list(Conll2003Reader(coding_scheme="BIOUL" if marks_spans else None).read(str(path)))
        expected = sentences_of(content)
        assert [instance["metadata"]["words"] for instance in instances] == [
            [columns[0] for columns in sentence] for sentence in expected
        ]
        tags = [instance["metadata"]["tags"] for instance in instances]
        if marks_spans:
            assert all(re.fullmatch("O|[BIUL]-.+", tag, re.DOTALL) for sentence in tags for tag in sentence)
        else:
            assert tags == [[columns[-1] for columns in sentence] for sentence in expected]

    fuzz(check, ConfigurationError, where=path.name)


def words_of(content: bytes) -> list[list[str]]:
    """CoNLL-U's words, read in another way than the product does."""
    blocks = re.split("\n[ \t]*(?=\n)", "\n" + "\n".join(lines_of(content)))
    sentences = [re.findall("^[0-9]+\t([^\t\n]*)", block, re.MULTILINE) for block in blocks]
    return [sentence for sentence in sentences if sentence]


def test_conllu(tmp_path: Path) -> None:
    path = tmp_path / "data.conllu"
    whole = (FIXTURES / "pos" / "train.conllu").read_bytes().split(b"\n\n")

    def check(chance: Chance) -> None:
        content = damaged(b"\n\n".join(chance.sample(whole[:-1], chance.randint(1, 4))), chance)
        write(path, content, chance)
        instances = list(ConlluReader().read(str(path)))
        assert [instance["metadata"]["words"] for instance in instances] == words_of(content)

    fuzz(check, ConfigurationError, where=path.name)


def test_conll_2012(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"

    def check(chance: Chance) -> None:
        words = [word_of(chance) for _ in range(4)]
        cells = ["(ARG0*) *", "(V*) (ARG1(ARG2*", "* *))", "(C-ARG0*) (V*)"]
        rows = [f"d 0 0 {word} - - - - - - * {cell} (3|4)" for word, cell in zip(words, cells, strict=True)]
        content = chance.choice(["#begin document (d); part 000\n{}\n\n#end document\n", "{}\n"]).format(
            "\n".join(rows)
        )
        damage = damaged(content.encode(), chance)
        write(path, damage, chance)
        instances = list(SrlReader().read(str(path)))
        there = {word for line in lines_of(damage) for word in re.findall("[^ \t]+", line)}
        for instance in instances:
            metadata: Any = instance["metadata"]
            assert {plain_word(word) for word in there} >= set(metadata["words"])
            for predicate, tags in zip(metadata["predicates"], metadata["tags"], strict=True):
                assert len(tags) == len(metadata["words"])
                assert 0 <= predicate < len(tags)
                assert all(re.fullmatch("O|[BI]-.+", tag, re.DOTALL) for tag in tags)

    fuzz(check, ConfigurationError, where=path.name)


def test_coreference(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    whole = (FIXTURES / "coreference" / "dev.gold_conll").read_text(encoding="utf-8")

    def check(chance: Chance) -> None:
        damage = damaged(whole[: chance.randint(1, 2000)].replace("She", word_of(chance)).encode(), chance)
        write(path, damage, chance)
        documents = list(read_coreference(str(path)))
        there = {plain_word(word) for line in lines_of(damage) for word in re.findall("[^ \t]+", line)}
        for document in documents:
            words = [word for sentence in document.sentences for word in sentence]
            # `/.` is read as a full stop.
            assert there | {".", "?"} >= set(words)
            mentions = [mention for cluster in document.clusters for mention in cluster]
            assert len(set(mentions)) == len(mentions)
            assert all(0 <= start < end <= len(words) for start, end in mentions)

    fuzz(check, ConfigurationError, where=path.name)


def pairs_of(content: bytes) -> list[tuple[Any, Any, Any]]:
    """SNLI's texts and labels of the lines that have one."""
    records = [json.loads(line) for line in lines_of(content) if line.strip()]
    return [(one["sentence1"], one["sentence2"], one["gold_label"]) for one in records if one["gold_label"] != "-"]


def test_snli(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    records = [json.loads(line) for line in lines_of((FIXTURES / "snli" / "dev.jsonl").read_bytes()) if line]

    def check(chance: Chance) -> None:
        lines = [json.dumps(record) for record in chance.sample(records, 3)]
        if chance.random() < 0.7:
            lines[chance.randrange(3)] = strange_json(chance.choice(records), chance)
            content = "\n".join(lines).encode()
        else:
            content = damaged("\n".join(lines).encode(), chance)
        write(path, content, chance)
        skip = chance.random() < 0.4
        instances = list(SnliReader(skip_bad_lines=skip).read(str(path)))
        if not skip:
            # The tokenizer leaves out nothing but white space.
            found = [
                (
                    *("".join(one["metadata"][f"{text}_tokens"]) for text in ("premise", "hypothesis")),
                    one["label"].label,
                )
                for one in instances
            ]
            assert found == [(squeezed(one), squeezed(other), label) for one, other, label in pairs_of(content)]

    fuzz(check, ConfigurationError, where=path.name)


def labelled_of(kind: str, chance: Chance) -> bytes:
    """A small file of texts and their labels, some of them strange."""
    given = [{"text": text_of(chance), "label": chance.choice(["a", "b", word_of(chance)])} for _ in range(3)]
    if kind == "jsonl":
        lines = [json.dumps(one, ensure_ascii=chance.random() < 0.5) for one in given]
        if chance.random() < 0.6:
            lines[chance.randrange(3)] = strange_json(chance.choice(given), chance)
        return "\n".join(lines).encode(errors="replace")
    file = io.StringIO()
    rows = [["text", "label"], *([one["text"], one["label"]] for one in given)]
    if kind == "csv":
        csv.writer(file, lineterminator="\n").writerows(rows)
    else:
        file.write("\n".join("\t".join(row) for row in rows))
    return file.getvalue().encode()


def texts_of(content: bytes, kind: str) -> list[tuple[Any, Any]]:
    """The texts and labels, read in another way than the product does."""
    lines = lines_of(content)
    if kind == "jsonl":
        rows = [json.loads(line.removeprefix("\ufeff")) for line in lines if line.strip()]
    elif kind == "csv":
        rows = list(csv.DictReader(io.StringIO("\n".join(lines)), strict=True))
    else:
        columns, *others = [line.split("\t") for line in lines if line.strip()]
        rows = [dict(zip(columns, row, strict=True)) for row in others]
    return [(row["text"], row["label"]) for row in rows if kind != "csv" or "".join(row.values()).strip()]


def as_label(value: Any) -> str:
    whole = isinstance(value, float) and value == int(value)
    return value if isinstance(value, str) else json.dumps(int(value) if whole else value)


def test_classification(tmp_path: Path) -> None:
    def check(chance: Chance) -> None:
        kind = chance.choice(["jsonl", "tsv", "csv"])
        path = tmp_path / f"texts.{kind}"
        content = labelled_of(kind, chance)
        content = content if chance.random() < 0.4 else damaged(content, chance)
        write(path, content, chance)
        skip = chance.random() < 0.3
        long = chance.choice([{}, {"max_tokens": 2, "long_texts": "window"}])
        instances = list(ClassificationReader(skip_bad_lines=skip, **long).read(str(path)))
        found = [("".join(one["metadata"]["tokens"]), one["label"].label) for one in instances]
        assert all("\r" not in label and label.encode() for _, label in found)
        if not skip:
            expected = [
                ("".join(text) if isinstance(text, list) else squeezed(text), label)
                for text, label in texts_of(content, kind)
            ]
            assert found == [(text, as_label(label)) for text, label in expected]

    fuzz(check, ConfigurationError, where="texts.")


def test_sst(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    lines = (FIXTURES / "sst" / "dev.txt").read_bytes().splitlines()

    def check(chance: Chance) -> None:
        strange = f"(3 (1 {word_of(chance)}) (2 {text_of(chance)}))".encode(errors="replace")
        content = b"\n".join([*chance.sample(lines, 3), strange])
        content = content if chance.random() < 0.5 else damaged(content, chance)
        write(path, content, chance)
        skip = chance.random() < 0.3
        instances = list(SstReader(phrases="all", skip_bad_lines=skip).read(str(path)))
        if not skip:
            trees = [NltkTree.fromstring(line) for line in lines_of(content) if line.strip()]
            found = [(one["metadata"]["tokens"], one["label"].label) for one in instances]
            nodes = [node for tree in trees for node in tree.subtrees()]
            assert found == [([plain_word(word) for word in node.leaves()], node.label()) for node in nodes]

    fuzz(check, ConfigurationError, where=path.name)


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_squad(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    whole = json.loads((FIXTURES / "squad" / "dev.json").read_text(encoding="utf-8"))

    def check(chance: Chance) -> None:
        text = strange_json(whole, chance) if chance.random() < 0.7 else json.dumps(whole)
        content = text.encode() if chance.random() < 0.6 else damaged(text.encode(), chance)
        write(path, content, chance)
        skip = chance.random() < 0.4
        instances = list(SquadReader(skip_bad_questions=skip).read(str(path)))
        articles = json.loads(content.removeprefix(b"\xef\xbb\xbf"))["data"] if not skip else []
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        asked = {question["id"]: (one["context"], question) for one in paragraphs for question in one["qas"]}
        for instance in instances:
            about, span = instance["metadata"], instance["answer_span"]
            if not skip:
                passage, question = asked[about["id"]]
                assert (about["passage"], about["question"]) == (passage, question["question"])
                assert about["answers"] == [answer["text"] for answer in question["answers"]]
            if span.span_start >= 0:
                start, stop = about["offsets"][span.span_start][0], about["offsets"][span.span_end][1]
                assert about["passage"][start:stop] in [answer.strip() for answer in about["answers"]]
        assert skip or len(instances) == len(asked)

    fuzz(check, ConfigurationError, where=path.name)


def test_translation(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    lines = (FIXTURES / "translation" / "dev.tsv").read_bytes().splitlines()

    def check(chance: Chance) -> None:
        strange = f"{text_of(chance)}\t{text_of(chance)}".encode()
        content = damaged(b"\n".join([*chance.sample(lines, 3), strange]), chance)
        write(path, content, chance)
        skip = chance.random() < 0.4
        instances = list(TranslationReader(skip_bad_lines=skip).read(str(path)))
        if not skip:
            found = [("".join(one["source_tokens"]), one["reference"]) for one in (i["metadata"] for i in instances)]
            pairs = [line.split("\t") for line in lines_of(content) if line.strip()]
            assert found == [(squeezed(source), target.strip()) for source, target in pairs]

    fuzz(check, ConfigurationError, where=path.name)


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed(ending: str, tmp_path: Path) -> None:
    """The formats have check sums: what is read is the undamaged text."""
    path = tmp_path / f"data{ending}"
    readers: list[tuple[DatasetReader, bytes]] = [
        (Conll2003Reader(), b"\n\n".join((FIXTURES / "ner" / "dev.txt").read_bytes().split(b"\n\n")[:9])),
        (SnliReader(), (FIXTURES / "snli" / "dev.jsonl").read_bytes()),
        (SquadReader(), (FIXTURES / "squad" / "dev.json").read_bytes()),
    ]
    expected = []
    for reader, content in readers:
        path.write_bytes(COMPRESS[ending](content))
        expected.append([str(instance) for instance in reader.read(str(path))])

    def check(chance: Chance) -> None:
        number = chance.randrange(len(readers))
        reader, content = readers[number]
        # Programs that use several processors write some compressed files behind each other.
        half = content.rindex(b"\n", 0, len(content) // 2) + 1
        parts = chance.choice([[content], [content[:half], content[half:]]])
        whole = b"".join(map(COMPRESS[ending], parts))
        compressed = damaged(whole, chance)
        write(path, compressed, chance)
        if compressed != whole * 2:
            assert [str(instance) for instance in reader.read(str(path))] == expected[number]

    fuzz(check, ConfigurationError, where=path.name)


def test_relations(tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    text, label = "The <e1>fire</e1> came from <e2>a leak</e2> 😬.", "Cause-Effect(e2,e1)"

    def check(chance: Chance) -> None:
        block = f'7\t"{text}"\n{label}\nComment: Other\n\n'
        content = chance.choice([block * 2, json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n"])
        damage = damaged(content.encode(), chance)
        write(path, damage, chance)
        instances = list(RelationReader().read(str(path)))
        there = "".join(re.sub("</?e[12]>", "", damage.decode("utf-8")).split())
        for instance in instances:
            metadata: Any = instance["metadata"]
            # JSON may have escaped what is strange.
            assert "".join(metadata["tokens"]) in there or "\\" in there
            assert all(0 <= metadata[name][0] < metadata[name][1] <= len(metadata["tokens"]) for name in ("e1", "e2"))

    fuzz(check, ConfigurationError, where=path.name)
