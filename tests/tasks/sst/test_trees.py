"""Against NLTK's trees, and by hand."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nltk import Tree as NltkTree

from elmo_tasks.tasks.base.text import plain_word
from elmo_tasks.tasks.sst.trees import Node, TreeError, parse_tree, read_trees

FIXTURES = Path(__file__).parents[3] / "fixtures" / "sst"
SHARED = Path(__file__).parents[4] / "shared" / "data" / "sst5"

Phrases = list[tuple[str, list[str]]]


def phrases(text: str) -> Phrases:
    words, nodes = parse_tree(text)
    return [(node.sentiment, words[node.start : node.end]) for node in nodes]


def phrases_by_nltk(text: str) -> Phrases:
    return [(node.label(), list(map(plain_word, node.leaves()))) for node in NltkTree.fromstring(text).subtrees()]


def test_by_hand() -> None:
    tree = parse_tree("(3 (2 It) (4 (4 works) (2 .)))")
    assert tree.words == ["It", "works", "."]
    whole, it, rest, works, stop = tree.nodes
    assert whole == Node("3", 0, 3)
    assert (it, rest, works, stop) == (Node("2", 0, 1), Node("4", 1, 3), Node("4", 1, 2), Node("2", 2, 3))


def test_words_are_spelt_as_in_text() -> None:
    assert parse_tree("(2 (2 -LRB-) (2 and\\/or) (2 \\*) (2 ``) (2 -RRB-))").words == ["(", "and/or", "*", '"', ")"]


word = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"], exclude_characters="()"), min_size=1, max_size=4)
leaf = st.tuples(st.sampled_from("01234"), st.lists(word, min_size=1, max_size=2))
tree = st.recursive(
    leaf, lambda parts: st.tuples(st.sampled_from("01234"), st.lists(parts, min_size=1, max_size=3)), max_leaves=12
)
space = st.sampled_from([" ", "  ", "\t", "\u00a0"])


def written(node: Any, gap: str) -> str:
    sentiment, parts = node
    return f"({sentiment}{gap}{gap.join(part if isinstance(part, str) else written(part, gap) for part in parts)})"


@given(tree, space)
def test_any_tree_is_what_nltk_reads(node: Any, gap: str) -> None:
    text = written(node, gap)
    assert phrases(text) == phrases_by_nltk(text)


def may_be_read(text: str) -> bool:
    """Whether NLTK reads a tree whose nodes have a sentiment, and either words or nodes."""
    try:
        nodes = list(NltkTree.fromstring(text).subtrees())
    except (ValueError, IndexError):
        return False
    # NLTK takes what stands alone without a bracket for a tree.
    return text.lstrip().startswith("(") and all(
        node.label() in set("01234") and len(node) > 0 and len({isinstance(part, str) for part in node}) == 1
        for node in nodes
    )


@given(st.lists(st.sampled_from(["(", ")", "(2", "(4 ", " ", "a", "2", "5", "(3 b)"]), max_size=9).map("".join))
@example("(2 (3 b)) (3 b)")
@example("(2 (3 b)a)")
@example("(3(3 b)(3 b))")
def test_what_is_no_tree_is_said(text: str) -> None:
    if may_be_read(text):
        assert phrases(text) == phrases_by_nltk(text)
    else:
        with pytest.raises(TreeError):
            parse_tree(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It works .", r"this is no tree at character 1: 'It works \.'; a node is \("),
        ("(5 (2 It))", r"no tree at character 1: '\(5 "),
        ("(3 (2 It) (4))", r"no tree at character 10: ' \(4\)\)'"),
        ("(3 (2 It) works)", r"no tree at character 10: ' works\)'"),
        ("(3 (2 It)", "1 of the tree's brackets are not closed"),
        ("(3 (2 It)))", r"more behind the tree's end at character 11: '\)'"),
        ("(2 It) (2 works)", r"more behind the tree's end at character 7: ' \(2 works\)'"),
        (")", "no tree at character 1"),
        (" ", "there is no tree here"),
        ("(-1 It)", "no tree at character 1"),
        ("(22 It)", "no tree at character 1"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(TreeError, match=message):
        parse_tree(text)


def test_a_deep_tree_is_read() -> None:
    depth = 20_000
    words, nodes = parse_tree("(2 " * depth + "(2 It)" + ")" * depth)
    assert words == ["It"]
    assert len(nodes) == depth + 1


def test_a_long_line_that_is_no_tree_takes_no_time() -> None:
    with pytest.raises(TreeError):
        parse_tree("(2 " + "a " * 100_000)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file(tmp_path: Path, end: str) -> None:
    path = tmp_path / "trees.txt"
    path.write_bytes(f"\ufeff(3 (2 İyi) (4 👍🏽)){end}{end}(2 (2 a\u200bb) (2 שלום)){end}".encode())
    trees = [tree.words for tree in read_trees(path) if not isinstance(tree, TreeError)]
    assert trees == [["İyi", "👍🏽"], ["a\u200bb", "שלום"]]


def test_a_bad_line_stands_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("(2 a)\n\n(2\n(2 b)\n")
    first, bad, last = read_trees(path)
    assert not isinstance(first, TreeError)
    assert not isinstance(last, TreeError)
    assert str(bad).startswith("line 3: this is no tree at character 1")


def test_what_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_bytes(b"(2 a)\n(2 \xff)\n")
    first, bad = read_trees(path)
    assert not isinstance(first, TreeError)
    assert str(bad) == "line 2: this is not UTF-8; convert the file"


@pytest.mark.parametrize(
    "path",
    [
        *FIXTURES.glob("*.txt"),
        pytest.param(
            SHARED / "dev.txt", marks=pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
        ),
    ],
)
def test_files_are_what_nltk_reads(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 15
    for line in lines:
        assert phrases(line) == phrases_by_nltk(line)
