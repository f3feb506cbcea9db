"""Labelled texts as they stand in files: JSON lines, TSV, CSV, or a folder a label."""

import csv
import json
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.checks import check_flag
from elmo_tasks.files import ending, read_bytes
from elmo_tasks.tasks.base.labels import check_label
from elmo_tasks.tasks.base.reader import bad_line, check_utf8, escaped_lines, numbered_lines
from elmo_tasks.tasks.base.text import Text, check_text, check_unicode, json_object, short

logger = logging.getLogger(__name__)

FORMATS = ("jsonl", "tsv", "csv", "folders")

_ENDINGS = {".jsonl": "jsonl", ".json": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv", ".csv": "csv"}
_DELIMITERS = {"tsv": "\t", "csv": ","}

_LONGEST_FIELD = 100_000_000
"""In characters. Where a double quote is never closed, the rest of a file is one field."""

Column = str | int


class Document(NamedTuple):
    """A text and its label, which is None where there is none to be read."""

    text: Text
    label: str | None


class DocumentError(ValueError):
    """What is given is no text with a label."""


@dataclass(frozen=True)
class Form:
    """
    How texts and labels stand in a file; the parameters of `ClassificationReader` with these names say what each means.

    # Raises

    `ConfigurationError`
        If there is no such format, or the columns are neither both named nor both numbered.
    """

    file_format: str | None = None
    text_column: Column | list[Column] = "text"
    label_column: Column | None = "label"
    quoting: bool | None = None

    def __post_init__(self) -> None:
        if self.file_format is not None and self.file_format not in FORMATS:
            raise ConfigurationError(
                f'file_format is "{self.file_format}"; it must be one of {", ".join(FORMATS)}, or null.'
            )
        if self.quoting is not None:
            check_flag(ConfigurationError, quoting=self.quoting)
        columns = [*self.text_columns, *([] if self.label_column is None else [self.label_column])]
        named = all(isinstance(column, str) for column in columns)
        numbered = all(isinstance(column, int) and not isinstance(column, bool) and column >= 0 for column in columns)
        if not (named or numbered):
            raise ConfigurationError(
                f"text_column is {self.text_column!r} and label_column is {self.label_column!r}; both must be names, "
                "or both numbers, counted from 0."
            )
        if not self.text_columns:
            raise ConfigurationError("text_column is an empty list; it must name a column.")
        if self.label_column in self.text_columns:
            raise ConfigurationError(f"text_column and label_column are both {self.label_column!r}.")

    @property
    def text_columns(self) -> list[Column]:
        """Those whose texts are one, in their order."""
        return self.text_column if isinstance(self.text_column, list) else [self.text_column]

    @property
    def is_numbered(self) -> bool:
        """Whether columns are numbered; then there is no line with their names."""
        return isinstance(self.text_columns[0], int)


def read_documents(
    file_path: PathOrStr, form: Form, labels: Collection[str] | None = None
) -> Iterator[Document | DocumentError]:
    """
    The texts of a file, plain or compressed, or of a folder's files, in order. Blank lines are skipped.

    # Parameters

    file_path : `PathOrStr`
    form : `Form`
    labels : `Collection[str]`, optional
        Those that there may be. None: any. Folders that are called otherwise are not read.

    # Returns

    `Iterator[Document | DocumentError]`
        The exception, which says where it is, stands where the bad text would, so that the caller may raise it, or go
        on.

    # Raises

    `ConfigurationError`
        If the file is damaged, its format is not known, or a table's first line is not UTF-8 or lacks a column.
    """
    file_format = form.file_format or _format(file_path)
    if file_format == "folders":
        records = _folders(file_path, form, labels)
    elif file_format == "jsonl":
        records = _objects(file_path, form)
    else:
        quoting = file_format == "csv" if form.quoting is None else form.quoting
        records = _table(file_path, form, _DELIMITERS[file_format], quoting)
    for where, record in records:
        try:
            yield _document(record, form, labels)
        except DocumentError as error:
            yield DocumentError(f"{where}: {error}")


Record = Mapping[Any, Any] | DocumentError
"""What a line or a file says, by column; or what is wrong with it."""


def _format(file_path: PathOrStr) -> str:
    if Path(cached_path(file_path)).is_dir():
        return "folders"
    suffix = ending(str(file_path))
    if suffix not in _ENDINGS:
        raise ConfigurationError(
            f"{file_path}: its name does not say what it is; set file_format to one of {', '.join(FORMATS)}."
        )
    return _ENDINGS[suffix]


def _objects(file_path: PathOrStr, form: Form) -> Iterator[tuple[str, Record]]:
    """Of JSON lines."""
    if form.is_numbered:
        raise ConfigurationError(f"{file_path}: JSON's fields have names; text_column is {form.text_column}.")
    for number, line in numbered_lines(file_path):
        if line.strip():
            yield f"line {number}", _object(line)


def _object(line: bytes) -> Record:
    try:
        return json_object(line, DocumentError)
    except DocumentError as error:
        return error


def _table(file_path: PathOrStr, form: Form, delimiter: str, quoting: bool) -> Iterator[tuple[str, Record]]:
    """Of TSV or CSV."""
    rows = _rows(file_path, delimiter, quoting)
    names = None if form.is_numbered else _names(file_path, form, rows)
    for number, row in rows:
        if isinstance(row, DocumentError) or names is None:
            yield f"line {number}", row if isinstance(row, DocumentError) else dict(enumerate(row))
        elif len(row) != len(names):
            message = f"{len(row)} columns, but the first line names {len(names)}"
            yield f"line {number}", DocumentError(message if quoting else f"{message}; see quoting")
        else:
            yield f"line {number}", dict(zip(names, row, strict=True))


def _names(file_path: PathOrStr, form: Form, rows: Iterator[tuple[int, "list[str] | DocumentError"]]) -> list[str]:
    """The first row's, which must have those of the form."""
    number, names = next(rows, (1, []))
    if isinstance(names, DocumentError):
        raise bad_line(file_path, number, str(names))
    for column in (*form.text_columns, form.label_column):
        if column is not None and names.count(str(column)) != 1:
            raise bad_line(
                file_path,
                number,
                f'there must be one column named "{column}" here, among {short(names)}; see text_column and '
                "label_column, whose columns may be numbers where a file has no such line",
            )
    return names


def _rows(file_path: PathOrStr, delimiter: str, quoting: bool) -> Iterator[tuple[int, list[str] | DocumentError]]:
    """The rows that are not blank, each with the number of its first line."""
    lines = escaped_lines(file_path)
    if not quoting:
        yield from ((number, _not_utf8(line) or line.split(delimiter)) for number, line in lines if line.strip())
        return
    reader = csv.reader((f"{line}\n" for _, line in lines), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            with _long_fields():
                row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, DocumentError(f"this is no row of a table: {error}; see quoting")
            continue
        if any(cell.strip() for cell in row):
            yield number, _not_utf8("".join(row)) or row


@contextmanager
def _long_fields() -> Iterator[None]:
    """Python's limit of 131,072 characters in a field is for the whole program."""
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _not_utf8(text: str) -> DocumentError | None:
    try:
        check_utf8(text, DocumentError)
    except DocumentError as error:
        return error
    return None


def _folders(file_path: PathOrStr, form: Form, labels: Collection[str] | None) -> Iterator[tuple[str, Record]]:
    """Of the files in a folder's folders, whose names are the labels."""
    root = Path(cached_path(file_path))
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    for folder in folders:
        if labels is not None and folder.name not in labels:
            logger.info("%s: the folder %s is no label's and is not read.", file_path, folder.name)
            continue
        for file in sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")):
            text = read_bytes(file, ConfigurationError).decode("utf-8-sig", "surrogateescape")
            record = _not_utf8(text) or {form.text_columns[0]: text, form.label_column: folder.name}
            yield f"{folder.name}/{file.name}", record


def _document(record: Record, form: Form, labels: Collection[str] | None) -> Document:
    if isinstance(record, DocumentError):
        raise record
    name = " and ".join(map(str, form.text_columns))
    text = check_text(_text(record, form.text_columns), name, "classify", DocumentError)
    check_unicode(text, f'"{name}"', DocumentError)
    if form.label_column is None:
        return Document(text, None)
    label = _field(record, form.label_column)
    if isinstance(label, float) and label.is_integer():
        # As programs write whole numbers where another one is missing.
        label = int(label)
    if isinstance(label, bool | int):
        label = json.dumps(label)
    check_label(label, f'"{form.label_column}"', DocumentError)
    if labels is not None and label not in labels:
        raise DocumentError(f'"{form.label_column}" is {short(label)}; it must be one of {", ".join(labels)}')
    return Document(text, label)


def _text(record: Mapping[Any, Any], columns: list[Column]) -> Any:
    """What stands in a column, or the texts of several with a space between them; empty ones are passed over."""
    texts = [_field(record, column) for column in columns]
    if len(texts) == 1:
        return texts[0]
    for column, text in zip(columns, texts, strict=True):
        if not isinstance(text, str):
            raise DocumentError(f'"{column}" must be text, as one of several columns, not {short(text)}')
    return " ".join(text for text in texts if text.strip())


def _field(record: Mapping[Any, Any], column: Column) -> Any:
    if column not in record:
        there = ", ".join(map(str, record)) or "nothing"
        raise DocumentError(f'there is no "{column}" here, only {there}; see text_column and label_column')
    return record[column]
