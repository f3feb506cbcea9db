"""WordNet's sense keys, and the first sense of each word by its index.sense."""

from pathlib import Path

from elmo_tasks.files import read_lines
from elmo_tasks.probing.sense_corpus import SensesError

_PARTS = {"1": "NOUN", "2": "VERB", "3": "ADJ", "4": "ADV", "5": "ADJ"}
"""By the number behind the lemma; 5 is an adjective that is a satellite of another."""

Entry = tuple[str, str]
"""A lemma, in lower case, and its part of speech, such as `("bank", "NOUN")`."""


def entry_of(sense: str) -> Entry:
    """
    The entry that a sense key, such as `"bank%1:14:00::"`, is a sense of.

    # Raises

    `SensesError`
        If it is no sense key.
    """
    lemma, _, rest = sense.partition("%")
    part = _PARTS.get(rest.partition(":")[0])
    if not lemma or part is None:
        raise SensesError(f'"{sense}" is no sense key of WordNet, such as bank%1:14:00::')
    return lemma.lower(), part


def first_senses(path: Path) -> dict[Entry, str]:
    """
    Of each entry the sense with the smallest number, WordNet's most frequent one.

    # Parameters

    path : `Path`
        WordNet's index.sense, plain or compressed; a line has a sense key, an offset, the sense's number and a count.

    # Raises

    `SensesError`
        Names the file and the line that is not of that form.
    """
    first: dict[Entry, tuple[int, str]] = {}
    for number, line in read_lines(path, SensesError):
        fields = line.split()
        if len(fields) != 4 or not fields[2].isdecimal():
            raise SensesError(
                f"{path}, line {number}: expected a sense key, an offset, the sense's number and a count: {line!r:.80}."
            )
        try:
            entry = entry_of(fields[0])
        except SensesError as error:
            raise SensesError(f"{path}, line {number}: {error}.") from None
        candidate = (int(fields[2]), fields[0])
        first[entry] = min(candidate, first.get(entry, candidate))
    return {entry: sense for entry, (_, sense) in first.items()}
