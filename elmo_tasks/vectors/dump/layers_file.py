"""The HDF5 file of a text's layers, as AllenNLP 0.9's `allennlp elmo` wrote it.

A line of the text is a dataset named by its number, counted from 0: `"0"`, `"1"`, ... The dataset `"sentence_to_index"`
holds one string, a JSON object: sentence to dataset. Beyond 0.9, an attribute of the file says what is in it, so that
files can be checked and put together.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from elmo_tasks.bilm.hdf5 import writing_hdf5
from elmo_tasks.files import check_own, one_line
from elmo_tasks.vectors.dump.text import Sentence

LAYERS = ("all", "top", "average")
INDEX = "sentence_to_index"
_ATTRIBUTE = "elmo_tasks"
_MAX_CHUNK = 4096  # tokens


class LayersFileError(ValueError):
    """A file is not one of layers, is not whole, or does not go with others."""


@dataclass(frozen=True)
class DumpFormat:
    """
    How layers are stored.

    # Parameters

    layers : `str`
        `"all"`: datasets of shape `(num_layers, tokens, dim)`. `"top"`, the last layer, and `"average"`, the mean of
        all: datasets of shape `(tokens, dim)`.
    half : `bool`
        float16 instead of float32: half the size, with a relative error of at most 2^-11 (0.05 %) in each value.
    compress : `bool`
        gzip, with the bytes shuffled. Readers need not know.
    sentence_keys : `bool`
        Whether a sentence's text is its dataset's name. Sentences that occur twice have one dataset, blank lines none.
    sentence_index : `bool`
        Whether to write `sentence_to_index`. With `sentence_keys` there is none, as in AllenNLP 0.9.
    """

    layers: str = "all"
    half: bool = False
    compress: bool = False
    sentence_keys: bool = False
    sentence_index: bool = True

    def __post_init__(self) -> None:
        if not all(isinstance(value, bool) for name, value in vars(self).items() if name != "layers"):
            raise LayersFileError("All of a format but its layers is either true or false.")
        if self.layers not in LAYERS:
            raise LayersFileError(f'layers is "{self.layers}"; it must be one of {", ".join(LAYERS)}.')

    @property
    def has_index(self) -> bool:
        """Whether files have the dataset `sentence_to_index`."""
        return self.sentence_index and not self.sentence_keys

    @property
    def dtype(self) -> np.dtype:
        """Of the datasets."""
        return np.dtype(np.float16 if self.half else np.float32)


@dataclass(frozen=True)
class Contents:
    """
    What is in a file of layers.

    # Parameters

    bilm, text : `str`
        SHA-256 of the biLM and of the whole text.
    text_lines : `int`
        Lines of the whole text.
    num_layers, dim : `int`
        The biLM's.
    format : `DumpFormat`
    first, stop : `int`
        The file holds these lines of the text, counted from 0; `stop` is behind the last one.
    tokens, datasets : `int`
        How many tokens these lines, and how many datasets the file has for them.
    """

    bilm: str
    text: str
    text_lines: int
    num_layers: int
    dim: int
    format: DumpFormat
    first: int
    stop: int
    tokens: int = 0
    datasets: int = 0

    def __post_init__(self) -> None:
        texts = [self.bilm, self.text]
        numbers = [self.text_lines, self.num_layers, self.dim, self.first, self.stop, self.tokens, self.datasets]
        if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
            raise LayersFileError("A value is of a wrong type.")
        if min(numbers) < 0 or not self.first <= self.stop <= self.text_lines:
            raise LayersFileError(f"There are no lines {self.first} to {self.stop} of {self.text_lines}.")

    def difference(self, other: "Contents") -> str:
        """In what two files are of different runs, in words; the empty string where they are of the same."""
        ours, theirs = self._settings(), other._settings()
        differing = [name for name in ours if ours[name] != theirs[name]]
        return ", ".join(f"{name} ({ours[name]!s:.12} / {theirs[name]!s:.12})" for name in differing)

    def fits(self, shape: tuple[int, ...], dtype: np.dtype) -> bool:
        """Whether this is how a dataset of the file must be."""
        front = (self.num_layers,) if self.format.layers == "all" else ()
        return dtype == self.format.dtype and shape[:-2] == front and shape[-1:] == (self.dim,)

    def to_json(self) -> str:
        """For `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: Any) -> "Contents":
        """Raises `LayersFileError` where the text is not from `to_json`."""
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(**{**fields, "format": DumpFormat(**fields["format"])})
        except (TypeError, ValueError, LookupError, RecursionError) as error:
            raise LayersFileError(f"This does not say what is in a file of layers: {error}") from None

    def _settings(self) -> dict[str, object]:
        """What all parts and shards of a run have in common, under the names of the command's options."""
        return {
            "biLM": self.bilm,
            "text": self.text,
            "lines of the text": self.text_lines,
            "layers": self.format.layers,
            "dtype": self.format.dtype,
            "gzip": self.format.compress,
            "sentences as keys": self.format.sentence_keys,
            "sentence_to_index": self.format.has_index,
        }


def add_sentence(file: h5py.File, format: DumpFormat, sentence: Sentence, vectors: np.ndarray) -> None:
    """Writes a sentence's dataset. `vectors` has the shape that `format` says."""
    key = sentence.text if format.sentence_keys else str(sentence.line)
    # The same sentence has the same vectors, and a blank line no name.
    if format.sentence_keys and (not key or key in file):
        return
    options: dict[str, Any] = {}
    if format.compress and vectors.size:
        chunk = tuple(min(length, _MAX_CHUNK) for length in vectors.shape)
        options = {"compression": "gzip", "shuffle": True, "chunks": chunk}
    file.create_dataset(key, data=vectors, dtype=format.dtype, **options)


def seal(file: h5py.File, contents: Contents, index: dict[str, str]) -> Contents:
    """
    Writes what comes behind the last sentence.

    # Parameters

    file : `h5py.File`
    contents : `Contents`
        The number of datasets is counted here.
    index : `dict[str, str]`
        Sentence to dataset.

    # Returns

    `Contents`
    """
    contents = replace(contents, datasets=len(file))
    if contents.format.has_index:
        file.create_dataset(INDEX, (1,), dtype=h5py.string_dtype())[0] = json.dumps(index)
    file.attrs[_ATTRIBUTE] = contents.to_json()
    return contents


def read_contents(path: Path) -> Contents:
    """
    # Raises

    `LayersFileError`
        If the file is not there, is not whole, or not one of ours.
    """
    if path.is_dir():
        raise LayersFileError(f"{path} is a folder: name the files in it, such as {path}/*.hdf5.")
    if not path.is_file():
        raise LayersFileError(f"{path} does not exist.")
    with _reading(path) as file:
        try:
            contents = Contents.from_json(file.attrs.get(_ATTRIBUTE))
        except LayersFileError as error:
            raise LayersFileError(
                f"{path} does not say what is in it: it is not from this version of `elmo-tasks elmo`, or is damaged. "
                f"({error})"
            ) from None
        datasets = len(file) - (INDEX in file and not contents.format.sentence_keys)
    if datasets != contents.datasets:
        raise LayersFileError(f"{path} was written with {contents.datasets} sentences, and has {datasets}.")
    return contents


def holds(output: Path, wanted: Contents) -> bool:
    """Whether a file is the whole output of a run, whatever its numbers of tokens and datasets."""
    try:
        found = read_contents(output)
    except LayersFileError:
        return False
    return (found.first, found.stop) == (wanted.first, wanted.stop) and not found.difference(wanted)


def check_replaceable(output: Path, wanted: Contents) -> None:
    """Raises `LayersFileError` where something stands at `output` that is not the output of this very run."""
    check_own(output, lambda: holds(output, wanted), LayersFileError)


def merge_files(files: Sequence[Path], output: Path, force: bool = False) -> Contents:
    """
    Puts the shards of a text together.

    # Parameters

    files : `Sequence[Path]`
        In any order.
    output : `Path`
        An existing file of the same text, biLM and format is replaced once the new one is whole.
    force : `bool`
        Whether any other file is replaced too.

    # Returns

    `Contents`
        Of the new file.

    # Raises

    `LayersFileError`
        Unless the files hold every line of one text once, all made by the same biLM in the same format. Each dataset's
        type and shape is looked at. Or if the output is there already, and something else.
    """
    if output.is_dir():
        raise LayersFileError(f"{output} is a folder: name the file to be written behind the shards.")
    if any(file.exists() and output.exists() and file.samefile(output) for file in files):
        raise LayersFileError(f"{output} is one of the files to be put together; name the new file behind them.")
    contents = read_contents(files[0])
    wanted = replace(contents, first=0, stop=contents.text_lines)
    if not force:
        check_replaceable(output, wanted)
    return join(files, output, wanted)


def join(files: Iterable[Path], output: Path, wanted: Contents) -> Contents:
    """As `merge_files`, for the lines from `wanted.first` to `wanted.stop`."""
    parts = sorted(((read_contents(file), file) for file in files), key=lambda part: (part[0].first, part[0].stop))
    _check_lines(parts, wanted)
    index: dict[str, str] = {}
    with writing_hdf5(output) as target:
        for contents, path in parts:
            with _reading(path) as source:
                _copy(source, target, contents, path)
                if contents.format.has_index:
                    index.update(_index(source, path))
        return seal(target, replace(wanted, tokens=sum(contents.tokens for contents, _ in parts)), index)


def _check_lines(parts: list[tuple[Contents, Path]], wanted: Contents) -> None:
    position = wanted.first
    last: Path | None = None
    for contents, path in parts:
        if difference := wanted.difference(contents):
            raise LayersFileError(f"{path} is of another run than the others; they differ in {difference}.")
        if contents.first < position:
            raise LayersFileError(f"Line {contents.first + 1} is in {path} and in {last}.")
        if contents.first > position:
            break
        position, last = contents.stop, path
    else:
        if position == wanted.stop:
            return
        contents = replace(wanted, first=wanted.stop)
    first, last_line = position + 1, contents.first
    lines = f"Line {first} of the text is" if first == last_line else f"Lines {first} to {last_line} of the text are"
    raise LayersFileError(f"{lines} in none of the files.")


def _copy(source: h5py.File, target: h5py.File, contents: Contents, path: Path) -> None:
    keys = iter(source) if contents.format.sentence_keys else map(str, range(contents.first, contents.stop))
    for key in keys:
        if contents.format.sentence_keys and key in target:
            continue
        if key not in source:
            raise LayersFileError(f"{path} has no dataset for line {int(key) + 1} of the text.")
        dataset = source[key]
        if not isinstance(dataset, h5py.Dataset):
            raise LayersFileError(f'{path}: "{key[:60]}" is no dataset.')
        if not contents.fits(dataset.shape, dataset.dtype):
            raise LayersFileError(
                f'{path}: dataset "{key[:60]}" is {dataset.dtype} of shape {dataset.shape}; the file was written with '
                f"{contents.format.dtype}, {contents.num_layers} layers and {contents.dim} values a token."
            )
        source.copy(dataset, target, name=key)


def _index(source: h5py.File, path: Path) -> dict[str, str]:
    found = source.get(INDEX)
    index = json.loads(found[0]) if isinstance(found, h5py.Dataset) else None
    if not isinstance(index, dict):
        raise LayersFileError(f"{path} has no {INDEX}, or a damaged one.")
    return index


@contextmanager
def _reading(path: Path) -> Iterator[h5py.File]:
    """The open file. Whatever is wrong with it is a `LayersFileError` with its name."""
    try:
        with h5py.File(path) as file:
            try:
                yield file
            except LayersFileError:
                raise
            except (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
                raise LayersFileError(f"{path} is damaged: {one_line(error)}.") from error
    except OSError as error:
        raise LayersFileError(f"{path} is not an HDF5 file, or not a whole one: {one_line(error)}") from None
