import gzip
import random
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.coreference.corpus import Document, joined, read_coreference

PREFIX = "d 0 0 {} NN * - - - {} *"


def read(folder: Path, text: str) -> list[Document]:
    path = folder / "a.gold_conll"
    path.write_text(text, encoding="utf-8")
    return list(read_coreference(path))


def rows(*cells: str, words: str = "abcdefgh", speakers: str = "--------") -> str:
    return "".join(f"{PREFIX.format(*pair)} {cell}\n" for cell, *pair in zip(cells, words, speakers, strict=False))


def test_mentions_are_counted_in_the_document(corpus: str) -> None:
    one, two, three = read_coreference(corpus)
    assert one.name == "st/one 000"
    assert one.sentences[1] == ["She", "gave", "it", "her", "milk", "."]
    assert one.clusters == [[(0, 1), (5, 6), (8, 9)], [(2, 4), (7, 8), (11, 13)], [(8, 10), (14, 15)]]
    assert two.clusters == [[(0, 1), (4, 5)], [(2, 3), (6, 7)]]
    assert two.speakers == [["Ada"] * 4, ["Bo"] * 4]
    assert three == Document("st/three 000", [["Nobody", "came", "."]], [["-"] * 3], [])


def test_mentions_in_one_another_and_crossing(tmp_path: Path) -> None:
    (document,) = read(tmp_path, rows("(1|(2", "(1|(3", "1)|2)", "1)|3)", "(2|(3)", "2)"))
    # Of one chain the mention that begins later ends first.
    assert document.clusters == [[(0, 3), (4, 6)], [(0, 4), (1, 3)], [(1, 4), (4, 5)]]


def test_parts_are_documents_and_a_chain_is_one_parts(tmp_path: Path) -> None:
    parts = "".join(f"#begin document (x); part 00{n}\n{rows('(7)', '(7)')}\n#end document\n" for n in range(2))
    assert [(d.name, d.clusters) for d in read(tmp_path, parts)] == [
        ("x 000", [[(0, 1), (1, 2)]]),
        ("x 001", [[(0, 1), (1, 2)]]),
    ]


def test_chains_that_share_a_mention_are_one(tmp_path: Path) -> None:
    (document,) = read(tmp_path, rows("(1)", "(2)|(1)", "(3)", "(2)", "(3)"))
    assert document.clusters == [[(0, 1), (1, 2), (3, 4)], [(2, 3), (4, 5)]]


def test_joined_by_a_walk_over_shared_mentions() -> None:
    chance = random.Random(3)
    for _ in range(300):
        chains = [[(place, place + 1) for place in chance.choices(range(9), k=2)] for _ in range(4)]
        expected = {chain: {chain} for span in chains for chain in span}
        for _ in range(5):
            for chain in chains:
                together = set().union(*(expected[mention] for mention in chain))
                expected |= dict.fromkeys(together, together)
        assert joined(chains) == sorted(sorted(one) for one in {frozenset(group) for group in expected.values()})


def test_words_are_as_in_text(tmp_path: Path) -> None:
    text = "".join(
        f"{PREFIX.format(word, '-')} -\n" for word in ("-LRB-", "/.", "/", "-RSB-", "-", "İ", "👩‍👩‍👧", "\u200b")
    )
    assert read(tmp_path, text)[0].sentences == [["(", ".", "/", "]", "-", "İ", "👩‍👩‍👧", "\u200b"]]


def test_compressed_and_folders(tmp_path: Path, corpus: str) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.v4_gold_conll.gz").write_bytes(gzip.compress(Path(corpus).read_bytes()))
    assert list(read_coreference(tmp_path)) == list(read_coreference(corpus))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["(1", "-"], "line 1: a mention of chain 1 begins and never ends"),
        (["-", "1)"], "line 2: a mention of chain 1 ends that has not begun"),
        (["(x)", "-"], r'line 1: the last column has "\(x\)"'),
    ],
)
def test_bad_brackets_are_named(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"a\.gold_conll, {message}"):
        read(tmp_path, rows(*cells))


def test_a_mention_ends_in_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 1: a mention of chain 1 begins and never ends"):
        read(tmp_path, rows("(1") + "\n" + rows("1)"))
