import gzip
import json
import logging
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.snli.pairs import LABELS
from elmo_tasks.tasks.snli.reader import SnliReader

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "snli"
GOOD = {"gold_label": "neutral", "sentence1": "It rains.", "sentence2": "Ada sings."}


def write(folder: Path, lines: list[Any] | bytes, name: str = "snli.jsonl") -> Path:
    path = folder / name
    if isinstance(lines, bytes):
        path.write_bytes(lines)
    else:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return path


def read(path: Path | str, **options: Any) -> list[tuple[list[str], list[str], str | None]]:
    return [content(instance) for instance in SnliReader(**options).read(path)]


def content(instance: Instance) -> tuple[list[str], list[str], str | None]:
    premise, hypothesis = ([token.text for token in instance[name]] for name in ("premise", "hypothesis"))
    label = instance["label"].label if "label" in instance.fields else None
    metadata = {"premise_tokens": premise, "hypothesis_tokens": hypothesis}
    assert instance["metadata"].metadata == metadata | ({"label": label} if label else {})
    return premise, hypothesis, label


def test_reads_binary_parses(corpus: str) -> None:
    pairs = read(corpus, tokens_from="binary_parse")
    assert [" | ".join([" ".join(premise), " ".join(hypothesis), label]) for premise, hypothesis, label in pairs] == [
        "A dog barks . | An animal makes noise . | entailment",
        "The tall ( sic ) cat | The cat is Oslo 's | neutral",
        "It rained | It was dry all day . | contradiction",
        '" Hello " said Ada . | Ada spoke . | entailment',
        "Ada left | Ada stayed here | contradiction",
    ]


def test_labels_are_what_the_data_has(tmp_path: Path) -> None:
    labels = ["entails", "neutral", "entailment", "x-y"]
    path = write(tmp_path, [{**GOOD, "gold_label": label} for label in labels])
    assert [label for *_, label in read(path)] == labels


def test_reads_raw_text_by_spacys_rules(tmp_path: Path) -> None:
    path = write(tmp_path, [{"gold_label": "entailment", "sentence1": "Ada's dog didn't bark.", "sentence2": " Wow! "}])
    assert read(path) == [(["Ada", "'s", "dog", "did", "n't", "bark", "."], ["Wow", "!"], "entailment")]


def test_reads_raw_text_with_another_tokenizer(tmp_path: Path) -> None:
    params = Params({"type": "elmo_snli", "tokenizer": "whitespace"})
    (instance,) = DatasetReader.from_params(params).read(write(tmp_path, [GOOD]))
    assert content(instance) == (["It", "rains."], ["Ada", "sings."], "neutral")


def test_reads_token_lists(tmp_path: Path) -> None:
    tokens = {"sentence1_tokens": ["It", "rains."], "sentence2_tokens": ["New York", "-LRB-"]}
    path = write(tmp_path, [{"gold_label": "neutral", **tokens}])
    assert read(path, tokens_from="tokens") == [(["It", "rains."], ["New York", "-LRB-"], "neutral")]


def test_pairs_without_a_gold_label_are_skipped_and_counted(corpus: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert len(read(corpus)) == 5
    assert f"{corpus}: 5 pairs; skipped: 1 without a gold label." in caplog.text


def test_blank_lines_a_byte_order_mark_and_gzip(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\n  \n" + json.dumps(GOOD).encode()
    expected = [(["It", "rains", "."], ["Ada", "sings", "."], "neutral")] * 2
    assert read(write(tmp_path, data)) == expected
    assert read(write(tmp_path, gzip.compress(data), "snli.jsonl.gz")) == expected


token = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
tokens = st.lists(token, min_size=1, max_size=4)


@settings(max_examples=30)
@given(st.lists(st.tuples(tokens, tokens, st.sampled_from(LABELS)), min_size=1, max_size=4))
def test_reads_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[list[str], list[str], str]]
) -> None:
    records = [{"sentence1_tokens": p, "sentence2_tokens": h, "gold_label": label} for p, h, label in pairs]
    path = write(tmp_path_factory.mktemp("corpus"), records)
    assert read(path, tokens_from="tokens") == pairs


BAD: list[tuple[Any, dict[str, Any], str]] = [
    ('{"gold_label": "neutral", ', {}, "this is not JSON: .*column"),
    ("gold_label\tsentence1", {}, "this is not JSON"),
    ("[" * 2000 + "]" * 2000, {}, "this is JSON with more than 200 objects"),
    ('{"gold_label": ' + "9" * 5000 + "}", {}, "this is JSON with a number of thousands of digits"),
    (["neutral", "a", "b"], {}, "no JSON object"),
    ({"sentence1": "a", "sentence2": "b"}, {}, 'no field "gold_label", only sentence1, sentence2'),
    ({}, {}, "only an empty object"),
    ({"gold_label": "neutral", "sentence2": "b"}, {}, 'no field "sentence1"'),
    (GOOD, {"tokens_from": "binary_parse"}, 'no field "sentence1_binary_parse"'),
    (GOOD, {"tokens_from": "tokens"}, 'no field "sentence1_tokens"'),
    (
        {**GOOD, "gold_label": "entails"},
        {"labels": list(LABELS)},
        "\"gold_label\" is 'entails'; it must be one of entailment",
    ),
    ({**GOOD, "gold_label": None}, {}, '"gold_label" is None'),
    ({**GOOD, "gold_label": " "}, {}, "\"gold_label\" is ' '; it must be a string that is not empty"),
    ({**GOOD, "gold_label": ["neutral"]}, {}, '"gold_label" is '),
    ({**GOOD, "gold_label": "neutral\r"}, {}, '"gold_label" is .*; it must be'),
    ({**GOOD, "gold_label": "\ud83d"}, {}, '"gold_label" has half of a surrogate pair'),
    ({**GOOD, "sentence2": "It \ud83d"}, {}, '"sentence2" has half of a surrogate pair, which is no character'),
    ({**GOOD, "sentence2": ""}, {}, '"sentence2" is empty'),
    ({**GOOD, "sentence1": " \u00a0\t"}, {}, '"sentence1" is empty'),
    ({**GOOD, "sentence2": 3}, {}, '"sentence2" must be text or a list of tokens, not 3'),
    ({**GOOD, "sentence2": ["b"]}, {}, '"sentence2" must be a string, not .*tokens_from'),
    (
        {**GOOD, "sentence1_binary_parse": "( a )", "sentence2_binary_parse": "( )"},
        {"tokens_from": "binary_parse"},
        '"sentence2_binary_parse" is empty',
    ),
    (
        {**GOOD, "sentence1_tokens": ["a"], "sentence2_tokens": []},
        {"tokens_from": "tokens"},
        '"sentence2_tokens" is empty',
    ),
    (
        {**GOOD, "sentence1_tokens": ["a", ""], "sentence2_tokens": ["b"]},
        {"tokens_from": "tokens"},
        "token 1 of \"sentence1_tokens\".* not ''",
    ),
    ({**GOOD, "sentence1_tokens": "a b"}, {"tokens_from": "tokens"}, '"sentence1_tokens" must be a list of tokens'),
]


@pytest.mark.parametrize(("line", "options", "message"), BAD)
def test_a_bad_line_is_named(
    tmp_path: Path, line: Any, options: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = {
        **GOOD,
        "sentence1_tokens": ["a"],
        "sentence2_tokens": ["b"],
        "sentence1_binary_parse": "( a )",
        "sentence2_binary_parse": "( b )",
    }
    path = write(tmp_path, [good, "", line, good])
    with pytest.raises(ConfigurationError, match=rf"snli\.jsonl, line 3: .*{message}.*skip_bad_lines"):
        read(path, **options)

    with caplog.at_level(logging.INFO):
        assert len(read(path, skip_bad_lines=True, **options)) == 2
    assert "snli.jsonl: skipped 1 bad pairs: line 3: " in caplog.text
    assert "snli.jsonl: 2 pairs; skipped: 0 without a gold label." in caplog.text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_mark_and_any_line_ends(end: str, tmp_path: Path) -> None:
    lines = [{**GOOD, "sentence1": "a\u2028b \ufeff"}, {**GOOD, "sentence1": "第二"}]
    text = "".join(json.dumps(line, ensure_ascii=False) + end for line in lines)
    premises = [premise for premise, _, _ in read(write(tmp_path, ("\ufeff" + text).encode()))]
    assert premises == [["a", "b", "\ufeff"], ["第二"]]


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(GOOD).encode() + b'\n{"gold_label": "\xff"}\n')
    with pytest.raises(ConfigurationError, match=r"line 2: this is not UTF-8"):
        read(path)
    assert len(read(path, skip_bad_lines=True)) == 1


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no gzip at all"])
def test_a_damaged_gzip_file_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    data = gzip.compress("".join(json.dumps({**GOOD, "pairID": n}) + "\n" for n in range(1000)).encode())
    path = write(tmp_path, damage(data), "snli.jsonl.gz")
    with pytest.raises(ConfigurationError, match=r"snli\.jsonl\.gz, after line \d+: this is not gzip, or is damaged"):
        read(path, skip_bad_lines=True)


@pytest.mark.parametrize("lines", [[], [""], [{**GOOD, "gold_label": "-"}], [{**GOOD, "gold_label": "hidden"}]])
def test_a_file_without_any_pair_is_named(tmp_path: Path, lines: list[Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"snli\.jsonl: there is no pair (here|with a gold label)"):
        read(write(tmp_path, lines))


def test_labels_may_stand_elsewhere_or_not_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, [{**GOOD, "gold_label": "-", "mine": "x"}, {**GOOD, "gold_label": 3, "mine": "hidden"}])
    texts = (["It", "rains", "."], ["Ada", "sings", "."])
    assert read(path, label_field="mine") == [(*texts, "x")]
    assert read(path, label_field=None) == [(*texts, None)] * 2
    with pytest.raises(ConfigurationError, match='line 1: there is no field "yours"'):
        read(path, label_field="yours")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere.jsonl")


def test_options_are_checked() -> None:
    with pytest.raises(
        ConfigurationError, match='tokens_from is "parse"; it must be one of text, binary_parse, tokens'
    ):
        SnliReader(tokens_from="parse")
    with pytest.raises(ConfigurationError, match="skip_bad_lines is 'false'; it must be true or false"):
        SnliReader(skip_bad_lines="false")  # type: ignore[arg-type]
    for labels in ("entailment", [1, 2], {"yes": 1}):
        with pytest.raises(ConfigurationError, match=r"labels is .*; it must be a list of strings, or null"):
            SnliReader(labels=labels)  # type: ignore[arg-type]


def test_streams(tmp_path: Path) -> None:
    # The mistake in line 2 is not yet read when the first pair is given.
    pairs = SnliReader()._read(write(tmp_path, [GOOD, "mistake"]))
    assert [content(instance)[2] for instance in islice(pairs, 1)] == ["neutral"]
    with pytest.raises(ConfigurationError, match="line 2"):
        list(pairs)


def test_without_a_label() -> None:
    instance = SnliReader().text_to_instance("It rains.", ["So", "what?"])
    assert "label" not in instance
    assert instance["metadata"]["premise_tokens"] == ["It", "rains", "."]
    assert instance["metadata"]["hypothesis_tokens"] == ["So", "what?"]


def numbered(folder: Path, count: int) -> Path:
    """Pairs whose premises are numbers; each is followed by one without a gold label."""
    lines = []
    for number in range(count):
        lines += [{**GOOD, "sentence1": str(number)}, {**GOOD, "gold_label": "-"}]
    return write(folder, lines)


def test_processes_share_the_pairs(tmp_path: Path, check_sharing: Callable[..., None]) -> None:
    check_sharing(SnliReader(), lambda count: numbered(tmp_path, count), lambda instance: content(instance)[0][0])


def test_no_more_instances_than_asked_for(corpus: str) -> None:
    assert len(read(corpus, max_instances=3)) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize(("name", "pairs"), [("part_dev", 1000), ("part_train", 8842), ("revised_train", 8330)])
def test_reads_the_shared_corpora(name: str, pairs: int) -> None:
    assert sum(1 for _ in SnliReader()._pairs(SHARED / f"snli_{name}.jsonl")) == pairs
