"""
The `open` profile's files, made from public originals that the user has downloaded.

`sources` says which file comes from which original, from where, under which licence, and what cannot be made; a module
a kind of corpus has the rules; `making` finds the originals, writes the files and compares them with `expected.json`,
which has the lines (or questions) and the SHA-256 of each as the published results read it. Nothing is downloaded,
and no text of a corpus is in this package: every choice of sentences is a rule, not a list.
"""

from elmo_tasks.reproduce.open_data.listing import missing_originals, not_made
from elmo_tasks.reproduce.open_data.making import Outcome, Report, make_open_data
from elmo_tasks.reproduce.open_data.sources import NOT_MADE, SOURCES

__all__ = ["NOT_MADE", "SOURCES", "Outcome", "Report", "make_open_data", "missing_originals", "not_made"]
