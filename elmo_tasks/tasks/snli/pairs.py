"""SNLI's files, and what a line of them says."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.labels import check_label
from elmo_tasks.tasks.base.reader import numbered_lines
from elmo_tasks.tasks.base.text import Text, check_text, check_unicode, json_object, plain_word, short

LABELS = ("entailment", "neutral", "contradiction")
"""SNLI's and MultiNLI's. Other data has others, such as SciTail and HANS, which have two."""

FIELDS = {
    "text": ("sentence1", "sentence2"),
    "binary_parse": ("sentence1_binary_parse", "sentence2_binary_parse"),
    "tokens": ("sentence1_tokens", "sentence2_tokens"),
}
"""Where the premise and the hypothesis stand, for each of the forms in which they can be read."""

NO_LABEL = "-"
"""How the files write that the annotators did not agree on a label."""

_NO_LABELS = (NO_LABEL, "hidden")
"""The latter is MultiNLI's in its test sets."""


class PairError(ValueError):
    """What is given is no pair of a premise and a hypothesis that both say something."""


class Pair(NamedTuple):
    """
    A premise, a hypothesis and what holds between them.

    # Parameters

    premise, hypothesis : `str` or `list[str]`
        Raw text, or tokens.
    label : `str`, optional
        None where there is none to be read, such as the "-" of pairs whose annotators did not agree on one.
    """

    premise: Text
    hypothesis: Text
    label: str | None


def read_pairs(
    file_path: PathOrStr,
    tokens_from: str,
    labels: Collection[str] | None = None,
    label_field: str | None = "gold_label",
) -> Iterator[Pair | PairError]:
    """
    The pairs of a file, plain or compressed, in its order, those without a label too. Blank lines are skipped.

    # Parameters

    file_path : `PathOrStr`
    tokens_from : `str`
        One of `FIELDS`.
    labels : `Collection[str]`, optional
        Those that there may be, "-" aside. None: any.
    label_field : `str`, optional (default = `"gold_label"`)
        Where the label stands. None: labels are not read.

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
            yield parse_line(line, tokens_from, labels, label_field)
        except PairError as error:
            yield PairError(f"line {number}: {error}")


def parse_line(
    line: bytes | str, tokens_from: str, labels: Collection[str] | None = None, label_field: str | None = "gold_label"
) -> Pair:
    """
    # Parameters

    line : `bytes` or `str`
        A JSON object; bytes are UTF-8.
    tokens_from : `str`
        One of `FIELDS`.
    labels, label_field : `Collection[str]` and `str`, optional
        As for `read_pairs`.

    # Raises

    `PairError`
        Says what is wrong with the line. The texts of a pair that has no label where one is read are not looked at.
    """
    record = json_object(line, PairError)
    label = None if label_field is None else _field(record, label_field)
    if label in _NO_LABELS:
        return Pair("", "", None)
    if label_field is not None:
        _check_label(label, label_field, labels)
    premise, hypothesis = (_text(record, name, tokens_from) for name in FIELDS[tokens_from])
    return Pair(premise, hypothesis, label)


def _check_label(label: Any, name: str, labels: Collection[str] | None) -> None:
    check_label(label, f'"{name}"', PairError, none='or "-" for none')
    if labels is not None and label not in labels:
        raise PairError(
            f'"{name}" is {short(label)}; it must be one of {", ".join(labels)}, or "-" for none '
            "(labels: null takes those that the data has)"
        )


def _field(record: dict[str, Any], name: str) -> Any:
    if name not in record:
        raise PairError(f'there is no field "{name}", only {", ".join(record) or "an empty object"}')
    return record[name]


def _text(record: dict[str, Any], name: str, tokens_from: str) -> Text:
    text = _field(record, name)
    if isinstance(text, list) != (tokens_from == "tokens"):
        kind = "a list of tokens" if tokens_from == "tokens" else "a string"
        raise PairError(f'"{name}" must be {kind}, not {short(text)}; see tokens_from')
    if isinstance(text, str) and tokens_from == "binary_parse":
        text = _leaves(text)
    text = check_text(text, name, "compare", PairError)
    check_unicode(text, f'"{name}"', PairError)
    return text


def _leaves(parse: str) -> list[str]:
    """The tokens of a binary parse such as `( ( A man ) ( sleeps . ) )`, spelt as in text."""
    return [plain_word(token) for token in parse.split() if token not in ("(", ")")]
