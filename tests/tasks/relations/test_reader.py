import gzip
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from allennlp.data.tokenizers import LettersDigitsTokenizer, WhitespaceTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.relations.corpus import parse_record
from elmo_tasks.tasks.relations.reader import RelationReader

SHARED = Path(__file__).parents[4] / "shared" / "data" / "re"
ONE = '1\t"The <e1>fire</e1> came from <e2>lightning</e2>."\nCause-Effect(e2,e1)\nComment:\n'
TWO = '2\t"<e1>Ada</e1> \'s old <e2>garden shed</e2>"\nOther\nComment: Or Component-Whole(e1,e2)?\n'


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return path


def lines(*records: Any) -> str:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records)


def content(instance: Instance) -> tuple[str, str, str, str | None]:
    """Tokens, the two entities, and the label; the fields and the metadata must agree."""
    fields: Any = instance.fields
    metadata = fields["metadata"].metadata
    tokens = [token.text for token in fields["tokens"].tokens]
    assert metadata["tokens"] == tokens
    entities = []
    for entity in ("e1", "e2"):
        start, end = metadata[entity]
        assert (fields[entity].span_start, fields[entity].span_end) == (start, end - 1)
        entities.append(" ".join(tokens[start:end]))
    label = fields["label"].label if "label" in fields else None
    assert metadata.get("label") == label
    return (" ".join(tokens), *entities, label)


def read(path: Path, **options: Any) -> list[tuple[str, str, str, str | None]]:
    return [content(instance) for instance in RelationReader(**options).read(path)]


EXPECTED = [
    ("The fire came from lightning .", "fire", "lightning", "Cause-Effect(e2,e1)"),
    ("Ada 's old garden shed", "Ada", "garden shed", "Other"),
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_semevals_form_with_any_line_ends(tmp_path: Path, end: str, mark: str) -> None:
    text = mark + f"{ONE}\n{TWO}\n".replace("\n", end)
    assert read(write(tmp_path / "data.txt", text)) == EXPECTED


def test_lines_are_known_by_their_place(tmp_path: Path) -> None:
    """A comment may be a label, a text or nothing; blank lines may be missing at the end, or be more."""
    comments = ["Cause-Effect(e1,e2)", 'Comment: 7\t"<e1>x</e1> <e2>y</e2>"', "", "Other"]
    blocks = [ONE.replace("Comment:", f"Comment: {comment}") for comment in comments]
    path = write(tmp_path / "data.txt", "\n \n" + "\n\n".join(blocks).rstrip("\n"))
    assert read(path) == [EXPECTED[0]] * 4


def test_a_comment_may_be_missing(tmp_path: Path) -> None:
    assert read(write(tmp_path / "data.txt", ONE.replace("Comment:\n", ""))) == EXPECTED[:1]


def test_texts_without_labels_may_follow_one_another(tmp_path: Path) -> None:
    texts = ONE.split("\n")[0] + "\n" + TWO.split("\n")[0]
    unlabelled = [(*example[:3], None) for example in EXPECTED]
    assert read(write(tmp_path / "test.txt", texts + "\n\n" + texts + "\n")) == unlabelled * 2


def test_a_quotation_mark_in_a_text_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "data.txt", ONE.replace("came", '"came"'))
    assert read(path)[0][0] == 'The fire " came " from lightning .'


def test_marks_are_no_tokens_and_entities_have_tokens_of_their_own(tmp_path: Path) -> None:
    texts = ["The<e1>staff</e1>s in the<e2>shop</e2>", "<e2>Ink</e2><e1>pot</e1>", "a <e1> b c </e1>,<e2>d</e2>."]
    path = write(tmp_path / "data.jsonl", lines(*({"text": text} for text in texts)))
    assert read(path, tokenizer=WhitespaceTokenizer()) == [
        ("The staff s in the shop", "staff", "shop", None),
        ("Ink pot", "pot", "Ink", None),
        ("a b c , d .", "b c", "d", None),
    ]


def test_entities_may_be_in_each_other(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", lines({"text": "The <e1>University of <e2>Oslo</e2></e1> burned ."}))
    assert read(path) == [("The University of Oslo burned .", "University of Oslo", "Oslo", None)]


def test_json_lines(tmp_path: Path) -> None:
    text = "<e1> is a mark: Ada, Bo"
    records = [
        {"text": "<e1>Ada</e1>, <e2>Bo</e2>", "label": "x"},
        {"text": text, "e1": [16, 19], "e2": [21, 23], "label": "y"},
        {"tokens": ["Ada", "and her", "<e1>"], "e1": [2, 3], "e2": [0, 2], "id": 7},
    ]
    path = write(tmp_path / "data.jsonl.gz", gzip.compress(lines("", records[0], " ", *records[1:]).encode()))
    assert read(path) == [
        ("Ada , Bo", "Ada", "Bo", "x"),
        ("< e1 > is a mark : Ada , Bo", "Ada", "Bo", "y"),
        ("Ada and her <e1>", "<e1>", "Ada and her", None),
    ]


def test_how_many_have_no_label_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "<e1>Ada</e1>, <e2>Bo</e2>"
    path = write(tmp_path / "data.jsonl", lines("", {"text": text}, {"text": text, "label": "x"}, {"text": text}))
    read(path)
    assert "data.jsonl: 2 of 3 examples have no label: they can be predicted, but neither" in caplog.text
    caplog.clear()
    read(write(path, lines("", {"text": text, "label": "x"})))
    assert not caplog.messages


word = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=6)


@settings(max_examples=50)
@given(st.lists(word, min_size=2, max_size=8), st.data())
def test_offsets_and_marks_say_the_same(words: list[str], data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.integers(0, len(words) - 1), min_size=2, max_size=2, unique=True))
    marked, spans, text = list(words), {}, " ".join(words)
    for entity, place in (("e1", one), ("e2", other)):
        marked[place] = f"<{entity}>{words[place]}</{entity}>"
        start = len(" ".join([*words[:place], ""]))
        spans[entity] = (start, start + len(words[place]))
    assert parse_record({"text": " ".join(marked)}) == parse_record(
        {"text": text, **{entity: list(span) for entity, span in spans.items()}}
    )
    reader = RelationReader(tokenizer=WhitespaceTokenizer())
    instance = reader.text_to_instance(text, spans["e1"], spans["e2"])
    assert content(instance) == (text, words[one], words[other], None)


STRANGE = [
    "👩‍👩‍👧",
    "שלום",
    "a\u200bb",
    "İstanbul",
    "我喜欢",
    "c\u2028d",
    "x" * 400 + "é" * 50,
    "\ufeff",
    "\u0301",
    "<e3>",
]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_text(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "data.txt", f'1\t"{text} <e1>{text}</e1>{text}<e2>{text}</e2> {text}"\nOther\n')
    ((tokens, e1, e2, _),) = read(path, tokenizer=WhitespaceTokenizer())
    whole = " ".join(text.split())
    assert (tokens, e1, e2) == (" ".join([whole] * 5), whole, whole)
    assert len(read(path)) == 1


BAD_BLOCKS = [
    ("The <e1>fire</e1> came from <e2>it</e2>.\nOther\n", "an example should begin here"),
    ("3\tThe <e1>fire</e1> came from <e2>it</e2>.\nOther\n", "its text in double quotes"),
    ("Other\nComment:\n", "an example should begin here"),
    (ONE.replace("Cause-Effect(e2,e1)\n", ""), "there is no label between the text and its comment"),
    (ONE + TWO, "here are 6 lines without one"),
    (ONE.replace("Comment:", "A comment"), 'a line that begins with "Comment:"'),
    (ONE.replace("<e1>", ""), "the text must have <e1>one</e1> and <e2>other</e2> entity, and has </e1> <e2> </e2>"),
    (ONE.replace("e2", "e3"), "and has <e1> </e1>"),
    (ONE.replace("fire</e1>", "fire</e1></e1>"), "and has <e1> </e1> </e1>"),
    (ONE.replace("<e1>fire</e1>", "fire").replace("<e2>lightning</e2>", "it"), "and has no mark"),
    (ONE.replace("<e1>fire</e1>", "</e1>fire<e1>"), r'"e1" is \(8, 4\)'),
    (ONE.replace("fire", ""), r'"e1" is \(4, 4\)'),
    (ONE.replace("fire", " \u00a0"), '"e1" has nothing but white space'),
]


@pytest.mark.parametrize(("block", "message"), BAD_BLOCKS)
def test_a_bad_example_is_named(tmp_path: Path, block: str, message: str, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "data.txt", f"{ONE}\n{block}\n{TWO}\n")
    with pytest.raises(ConfigurationError, match=rf"data\.txt, line 5: .*{message}.*skip_bad_lines"):
        read(path)
    assert read(path, skip_bad_lines=True) == EXPECTED
    assert "data.txt: skipped 1 bad examples: line 5: " in caplog.text


GOOD = {"text": "<e1>a</e1> <e2>b</e2>", "label": "x"}
PLAIN = {"text": "a b c", "e1": [0, 1], "e2": [2, 3]}
BAD_RECORDS: list[tuple[Any, str]] = [
    ('{"text": ', "this is not JSON"),
    ([1], "this is no JSON object"),
    ({"e1": [0, 1], "e2": [1, 2]}, 'either "text" or "tokens"'),
    ({**PLAIN, "tokens": ["a", "b"]}, 'either "text" or "tokens"'),
    ({**PLAIN, "text": ["a", "b"]}, '"text" must be a string, not'),
    ({**PLAIN, "text": " "}, '"text" is empty: there is nothing to relate'),
    ({"tokens": "a b", "e1": [0, 1], "e2": [1, 2]}, '"tokens" must be a list, not'),
    ({"tokens": ["a", ""], "e1": [0, 1], "e2": [1, 2]}, 'token 1 of "tokens"'),
    ({"tokens": ["a", "b"]}, r'"e1" is None; it must be its first token and the one behind its last, from 0 to 2'),
    ({"text": "a b c", "e1": [0, 1]}, '"e2" is None; it must be its first character'),
    ({**PLAIN, "e2": [2, 6]}, r'"e2" is \[2, 6\]; .* from 0 to 5'),
    ({**PLAIN, "e2": [-1, 1]}, r'"e2" is \[-1, 1\]'),
    ({**PLAIN, "e1": [1, 1]}, r'"e1" is \[1, 1\]'),
    ({**PLAIN, "e1": [1, 2]}, '"e1" has nothing but white space'),
    ({**PLAIN, "e1": [0, True]}, r'"e1" is \[0, True\]'),
    ({**PLAIN, "e1": [0, 1.0]}, r'"e1" is \[0, 1\.0\]'),
    ({**PLAIN, "e1": [0]}, r'"e1" is \[0\]'),
    ({**GOOD, "label": ""}, "\"label\" is ''"),
    ({**GOOD, "label": 3}, '"label" is 3'),
    ({**GOOD, "text": "a b"}, "the text must have <e1>one</e1>"),
]


@pytest.mark.parametrize(("line", "message"), BAD_RECORDS)
def test_a_bad_line_is_named(tmp_path: Path, line: Any, message: str, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "data.jsonl", lines(GOOD, "", line, GOOD))
    with pytest.raises(ConfigurationError, match=rf"data\.jsonl, line 3: .*{message}.*skip_bad_lines"):
        read(path)
    assert len(read(path, skip_bad_lines=True)) == 2
    assert "data.jsonl: skipped 1 bad examples: line 3: " in caplog.text


def test_labels_may_be_said(tmp_path: Path) -> None:
    path = write(tmp_path / "data.txt", f"{TWO}\n{ONE}")
    with pytest.raises(ConfigurationError, match=r"line 5: the label is 'Cause-Effect\(e2,e1\)'; .* one of Other, x"):
        read(path, labels=["Other", "x"])
    assert read(path, labels=["Other", "Cause-Effect(e2,e1)"]) == EXPECTED[::-1]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"data\.txt: there is no example here"):
        read(write(tmp_path / "data.txt", text))


def test_damage_is_named(tmp_path: Path) -> None:
    for bad in (b"Cause", b"fire", b"Comment"):
        path = write(tmp_path / "data.txt", ONE.encode().replace(bad, b"\xff") + f"\n{TWO}".encode())
        with pytest.raises(ConfigurationError, match=r"data\.txt, line 1: this is not UTF-8"):
            read(path)
        assert read(path, skip_bad_lines=True) == EXPECTED[1:]
    path = write(tmp_path / "data.jsonl", lines(GOOD, GOOD).encode() + b'{"text": "\xff"}\n')
    assert len(read(path, skip_bad_lines=True)) == 2
    whole = gzip.compress(ONE.encode())
    with pytest.raises(ConfigurationError, match=r"data\.txt\.gz.*not gzip, or is damaged"):
        read(write(tmp_path / "data.txt.gz", whole[:-9]))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere.txt")


def test_a_tokenizer_that_finds_nothing_in_an_entity_is_told() -> None:
    reader = RelationReader(tokenizer=LettersDigitsTokenizer())
    assert content(reader.text_to_instance("a & b", (2, 3), (4, 5)))[1] == "&"
    reader._tokenizer.tokenize = lambda text: []  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="finds no token in e1 of: a & b"):
        reader.text_to_instance("a & b", (2, 3), (4, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"skip_bad_lines": 1}, "skip_bad_lines is 1"), ({"labels": "Other"}, "labels is 'Other'; it must be a list")],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        RelationReader(**options)


def test_a_tokenizer_from_a_config(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", lines({"text": "我<e1>喜欢</e1>吃<e2>苹果</e2>"}))
    params = Params({"type": "elmo_relations", "tokenizer": "elmo_chinese_characters"})
    (instance,) = DatasetReader.from_params(params).read(path)
    assert content(instance) == ("我 喜 欢 吃 苹 果", "喜 欢", "苹 果", None)


def test_streams(tmp_path: Path) -> None:
    examples = RelationReader()._read(write(tmp_path / "data.jsonl", lines(GOOD, "mistake")))
    assert [content(instance) for instance in islice(examples, 1)] == [("a b", "a", "b", "x")]
    with pytest.raises(ConfigurationError, match="line 2"):
        list(examples)


def numbered(folder: Path, count: int) -> Path:
    texts = ({"text": f"<e1>{number}</e1> <e2>b</e2>"} for number in range(count))
    return write(folder / "data.jsonl", lines(*texts))


def test_processes_share_the_examples(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(RelationReader(), lambda count: numbered(tmp_path, count), lambda instance: content(instance)[1])


def test_no_more_instances_than_asked_for(corpus: str) -> None:
    assert len(read(Path(corpus), max_instances=3)) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
def test_reads_semeval() -> None:
    examples = list(RelationReader()._examples(SHARED / "semeval2010_task8.dev.txt.gz"))
    assert len(examples) == 800
    assert all(example.label and "Comment" not in example.label for example in examples)
