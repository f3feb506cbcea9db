"""Sentences with two marked entities as they stand in files: SemEval-2010 task 8's form, and JSON lines."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, groupby
from typing import Any, NamedTuple

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.labels import check_label
from elmo_tasks.tasks.base.reader import check_utf8, escaped_lines
from elmo_tasks.tasks.base.text import Text, check_text, check_unicode, json_object, short

ENTITIES = ("e1", "e2")

Span = tuple[int, int]
"""From the first up to and without the last: characters of raw text, as Python counts them, or tokens."""

# Of a text in SemEval's form: its number, a tab, and the text in double quotes.
_NUMBERED = re.compile(r'\s*\d+\t\s*"(.*)"\s*')
_COMMENT = "Comment:"
_MARK = re.compile(r"</?e[12]>")


class Example(NamedTuple):
    """
    A sentence, its two entities and the relation between them.

    # Parameters

    text : `str` or `list[str]`
        Raw text without marks, or tokens.
    e1, e2 : `tuple[int, int]`
        Where the entities are.
    label : `str`, optional
        Such as `"Cause-Effect(e2,e1)"`; None where it is to be predicted.
    """

    text: Text
    e1: Span
    e2: Span
    label: str | None


class ExampleError(ValueError):
    """What is given is no sentence with two entities."""


def read_examples(file_path: PathOrStr, labels: Collection[str] | None = None) -> Iterator[Example | ExampleError]:
    """
    The examples of a file, plain or compressed, in its order. A file whose first line begins with `{` is JSON lines;
    another is in SemEval's form.

    # Parameters

    file_path : `PathOrStr`
    labels : `Collection[str]`, optional
        Those that there may be. None: any.

    # Returns

    `Iterator[Example | ExampleError]`
        The exception, which names the line where the bad example begins, stands where that would, so that the caller
        may raise it, or go on.

    # Raises

    `ConfigurationError`
        If the file is damaged.
    """
    lines = escaped_lines(file_path)
    first = next((line for line in lines if line[1].strip()), (1, ""))
    in_json = first[1].lstrip().startswith("{")
    parse, blocks = (_of_json, _each) if in_json else (_of_block, _blocks)
    for block in blocks(chain([first], lines)):
        try:
            check_utf8("".join(line for _, line in block), ExampleError)
            example = parse([line for _, line in block])
            check_unicode(example.text, "the text", ExampleError)
            yield _with_one_of(labels, example)
        except ExampleError as error:
            yield ExampleError(f"line {block[0][0]}: {error}")


Lines = list[tuple[int, str]]
"""An example's lines with their numbers."""


def _each(lines: Iterable[tuple[int, str]]) -> Iterator[Lines]:
    """Of JSON lines."""
    return ([line] for line in lines if line[1].strip())


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[Lines]:
    """
    Of SemEval's form: what stands between blank lines. Its test set without labels has nothing but texts, and no blank
    lines between them.
    """
    for says_something, group in groupby(lines, key=lambda line: bool(line[1].strip())):
        block = list(group)
        if says_something and all(_NUMBERED.fullmatch(line) for _, line in block):
            yield from ([line] for line in block)
        elif says_something:
            yield block


def _of_json(lines: list[str]) -> Example:
    return parse_record(json_object(lines[0], ExampleError))


def _of_block(lines: list[str]) -> Example:
    """
    By position, as comments may say what looks like a label: the first line is the text, the second one the label, and
    the third one, which may be missing, the comment.
    """
    text = _NUMBERED.fullmatch(lines[0])
    if text is None:
        raise ExampleError(
            f"an example should begin here, with its number, a tab and its text in double quotes: {short(lines[0])}"
        )
    if len(lines) > 3 or not all(line.startswith(_COMMENT) for line in lines[2:]):
        raise ExampleError(
            f'an example has its text, its label, a line that begins with "{_COMMENT}", and a blank line behind it; '
            f"here are {len(lines)} lines without one"
        )
    label = lines[1].strip() if len(lines) > 1 else None
    if label is not None and label.startswith(_COMMENT):
        raise ExampleError("there is no label between the text and its comment")
    return parse_record({"text": text[1], "label": label})


def parse_record(record: Mapping[str, Any]) -> Example:
    """
    # Parameters

    record : `Mapping[str, Any]`
        With `text`, in which the entities are marked, `<e1>so</e1>`; or `text` or a list of `tokens` with `e1` and
        `e2`, each as `Span` says. It may have a `label`.

    # Raises

    `ExampleError`
        Says what is wrong with it.
    """
    if ("text" in record) == ("tokens" in record):
        raise ExampleError('there must be either "text" or "tokens"')
    name, kind = ("text", str) if "text" in record else ("tokens", list)
    if not isinstance(record[name], kind):
        raise ExampleError(f'"{name}" must be a {"string" if kind is str else "list"}, not {short(record[name])}')
    text = check_text(record[name], name, "relate", ExampleError)
    are_placed = any(entity in record for entity in ENTITIES)
    if isinstance(text, str) and not are_placed:
        text, spans = _without_marks(text)
    elif are_placed and _are_all(_MARK.findall(" ".join(text) if isinstance(text, list) else text)):
        raise ExampleError("the entities are marked and their places given, so that the marks would be read as words")
    else:
        spans = [record.get(entity) for entity in ENTITIES]
    e1, e2 = (_checked(span, text, entity) for span, entity in zip(spans, ENTITIES, strict=True))
    label = record.get("label")
    if label is not None:
        check_label(label, '"label"', ExampleError)
    return Example(text, e1, e2, label)


def _without_marks(marked: str) -> tuple[str, list[Any]]:
    """The text, and where each entity is."""
    pieces, marks = _MARK.split(marked), _MARK.findall(marked)
    if not _are_all(marks):
        raise ExampleError(
            f"the text must have <e1>one</e1> and <e2>other</e2> entity, and has {' '.join(marks) or 'no mark'}: "
            f"{short(marked)}"
        )
    places: dict[str, int] = {}
    place = 0
    for piece, mark in zip(pieces, marks, strict=False):
        place += len(piece)
        places[mark] = place
    return "".join(pieces), [(places[f"<{entity}>"], places[f"</{entity}>"]) for entity in ENTITIES]


def _are_all(marks: list[str]) -> bool:
    return sorted(marks) == ["</e1>", "</e2>", "<e1>", "<e2>"]


def _checked(span: Any, text: Text, entity: str) -> Span:
    whole = isinstance(span, list | tuple) and len(span) == 2 and all(type(place) is int for place in span)
    if not (whole and 0 <= span[0] < span[1] <= len(text)):
        unit = "character" if isinstance(text, str) else "token"
        raise ExampleError(
            f'"{entity}" is {short(span)}; it must be its first {unit} and the one behind its last, from 0 to '
            f"{len(text)}"
        )
    start, end = span
    if isinstance(text, str) and not text[start:end].strip():
        raise ExampleError(f'"{entity}" has nothing but white space')
    return start, end


def _with_one_of(labels: Collection[str] | None, example: Example) -> Example:
    if labels is not None and example.label is not None and example.label not in labels:
        raise ExampleError(f"the label is {short(example.label)}; it must be one of {', '.join(labels)}")
    return example
