"""Pairs of texts as they stand in files: two parallel text files, TSV, or JSON lines."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.files import ending, named_files
from elmo_tasks.tasks.base.reader import check_utf8, escaped_lines, numbered_lines
from elmo_tasks.tasks.base.text import check_unicode, json_object


class Pair(NamedTuple):
    """A source text and its translation, which is None where it is to be found."""

    source: str
    target: str | None


class PairError(ValueError):
    """What is given is no pair of texts."""


def read_pairs(
    file_path: PathOrStr, source_field: str = "source", target_field: str | None = "target"
) -> Iterator[Pair | PairError]:
    """
    The pairs of a file, plain or compressed, or of two parallel ones, in order.

    # Parameters

    file_path : `PathOrStr`
        Two parallel files as in a shell, the source's ending first: `train.{en,de}`, whose lines end with a line feed
        and have no carriage return elsewhere; or one that ends in `.tsv`, source and target with a tab between them; or
        in `.jsonl`, an object a line. `.gz` and so on may follow. Blank lines of the last two are skipped.
    source_field, target_field : `str`
        Of JSON objects. A `target_field` of None: the targets are not read, in whichever form.

    # Returns

    `Iterator[Pair | PairError]`
        The exception, which says where it is, stands where the bad pair would, so that the caller may raise it, or go
        on.

    # Raises

    `ConfigurationError`
        If a file is damaged, two parallel ones have not as many lines, or the name does not say what it is.
    """
    files = named_files(str(file_path))
    if len(files) == 2:
        yield from _parallel(*files) if target_field is not None else read_texts(files[0])
        return
    suffix = ending(str(file_path))
    if suffix == ".tsv":
        for number, line in escaped_lines(file_path):
            if line.strip():
                yield _row(number, line, target_field is not None)
    elif suffix in (".jsonl", ".json", ".ndjson"):
        for number, raw in numbered_lines(file_path):
            if raw.strip():
                yield _object(number, raw, source_field, target_field)
    else:
        raise ConfigurationError(
            f"{file_path}: its name does not say what it is. It must end in .tsv or .jsonl, or name two parallel "
            "files: train.{en,de}."
        )


def read_texts(file_path: PathOrStr) -> Iterator[Pair | PairError]:
    """As `read_pairs`, of one of two parallel files, with no targets."""
    return (_text_pair(number, text, None) for number, text in escaped_lines(file_path, cr_ends=False))


def _parallel(source_path: str, target_path: str) -> Iterator[Pair | PairError]:
    # A carriage return within a line would make two of it, and give all that follow other lines' translations.
    sources, targets = (escaped_lines(path, cr_ends=False) for path in (source_path, target_path))
    number = 0
    for number, source in sources:
        _, target = next(targets, (0, None))
        if target is None:
            raise _not_parallel(source_path, number + _rest(sources), target_path, number - 1)
        yield _text_pair(number, source, target)
    if more := _rest(targets):
        raise _not_parallel(source_path, number, target_path, number + more)


def _rest(lines: Iterator[Any]) -> int:
    return sum(1 for _ in lines)


def _not_parallel(source_path: str, sources: int, target_path: str, targets: int) -> ConfigurationError:
    return ConfigurationError(
        f"{source_path} has {sources} lines, and {target_path} has {targets}: a line must be the other's translation."
    )


def _row(number: int, line: str, has_target: bool) -> Pair | PairError:
    cells = line.split("\t")
    if len(cells) == 2:
        return _text_pair(number, cells[0], cells[1] if has_target else None)
    if len(cells) == 1 and not has_target:
        return _text_pair(number, line, None)
    return PairError(f"line {number}: {len(cells)} columns; there must be 2, the source and the target, and one tab")


def _text_pair(number: int, source: str, target: str | None) -> Pair | PairError:
    """Of lines as `escaped_lines` gives them."""
    for name, text in (("source", source), ("target", target or "")):
        try:
            check_utf8(text, PairError, f"the {name}")
        except PairError as error:
            return PairError(f"line {number}: {error}")
        if "\r" in text:
            return PairError(f"line {number}: the {name} has a carriage return in it, where some programs end a line")
    return _pair(number, source, target)


def _object(number: int, line: bytes, source_field: str, target_field: str | None) -> Pair | PairError:
    try:
        record = json_object(line, PairError)
    except PairError as error:
        return PairError(f"line {number}: {error}")
    fields = [source_field] if target_field is None else [source_field, target_field]
    missing = [field for field in fields if field not in record]
    if missing:
        return PairError(f'line {number}: there is no "{missing[0]}" here, only {", ".join(map(repr, record)) or "{}"}')
    return _pair(number, record[source_field], None if target_field is None else record[target_field])


def _pair(number: int, source: Any, target: Any) -> Pair | PairError:
    try:
        pair = Pair(check_text(source, "source"), None if target is None else check_text(target, "target"))
        for name, text in pair._asdict().items():
            check_unicode(text or "", f"the {name}", PairError)
    except PairError as error:
        return PairError(f"line {number}: {error}")
    return pair


def check_text(text: Any, name: str) -> str:
    """
    The text without white space around it, if it says something.

    # Raises

    `PairError`
        Otherwise; it calls the text by `name`.
    """
    if not isinstance(text, str):
        raise PairError(f"the {name} must be text, not {str(text)[:100]}")
    if not text.strip():
        raise PairError(f"the {name} is empty")
    return text.strip()
