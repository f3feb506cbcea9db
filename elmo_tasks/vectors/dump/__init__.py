"""A biLM's layers for a whole text, in one HDF5 file: any size of text, after any number of kills."""

from elmo_tasks.vectors.dump.layers_file import Contents, DumpFormat, LayersFileError, merge_files, read_contents
from elmo_tasks.vectors.dump.run import Dump, DumpError
from elmo_tasks.vectors.dump.text import TextError

__all__ = [
    "Contents",
    "Dump",
    "DumpError",
    "DumpFormat",
    "LayersFileError",
    "TextError",
    "merge_files",
    "read_contents",
]
