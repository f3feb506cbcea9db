"""
Spans as tags and tags as spans, in the schemes IOB1, BIO, BIOUL, BIOES and BMES.

BIOUL, BIOES and BMES differ in their letters only: the last token of a span is `L` or `E`, one between `I` or `M`, and
a span of one token is `U` or `S`. (What is outside of all spans is `O` in BMES as well.)

One way of reading serves all, and is conlleval's (Tjong Kim Sang and De Meulder 2003): a span begins at a `B`, `U` or
`S`, at any tag behind an `O`, `L`, `E`, `U` or `S`, and wherever the type changes. So nobody has to say which scheme a
file is in, and a tag that its scheme does not allow, such as an `I-PER` behind nothing in BIO, is read as conlleval
reads it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMES = ("IOB1", "BIO", "BIOUL", "BIOES", "BMES")
OUTSIDE = "O"

_INSIDE = {"BMES": "M"}
_LAST_AND_SINGLE = {"BIOUL": ("L", "U"), "BIOES": ("E", "S"), "BMES": ("E", "S")}
_IN_BIOUL = {"M": "I", "E": "L", "S": "U"}
_PREFIXES = ("B", "I", "L", "U", "E", "S", "M")
_BEGINNING = ("B", "U", "S")
_ENDED = (OUTSIDE, "L", "U", "E", "S")


class Span(NamedTuple):
    """A span of tokens: the first of them, and the one behind the last."""

    type: str
    start: int
    end: int


class TagError(ValueError):
    """A tag is not `O` and not one of `B I L U E S M`, a dash and a type."""


def split_tag(tag: str) -> tuple[str, str]:
    """`"B-PER"` to `("B", "PER")`, and `"O"` to `("O", "")`. Raises `TagError`."""
    prefix, _, span_type = tag.partition("-")
    if tag != OUTSIDE and not (prefix in _PREFIXES and span_type):
        raise TagError(
            f'the tag "{tag}" marks no span: expected "O", or one of B, I (L, U, E, S, M), a dash and a type, '
            'such as "B-PER"'
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
        begins = prefix in _BEGINNING or before in _ENDED or span_type != type_before
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
            tags[position] = f"{_INSIDE.get(scheme, 'I')}-{span.type}"
        # In IOB1 only a span that touches one of its own type needs a B.
        if scheme != "IOB1" or (before.end == span.start and before.type == span.type):
            tags[span.start] = f"B-{span.type}"
        if scheme in _LAST_AND_SINGLE:
            last, single = _LAST_AND_SINGLE[scheme]
            tags[span.end - 1] = f"{single if span.end - span.start == 1 else last}-{span.type}"
        before = span
    return tags


def convert(tags: Sequence[str], scheme: str) -> list[str]:
    """The same spans in another scheme, one of `SCHEMES`. Raises `TagError`."""
    return spans_to_tags(tags_to_spans(tags), len(tags), scheme)


def in_bioul(tag: str) -> str:
    """A tag of BIOES or BMES with BIOUL's letter in place of its own: `"S-PER"` to `"U-PER"`. Others stay."""
    return _IN_BIOUL.get(tag[:1], tag[:1]) + tag[1:]
