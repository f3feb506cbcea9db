"""
Spans as tags and tags as spans, in the schemes IOB1, BIO and BIOUL.

One way of reading serves all three, and is conlleval's (Tjong Kim Sang and De Meulder 2003): a span begins at a `B`
or a `U`, at any tag behind an `O`, an `L` or a `U`, and wherever the type changes. So nobody has to say which scheme
a file is in, and a tag that its scheme does not allow, such as an `I-PER` behind nothing in BIO, is read as conlleval
reads it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMES = ("IOB1", "BIO", "BIOUL")
OUTSIDE = "O"


class Span(NamedTuple):
    """A span of tokens: the first of them, and the one behind the last."""

    type: str
    start: int
    end: int


class TagError(ValueError):
    """A tag is not `O` and not one of `B I L U`, a dash and a type."""


def split_tag(tag: str) -> tuple[str, str]:
    """`"B-PER"` to `("B", "PER")`, and `"O"` to `("O", "")`. Raises `TagError`."""
    prefix, _, span_type = tag.partition("-")
    if tag != OUTSIDE and not (prefix in ("B", "I", "L", "U") and span_type):
        raise TagError(
            f'the tag "{tag}" marks no span: expected "O", or one of B, I (L, U), a dash and a type, such as "B-PER"'
        )
    return prefix, span_type


def tags_to_spans(tags: Iterable[str]) -> list[Span]:
    """
    The spans that a sentence's tags mark, in the order of the text.

    # Parameters

    tags : `Iterable[str]`
        In any of `SCHEMES`.

    # Raises

    `TagError`
    """
    spans: list[Span] = []
    before, type_before = OUTSIDE, ""
    for position, tag in enumerate(tags):
        prefix, span_type = split_tag(tag)
        begins = prefix in ("B", "U") or before in ("O", "L", "U") or span_type != type_before
        if prefix != OUTSIDE and begins:
            spans.append(Span(span_type, position, position + 1))
        elif prefix != OUTSIDE:
            spans[-1] = spans[-1]._replace(end=position + 1)
        before, type_before = prefix, span_type
    return spans


def spans_to_tags(spans: Iterable[Span], length: int, scheme: str) -> list[str]:
    """
    The tags of a sentence.

    # Parameters

    spans : `Iterable[Span]`
        In the order of the text, none touching another's tokens.
    length : `int`
        Tokens of the sentence.
    scheme : `str`
        One of `SCHEMES`.
    """
    tags = [OUTSIDE] * length
    before = Span("", -1, -1)
    for span in spans:
        for position in range(span.start, span.end):
            tags[position] = f"I-{span.type}"
        # In IOB1 only a span that touches one of its own type needs a B.
        if scheme != "IOB1" or (before.end == span.start and before.type == span.type):
            tags[span.start] = f"B-{span.type}"
        if scheme == "BIOUL":
            tags[span.end - 1] = f"U-{span.type}" if span.end - span.start == 1 else f"L-{span.type}"
        before = span
    return tags


def convert(tags: Sequence[str], scheme: str) -> list[str]:
    """The same spans in another scheme, one of `SCHEMES`. Raises `TagError`."""
    return spans_to_tags(tags_to_spans(tags), len(tags), scheme)
