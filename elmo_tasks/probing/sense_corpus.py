"""
Texts whose words have senses, in the two files of the unified evaluation framework for word sense disambiguation
(Raganato et al. 2017): NAME.data.xml with sentences, words and instances, and NAME.gold.key.txt with their senses.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from elmo_tasks.files import byte_lines, check_is_file, open_bytes, read_lines


class SensesError(ValueError):
    """A file of senses is not of its form, or does not belong to another."""


class Instance(NamedTuple):
    """A word, or several that are one entry of WordNet, whose sense is asked for."""

    id: str
    lemma: str
    """In lower case, its words joined by `_`."""
    part: str
    """`"NOUN"`, `"VERB"`, `"ADJ"` or `"ADV"`."""
    words: slice
    """Of the sentence's tokens."""


class SenseSentence(NamedTuple):
    """A sentence and its instances."""

    tokens: list[str]
    instances: list[Instance]


def read_sentences(path: Path) -> Iterator[SenseSentence]:
    """
    The sentences of a NAME.data.xml, plain or compressed, as a stream. An element of several words, such as "Grand
    Jury", gives as many tokens.

    # Raises

    `SensesError`
        Names the file and the line that is no XML, or not of the form.
    """
    reader = _Reader(path)
    with open_bytes(path) as file:
        for _, line in byte_lines(file, path, SensesError):
            yield from reader.take(line + b"\n")
    yield from reader.take(b"", is_last=True)


class _Reader:
    """Takes a file's XML line by line; whole sentences wait in `_whole`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._whole: list[SenseSentence] = []
        self._ids: set[str] = set()
        self._is_empty = True
        self._sentence: SenseSentence | None = None
        self._element: dict[str, str] | None = None
        self._text: list[str] = []

    def take(self, line: bytes, is_last: bool = False) -> list[SenseSentence]:
        """The sentences that end in this line."""
        try:
            self._parser.Parse(line, is_last)
        except expat.ExpatError as error:
            message = expat.errors.messages[error.code]
            raise SensesError(f"{self._path}, line {error.lineno}: this is not XML: {message}.") from None
        whole, self._whole = self._whole, []
        self._is_empty &= not whole
        if is_last and self._is_empty:
            raise SensesError(f"{self._path}: there is no sentence in this file.")
        return whole

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sentence":
            self._sentence = SenseSentence([], [])
        elif name in ("wf", "instance"):
            if self._sentence is None:
                raise self._error(f"<{name}> is not inside a <sentence>")
            self._element, self._text = attributes, []

    def _characters(self, text: str) -> None:
        self._text.append(text)

    def _end(self, name: str) -> None:
        if name == "sentence" and self._sentence is not None:
            self._whole.append(self._sentence)
            self._sentence = None
        elif name in ("wf", "instance") and self._sentence is not None and self._element is not None:
            start = len(self._sentence.tokens)
            self._sentence.tokens.extend("".join(self._text).split())
            if start == len(self._sentence.tokens):
                raise self._error(f"<{name}> has no word in it")
            if name == "instance":
                self._sentence.instances.append(self._instance(slice(start, len(self._sentence.tokens))))
            self._element = None

    def _instance(self, words: slice) -> Instance:
        attributes = self._element or {}
        if missing := [name for name in ("id", "lemma", "pos") if not attributes.get(name)]:
            raise self._error(f'<instance> has no "{missing[0]}"')
        if attributes["id"] in self._ids:
            raise self._error(f'the instance "{attributes["id"]}" is there a second time')
        self._ids.add(attributes["id"])
        return Instance(attributes["id"], attributes["lemma"].lower(), attributes["pos"], words)

    def _error(self, message: str) -> SensesError:
        return SensesError(f"{self._path}, line {self._parser.CurrentLineNumber}: {message}.")


class SenseCorpus(NamedTuple):
    """The two files of a text with senses."""

    name: str
    data: Path
    """NAME.data.xml."""
    keys: Path
    """NAME.gold.key.txt."""


def sense_corpus(data: Path) -> SenseCorpus:
    """
    A NAME.data.xml with the NAME.gold.key.txt beside it; each may be compressed.

    # Raises

    `SensesError`
        If either is missing.
    """
    name, found, _ = data.name.partition(".data.xml")
    if not found:
        raise SensesError(f"{data} is not called NAME.data.xml.")
    check_is_file(data, SensesError)
    keys = [data.with_name(f"{name}.gold.key.txt{end}") for end in ("", ".gz", ".bz2", ".xz")]
    beside = next((path for path in keys if path.is_file()), None)
    if beside is None:
        raise SensesError(f"{data}: there is no {keys[0].name} beside it, nor compressed.")
    return SenseCorpus(name, data, beside)


def read_keys(path: Path) -> dict[str, tuple[str, ...]]:
    """
    The senses of a NAME.gold.key.txt by the instances' ids: a line each, with one of WordNet's sense keys or several.

    # Raises

    `SensesError`
        Names the file and the line that has no sense, or an id a second time.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for number, line in read_lines(path, SensesError):
        identifier, *senses = line.split() or [""]
        if not identifier:
            continue
        if not senses:
            raise SensesError(f'{path}, line {number}: the instance "{identifier}" has no sense.')
        if identifier in keys:
            raise SensesError(f'{path}, line {number}: the instance "{identifier}" is there a second time.')
        keys[identifier] = tuple(senses)
    return keys


def senses_of(instance: str, keys: Mapping[str, tuple[str, ...]], path: Path) -> tuple[str, ...]:
    """The senses of an instance by its id. Raises `SensesError`, which names the file of keys, if there are none."""
    try:
        return keys[instance]
    except KeyError:
        raise SensesError(f'{path} has no senses of the instance "{instance}".') from None
