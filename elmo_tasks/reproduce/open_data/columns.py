"""Named entities: originals with a token and its tag a line, in CoNLL-2003's four columns."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from elmo_tasks.files import read_lines
from elmo_tasks.reproduce.open_data.recipe import Maker, OriginalError

_DOCUMENT = "-DOCSTART-"


def wnut17(originals: Sequence[Path]) -> Iterator[str]:
    """WNUT-17's sentences, as one document."""
    yield f"{_DOCUMENT} -X- O O\n\n"
    yield from crossner(originals)


def crossner(originals: Sequence[Path]) -> Iterator[str]:
    """CrossNER's sentences, each with an empty line after it."""
    return (f"{sentence}\n" for sentence in _sentences(originals[0], "\t"))


def wikigold(first: int, last: int) -> Maker:
    """
    WikiGold's sentences from number `first` to `last`, counted from 1, with an empty line between them.

    Its articles are not told apart. The sentences after the development set are held back as a test set.
    """

    def make(originals: Sequence[Path]) -> Iterator[str]:
        sentences = (one for one in _sentences(originals[0], " ") if not one.startswith(_DOCUMENT))
        for number, sentence in enumerate(islice(sentences, first - 1, last), first):
            yield sentence if number == first else f"\n{sentence}"

    return make


def _sentences(path: Path, separator: str) -> Iterator[str]:
    """Each sentence in four columns; a line that has nothing but the separator is empty."""
    sentence: list[str] = []
    for number, line in read_lines(path, OriginalError):
        if not line.strip(separator):
            if sentence:
                yield "".join(sentence)
            sentence = []
            continue
        columns = line.split(separator)
        if len(columns) != 2 or not all(columns):
            raise OriginalError(f"{path}, line {number}: this should be a token and its tag, but is {line!r}.")
        sentence.append(f"{columns[0]} -X- O {columns[1]}\n")
    if sentence:
        yield "".join(sentence)
