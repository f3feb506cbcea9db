"""SNLI's files, and what a line of them says."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.tasks.base.reader import HALF_OF_A_PAIR, is_label, is_unicode, numbered_lines

LABELS = ("entailment", "neutral", "contradiction")
"""SNLI's and MultiNLI's. Other data has others, such as SciTail and HANS, which have two."""

FIELDS = {
    "text": ("sentence1", "sentence2"),
    "binary_parse": ("sentence1_binary_parse", "sentence2_binary_parse"),
    "tokens": ("sentence1_tokens", "sentence2_tokens"),
}
"""Where the premise and the hypothesis stand, for each of the forms in which they can be read."""

Text = str | list[str]
"""Raw text, or its tokens."""

NO_LABEL = "-"
"""How the files write that the annotators did not agree on a label."""

# The Penn Treebank's spelling of characters that mean something in a parse.
_ESCAPED = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "``": '"',
    "''": '"',
}


class PairError(ValueError):
    """What is given is no pair of a premise and a hypothesis that both say something."""


class Pair(NamedTuple):
    """
    A premise, a hypothesis and what holds between them.

    # Parameters

    premise, hypothesis : `str` or `list[str]`
        Raw text, or tokens.
    label : `str`, optional
        None where the annotators did not agree on one, which the files write as "-".
    """

    premise: Text
    hypothesis: Text
    label: str | None


def read_pairs(
    file_path: PathOrStr, tokens_from: str, labels: Collection[str] | None = None
) -> Iterator[Pair | PairError]:
    """
    The pairs of a file, plain or compressed, in its order, those without a label too. Blank lines are skipped.

    # Parameters

    file_path : `PathOrStr`
    tokens_from : `str`
        One of `FIELDS`.
    labels : `Collection[str]`, optional
        Those that there may be, "-" aside. None: any.

    # Returns

    `Iterator[Pair | PairError]`
        The exception, which names the line, stands where the bad line's pair would, so that the caller may raise it, or
        go on.

    # Raises

    `ConfigurationError`
        If the file is damaged.
    """
    for number, line in numbered_lines(file_path):
        if not line.strip():
            continue
        try:
            yield parse_line(line, tokens_from, labels)
        except PairError as error:
            yield PairError(f"line {number}: {error}")


def parse_line(line: bytes | str, tokens_from: str, labels: Collection[str] | None = None) -> Pair:
    """
    # Parameters

    line : `bytes` or `str`
        A JSON object; bytes are UTF-8.
    tokens_from : `str`
        One of `FIELDS`.
    labels : `Collection[str]`, optional
        As for `read_pairs`.

    # Raises

    `PairError`
        Says what is wrong with the line. The texts of a pair without a label are not looked at.
    """
    record = _json(line)
    label = _field(record, "gold_label")
    if label == NO_LABEL:
        return Pair("", "", None)
    if not isinstance(label, str) or not is_label(label):
        raise PairError(
            f'"gold_label" is {_short(label)}; it must be a string that is not empty, without carriage returns, or "-" '
            "for none"
        )
    _check_unicode("gold_label", label)
    if labels is not None and label not in labels:
        raise PairError(
            f'"gold_label" is {_short(label)}; it must be one of {", ".join(labels)}, or "-" for none '
            "(labels: null takes those that the data has)"
        )
    premise, hypothesis = (_text(record, name, tokens_from) for name in FIELDS[tokens_from])
    for name, text in zip(FIELDS[tokens_from], (premise, hypothesis), strict=True):
        _check_unicode(name, text)
    return Pair(premise, hypothesis, label)


def check_text(text: Any, name: str) -> Text:
    """
    The text itself, if it is raw text or a list of tokens, and says something.

    # Raises

    `PairError`
        Otherwise; it calls the text by `name`.
    """
    if isinstance(text, list):
        for number, token in enumerate(text):
            if not isinstance(token, str) or not token:
                raise PairError(
                    f'token {number} of "{name}" (counted from 0) must be a non-empty string, not {_short(token)}'
                )
    elif not isinstance(text, str):
        raise PairError(f'"{name}" must be text or a list of tokens, not {_short(text)}')
    if not (text.strip() if isinstance(text, str) else text):
        raise PairError(f'"{name}" is empty: there is nothing to compare')
    return text


def _json(line: bytes | str) -> dict[str, Any]:
    try:
        record = parse_json(line)
    except JSONError as error:
        raise PairError(f"this is {error}") from None
    if not isinstance(record, dict):
        raise PairError(f"this is no JSON object: {_short(record)}")
    return record


def _field(record: dict[str, Any], name: str) -> Any:
    if name not in record:
        raise PairError(f'there is no field "{name}", only {", ".join(record) or "an empty object"}')
    return record[name]


def _text(record: dict[str, Any], name: str, tokens_from: str) -> Text:
    text = _field(record, name)
    if isinstance(text, list) != (tokens_from == "tokens"):
        kind = "a list of tokens" if tokens_from == "tokens" else "a string"
        raise PairError(f'"{name}" must be {kind}, not {_short(text)}; see tokens_from')
    if isinstance(text, str) and tokens_from == "binary_parse":
        text = _leaves(text)
    return check_text(text, name)


def _check_unicode(name: str, text: Text) -> None:
    if not is_unicode(text):
        raise PairError(f'"{name}" {HALF_OF_A_PAIR}: {_short(text)}')


def _leaves(parse: str) -> list[str]:
    """The tokens of a binary parse such as `( ( A man ) ( sleeps . ) )`, spelt as in text."""
    return [_ESCAPED.get(token, token) for token in parse.split() if token not in ("(", ")")]


def _short(value: Any) -> str:
    return repr(value)[:100]
