"""Trees with a sentiment at each node, a tree a line, such as those of the Stanford Sentiment Treebank."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.reader import check_utf8, escaped_lines
from elmo_tasks.tasks.base.text import plain_word, short

SENTIMENTS = ("0", "1", "2", "3", "4")
"""From very negative, over neutral, to very positive."""

# A node with its words, the beginning of one that has nodes in it, or a node's end.
_PIECE = re.compile(r"\s*(?:\(\s*([0-4])(?:((?:\s+[^\s()]+)+)\s*\)|(?=\s*\())|\))")


class TreeError(ValueError):
    """What is given is no tree with a sentiment at each node."""


class Node(NamedTuple):
    """
    A phrase of a sentence.

    # Parameters

    sentiment : `str`
        One of `SENTIMENTS`.
    start, end : `int`
        Its first word, and the one behind its last.
    """

    sentiment: str
    start: int
    end: int


class Tree(NamedTuple):
    """
    A sentence.

    # Parameters

    words : `list[str]`
        As text has them: a bracket is `(` and not `-LRB-`.
    nodes : `list[Node]`
        Each before those in it; the first is the whole sentence.
    """

    words: list[str]
    nodes: list[Node]


def read_trees(file_path: PathOrStr) -> Iterator[Tree | TreeError]:
    """
    The trees of a file, plain or compressed, in its order. Blank lines are skipped.

    # Returns

    `Iterator[Tree | TreeError]`
        The exception, which names the line, stands where the bad line's tree would, so that the caller may raise it, or
        go on.

    # Raises

    `ConfigurationError`
        If the file is damaged.
    """
    for number, text in escaped_lines(file_path):
        if not text.strip():
            continue
        try:
            check_utf8(text, TreeError)
            yield parse_tree(text)
        except TreeError as error:
            yield TreeError(f"line {number}: {error}")


def parse_tree(text: str) -> Tree:
    """
    Reads a sentence's tree, in the form of the Stanford Sentiment Treebank (Socher et al. 2013).

    # Parameters

    text : `str`
        Such as `(3 (2 It) (4 (4 works) (2 .)))`. A node is, in brackets, a sentiment, and then a word or nodes, any
        number of them, as deep as you like. A word with white space in it is several: the treebank's fractions have a
        no-break space.

    # Returns

    `Tree`
        The sentence's words, and the spans of its nodes with their sentiments.

    # Raises

    `TreeError`
        Says what is wrong, and at which character, counted from 1.
    """
    text = text.rstrip()
    words: list[str] = []
    nodes: list[Node] = []
    # Numbers of the nodes that have begun and not ended.
    unfinished: list[int] = []
    place = 0
    while place < len(text):
        if nodes and not unfinished:
            raise TreeError(f"there is more behind the tree's end at character {place + 1}: {short(text[place:])}")
        piece = _PIECE.match(text, place)
        if piece is None or not (piece[1] or unfinished):
            raise TreeError(
                f"this is no tree at character {place + 1}: {short(text[place:])}; a node is (, a sentiment from 0 to "
                "4, its words or nodes, and )"
            )
        sentiment, own_words = piece.groups()
        if own_words is not None:
            start = len(words)
            words += map(plain_word, own_words.split())
            nodes.append(Node(sentiment, start, len(words)))
        elif sentiment is not None:
            unfinished.append(len(nodes))
            nodes.append(Node(sentiment, len(words), -1))
        else:
            number = unfinished.pop()
            nodes[number] = nodes[number]._replace(end=len(words))
        place = piece.end()
    if not nodes:
        raise TreeError("there is no tree here")
    if unfinished:
        raise TreeError(f"{len(unfinished)} of the tree's brackets are not closed")
    return Tree(words, nodes)
