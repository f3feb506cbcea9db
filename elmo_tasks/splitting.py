"""Words and sentences of a text by spaCy's rules, which need no downloaded model; without AllenNLP."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer as SpacyTokenizer

_LONGEST = 500
"""
spaCy takes affixes off a word one at a time and looks at all of it again each time, so 10,000 brackets in a row took
10 s: its work grows with the square of what stands between two white spaces, which is therefore cut after so many
characters. Words of ordinary text, links among them, are shorter.
"""

_CUT = re.compile(rf"(?<!\S)(?:\S{{{_LONGEST}}})+(?=\S)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRAIGHT_QUOTES = ('"', "'", "``", "''")
_BLANK_LINE = re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)")


class SplittingError(ValueError):
    """spaCy is not here, or has no rules for a language."""


class Word(NamedTuple):
    """A word, and where it stands: `text[start:end] == word.text`."""

    text: str
    start: int
    end: int


@lru_cache
def word_rules(language: str) -> "SpacyTokenizer":
    """
    spaCy's tokenizer for a language, by the language's code; `"xx"` is for any.

    # Raises

    `SplittingError`
        If spaCy is not installed, has no rules for the language, or they need a package that is not installed.
    """
    try:
        import spacy
    except ImportError as error:
        raise SplittingError(f"To split text into words spaCy is needed: pip install spacy. ({error})") from error
    try:
        return spacy.blank(language).tokenizer
    except ImportError as error:
        raise SplittingError(f'spaCy cannot split text of the language "{language}": {error}') from error


def split_words(text: str, rules: "SpacyTokenizer") -> Iterator[Word]:
    """
    A text's words by spaCy's rules. White space is never a word. What has more than 500 characters without any white
    space is split in parts of 500, so that the time for a text grows with its length.

    # Parameters

    text : `str`
    rules : `SpacyTokenizer`
        See `word_rules`.
    """
    # spaCy cannot read lone surrogates (of undecodable input); their stand-in is one character too.
    readable = _SURROGATE.sub("\ufffd", text)
    for first, last in pairwise([0, *_cuts(text), len(text)]):
        for word in rules(readable[first:last]):
            if not word.is_space:
                start, end = first + word.idx, first + word.idx + len(word)
                yield Word(text[start:end], start, end)


def _cuts(text: str) -> Iterator[int]:
    """Where what has more than `_LONGEST` characters without white space is cut."""
    for long in _CUT.finditer(text):
        yield from range(long.start() + _LONGEST, long.end() + 1, _LONGEST)


def sentence_starts(words: Sequence[Word], text: str) -> list[int]:
    """
    The numbers of the words with which sentences begin, by spaCy's rule: one ends after a full stop, a question mark or
    another such sign of any script, and the punctuation behind it, but for a bracket or a quotation mark that opens the
    next one. A blank line ends one too.

    # Parameters

    words : `Sequence[Word]`
    text : `str`
        Where they stand in.

    # Raises

    `SplittingError`
        If spaCy is not installed.
    """
    if not words:
        return []
    vocabulary = word_rules("xx").vocab
    from spacy.pipeline import Sentencizer
    from spacy.tokens import Doc

    doc = Sentencizer()(Doc(vocabulary, words=[_SURROGATE.sub("\ufffd", word.text) for word in words]))
    starts = [0]
    for number in range(1, len(words)):
        if _BLANK_LINE.search(text, words[number - 1].end, words[number].start):
            starts.append(number)
        elif doc[number].is_sent_start:
            starts.append(_with_opening_signs(words, number, starts[-1] + 1))
    return starts


def _with_opening_signs(words: Sequence[Word], number: int, first: int) -> int:
    """Where a sentence begins that spaCy has begin at a word; not before another one."""
    while number > first and _opens(words, number - 1):
        number -= 1
    return number


def _opens(words: Sequence[Word], number: int) -> bool:
    """Whether a word that is neither the first nor the last is an opening bracket, quotation mark or Spanish sign."""
    before, word, after = words[number - 1 : number + 2]
    if word.text in _STRAIGHT_QUOTES:
        return before.end < word.start and word.end == after.start
    return word.text in ("¿", "¡") or (len(word.text) == 1 and unicodedata.category(word.text) in ("Ps", "Pi"))


def split_sentences(text: str, rules: "SpacyTokenizer") -> list[list[str]]:
    """
    A text's sentences, each as its words.

    # Parameters

    text : `str`
    rules : `SpacyTokenizer`
        See `word_rules`.

    # Returns

    `list[list[str]]`
        None where there is no word.
    """
    words = list(split_words(text, rules))
    ends = [*sentence_starts(words, text), len(words)]
    return [[word.text for word in words[start:end]] for start, end in pairwise(ends)]
