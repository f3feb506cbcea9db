"""
CoNLL-2012's columns (Pradhan et al. 2012), as they stand in files: what semantic roles and coreference are read from.

A token a line, blank lines between sentences, `#begin document (name); part 000` and `#end document` around documents;
other lines that begin with `#` are skipped.
The columns, separated by blanks: 0 document, 1 part, 2 the token's number, 3 word, 4 part of speech, 5 parse, 6 lemma,
7 roleset, 8 sense, 9 speaker, 10 named entity; then a column for each predicate of the sentence, with its arguments;
the last one has coreference.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.files import decoded
from elmo_tasks.tasks.base.reader import bad_line, numbered_lines
from elmo_tasks.tasks.base.text import plain_word

ENDINGS = ("gold_conll", "gold_conll.gz")
"""How the names of those files end that are read of a folder."""

_FIRST_FRAME = 11
_BEGIN = re.compile(r"#begin document \((.*)\);\s*part\s+(\S+)")
_ARGUMENTS = re.compile(r"((?:\([^()*]+)*)\*(\)*)")
_ENDS = {"/.": ".", "/?": "?"}
"""OntoNotes marks some ends of sentences so."""
_CHAIN = re.compile(r"(\(?)(\d+)(\)?)")


class Row(NamedTuple):
    """A token: its line in the file, counted from 1, and its columns."""

    line: int
    columns: list[str]


class Frame(NamedTuple):
    """A predicate with its arguments."""

    predicate: int
    """The predicate's token, the first one if it has several, as "pick up" has."""
    tags: list[str]
    """The arguments in BIO, one tag a token. Of arguments within one another the outermost are here."""


class Mention(NamedTuple):
    """A mention of a chain of coreference: the first of its tokens, and the one behind the last."""

    chain: str
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """
    A sentence as it stands in a file.

    # Parameters

    file : `str`
    rows : `list[Row]`
        Its tokens, at least one, each with as many columns, 12 or more.
    """

    file: str
    rows: list[Row]

    def column(self, number: int) -> list[str]:
        """One column, such as the parse; see above for their numbers."""
        return [row.columns[number] for row in self.rows]

    @property
    def words(self) -> list[str]:
        """As they stand there, brackets as `-LRB-` too."""
        return self.column(3)

    @property
    def plain_words(self) -> list[str]:
        """As text has them, see `plain_word`."""
        return [_ENDS.get(word) or plain_word(word) for word in self.words]

    @property
    def pos(self) -> list[str]:
        """Parts of speech."""
        return self.column(4)

    @property
    def lemmas(self) -> list[str]:
        """`-` where there is none."""
        return self.column(6)

    @property
    def speakers(self) -> list[str]:
        """`-` where nobody is said to speak."""
        return self.column(9)

    def frames(self) -> list[Frame]:
        """
        The predicates with their arguments, in the columns' order.

        # Raises

        `ConfigurationError`
            Names the file, the line and the column where brackets do not match, or where no predicate is.
        """
        return [self._frame(column) for column in range(_FIRST_FRAME, len(self.rows[0].columns) - 1)]

    def _frame(self, column: int) -> Frame:
        tags: list[str] = []
        predicate: int | None = None
        depth = 0
        for number, row in enumerate(self.rows):
            cell = row.columns[column]
            match = _ARGUMENTS.fullmatch(cell)
            if match is None:
                message = f'{_named(column)} has "{cell}"; arguments stand there as (ARG0*, * and *), or (ARG0*)'
                raise bad_line(self.file, row.line, message)
            opened = match[1].split("(")[1:]
            if predicate is None and "V" in opened:
                predicate = number
            if depth:
                tags.append(f"I-{tags[-1][2:]}")
            else:
                tags.append(f"B-{opened[0]}" if opened else "O")
            depth += len(opened) - len(match[2])
            if depth < 0:
                raise bad_line(self.file, row.line, f"{_named(column)} ends an argument that has not begun")
        if depth:
            raise bad_line(self.file, self.rows[-1].line, f"an argument in {_named(column)} has not ended here")
        if predicate is None:
            message = f"{_named(column)} has no predicate, (V, in this sentence"
            raise bad_line(self.file, self.rows[0].line, message)
        return Frame(predicate, tags)

    def mentions(self) -> list[Mention]:
        """
        The mentions of the last column, ordered by their starts, the longer first. Of two open mentions of one chain
        the one that began later ends first.

        # Raises

        `ConfigurationError`
            Names the file and the line where brackets do not match.
        """
        mentions: list[Mention] = []
        open_starts: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            for part in _chains(row, self.file):
                if part[1]:
                    open_starts.setdefault(part[2], []).append(number)
                if part[3]:
                    if not open_starts.get(part[2]):
                        raise bad_line(self.file, row.line, f"a mention of chain {part[2]} ends that has not begun")
                    mentions.append(Mention(part[2], open_starts[part[2]].pop(), number + 1))
        for chain, starts in open_starts.items():
            if starts:
                raise bad_line(
                    self.file, self.rows[starts[-1]].line, f"a mention of chain {chain} begins and never ends"
                )
        return sorted(mentions, key=lambda mention: (mention.start, -mention.end, mention.chain))


def _named(column: int) -> str:
    return f"column {column} (counted from 0)"


def _chains(row: Row, file: str) -> list[re.Match[str]]:
    """What a cell says of chains, opening ones first, as a mention of one token may stand in two parts: `(3|3)`."""
    cell = row.columns[-1]
    if cell in ("-", "_", "*"):
        return []
    parts = [_CHAIN.fullmatch(part) for part in cell.split("|")]
    found = [part for part in parts if part is not None and (part[1] or part[3])]
    if len(found) != len(parts):
        raise bad_line(
            file, row.line, f'the last column has "{cell}"; mentions stand there as (12, 12) or (12), | between'
        )
    return sorted(found, key=lambda part: not part[1])


class Document(NamedTuple):
    """A part of a document."""

    name: str
    part: str
    sentences: list[Sentence]


def read_sentences(path: PathOrStr) -> Iterator[Sentence]:
    """The sentences of all documents; see `read_documents`."""
    for document in read_documents(path):
        yield from document.sentences


def read_documents(path: PathOrStr) -> Iterator[Document]:
    """
    The documents of a file, plain or compressed, or of all files in a folder, and in the folders in it, whose names end
    in `gold_conll` or `gold_conll.gz`, ordered by their paths. Each part is a document. A document that has no line
    `#begin document` begins where the first two columns change.

    # Raises

    `ConfigurationError`
        Names the file and the line that is not as said above, or that begins a document without an end; or says that
        there is no sentence.
    """
    has_any = False
    for file in _files(path):
        for document in _documents(file):
            has_any = True
            yield document
    if not has_any:
        raise ConfigurationError(f"{path}: there is no sentence in CoNLL-2012's columns here.")


def _files(path: PathOrStr) -> Iterator[PathOrStr]:
    folder = Path(cached_path(path))
    if not folder.is_dir():
        yield path
        return
    files = sorted(
        Path(inner) / name
        for inner, _, names in os.walk(folder)
        for name in names
        # Hidden ones, such as "._a.gold_conll", are another system's notes on a file.
        if name.endswith(ENDINGS) and not name.startswith(".")
    )
    if not files:
        raise ConfigurationError(f"{path}: no file in this folder has a name that ends in {' or '.join(ENDINGS)}.")
    yield from map(str, files)


def _documents(file: PathOrStr) -> Iterator[Document]:
    """Puts sentences together until a document's end, or until the next one begins."""
    document: Document | None = None
    last: _Begun | None = None
    for begun, sentence in _sentences(file):
        if document is not None and begun != last:
            yield document
            document = None
        document, last = document or Document(begun.name, begun.part, []), begun
        document.sentences.append(sentence)
    if document is not None:
        yield document


class _Begun(NamedTuple):
    """What a document is called, and the line of its `#begin document`, or 0 where it has none."""

    name: str
    part: str
    line: int


def _sentences(file: PathOrStr) -> Iterator[tuple[_Begun, Sentence]]:
    """Each sentence, with the document that it is in; two may be called the same."""
    begun: _Begun | None = None
    rows: list[Row] = []
    for number, columns, comment in _lines(file):
        if columns:
            rows.append(_row(number, columns, rows, file))
            continue
        if rows:
            yield begun or _unmarked(rows[0]), Sentence(str(file), rows)
            rows = []
        if comment.startswith("#begin document"):
            if begun is not None:
                raise bad_line(file, number, f"a document begins, and the one of line {begun.line} has not ended")
            begun = _begun(comment, number, file)
        elif comment.startswith("#end document"):
            begun = None
    if begun is not None:
        raise bad_line(file, begun.line, "this document has no #end document: the file may be cut off")
    if rows:
        yield _unmarked(rows[0]), Sentence(str(file), rows)


def _begun(comment: str, line: int, file: PathOrStr) -> _Begun:
    match = _BEGIN.fullmatch(comment)
    if match is None:
        message = f'a document begins as "#begin document (name); part 000", not "{comment:.100}"'
        raise bad_line(file, line, message)
    return _Begun(match[1], match[2], line)


def _unmarked(row: Row) -> _Begun:
    name, part = row.columns[:2]
    return _Begun(name, part, 0)


def _row(number: int, columns: list[str], before: list[Row], file: PathOrStr) -> Row:
    if len(columns) <= _FIRST_FRAME:
        raise bad_line(file, number, f"expected 12 columns or more, found {len(columns)}")
    if before and len(columns) != len(before[0].columns):
        message = f"{len(columns)} columns, but line {before[0].line} of this sentence has {len(before[0].columns)}"
        raise bad_line(file, number, message)
    return Row(number, columns)


def _lines(file: PathOrStr) -> Iterator[tuple[int, list[str], str]]:
    """Each line's number, and its columns, or else what it says of a document."""
    for number, line in numbered_lines(file):
        text = decoded(line, f"{file}, line {number}", ConfigurationError).strip(" \t")
        if text.startswith(("#begin document", "#end document")):
            yield number, [], text
        elif not text.startswith("#"):
            # Other kinds of white space, such as U+00A0, may stand inside a word.
            yield number, [column for column in text.replace("\t", " ").split(" ") if column], ""
