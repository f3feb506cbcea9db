"""Embedding a text into a file, part by part, so that a kill costs no more than a part."""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length, windows
from elmo_tasks.bilm.hdf5 import writing_hdf5
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.files import check_is_file, writing
from elmo_tasks.vectors.dump.layers_file import (
    Contents,
    DumpFormat,
    LayersFileError,
    add_sentence,
    check_replaceable,
    holds,
    join,
    read_contents,
    seal,
)
from elmo_tasks.vectors.dump.text import Sentence, Text, read_sentences, survey

logger = logging.getLogger(__name__)

_MAX_INDEX = 1 << 27
"""Bytes of text that `sentence_to_index` is made for: HDF5 takes a string only whole."""

_RUN, _WHOLE = "run.json", "whole.hdf5"

SPOOLED = "text.txt"
"""In the parts' folder: a text that could be read only once."""


class DumpError(ValueError):
    """A text cannot be embedded as asked."""


def parts_folder(output: Path) -> Path:
    """Where a run keeps its parts until its output is whole."""
    return output.with_name(output.name + ".parts")


class Dump:
    """
    A biLM's layers for a text, or for a shard of it, as a file that `layers_file.py` describes.

    The sentences are embedded sorted by length within windows of the text; each window is written to a part file of
    its own in the folder `OUTPUT.parts`, under a temporary name until it is whole. Behind the last window the parts are
    joined, in the text's order, and the folder goes. A run that was killed, started again, continues behind its last
    whole part; it may use other batch sizes, but must have the same biLM, text, shard and format.

    In memory are one window's text, one batch's layers, and, at the end, `sentence_to_index`.

    # Parameters

    bilm : `LayerSource`
        A biLM or a transformer; stateless; on the device where it is to run.
    text : `Path`
        One tokenized sentence a line, plain or compressed.
    output : `Path`
        If it is there and is what this run would make, nothing is done.
    format : `DumpFormat`
    shard : `tuple[int, int]`
        `(i, n)`, `i` counted from 1: the i-th of n runs of about as many consecutive lines each.
    batch_size, batch_tokens : `int`
        A batch has so many sentences and, padding counted, so many tokens at most. They do not change the layers.
    part_tokens : `int`
        Tokens of a window, about.
    force : `bool`
        Whether the output replaces, once it is whole, a file that is something else. An empty one it does in any case.

    # Raises

    `DumpError`, `TextError`
        If the text or what is asked cannot be, the folder holds the parts of another run, or the output is there and
        something else.
    """

    def __init__(
        self,
        bilm: LayerSource,
        text: Path,
        output: Path,
        format: DumpFormat | None = None,
        shard: tuple[int, int] = (1, 1),
        batch_size: int = 64,
        batch_tokens: int = 4096,
        part_tokens: int = 32768,
        force: bool = False,
    ) -> None:
        _check(bilm, text, output, shard, (batch_size, batch_tokens, part_tokens))
        self._bilm, self._text, self._output, self._folder = bilm, text, output, parts_folder(output)
        self._batch_size, self._batch_tokens, self._part_tokens = batch_size, batch_tokens, part_tokens
        self._format = format or DumpFormat()
        found = survey(text, self._format.sentence_keys)
        _check_text(found, text, self._format)
        self.contents = Contents(
            bilm=bilm_digest(bilm),
            text=found.digest,
            text_lines=found.lines,
            num_layers=bilm.num_layers,
            dim=bilm.output_dim,
            format=self._format,
            first=(shard[0] - 1) * found.lines // shard[1],
            stop=shard[0] * found.lines // shard[1],
        )
        """What the output will hold."""
        self._check_folder()
        self._finished = holds(output, self.contents)
        if not (force or self._finished):
            self._check_output()
        self._parts, self._position, self.done = self._find_parts()
        waiting = read_sentences(text, self._position, self.contents.stop)
        self.tokens = self.done + sum(len(sentence.tokens) for sentence in waiting)
        """Tokens of the shard; `done`: those of them that an earlier run has embedded."""
        self.contents = replace(self.contents, tokens=self.tokens)
        if self._finished:
            self.done = self.tokens

    def run(self) -> Iterator[int]:
        """
        Embeds what is left. Nothing happens unless the iterator is consumed, to its end.

        # Returns

        `Iterator[int]`
            The number of tokens of each batch, once it is embedded.
        """
        if not self._finished:
            self._claim_folder()
            sentences = read_sentences(self._text, self._position, self.contents.stop)
            for window in windows(sentences, Sentence.num_tokens, self._part_tokens):
                yield from self._write_part(window)
            whole = self._folder / _WHOLE
            join(self._parts, whole, self.contents)
            os.replace(whole, self._output)
        self._remove_folder()

    def _check_folder(self) -> None:
        path = self._folder / _RUN
        if not path.exists():
            return
        try:
            found = Contents.from_json(path.read_bytes())
        except LayersFileError as error:
            raise DumpError(
                f"{path} is damaged: whose parts are in {self._folder} is not known. Delete the folder, which begins "
                f"the run anew, or write to another file. ({error})"
            ) from None
        difference = found.difference(self.contents)
        if not difference and (found.first, found.stop) != (self.contents.first, self.contents.stop):
            difference = "shard"
        if difference:
            raise DumpError(
                f"{self._folder} holds the parts of an unfinished run that differs from this one in {difference}. "
                "Finish that one first, by its own command, or delete the folder, or write to another file."
            )

    def _check_output(self) -> None:
        try:
            check_replaceable(self._output, self.contents)
        except LayersFileError as error:
            if not (self._folder / _RUN).exists():
                # A text that could be read only once was put there, for nothing.
                self._remove_folder()
            raise DumpError(str(error)) from None

    def _find_parts(self) -> tuple[list[Path], int, int]:
        """The whole parts, the line behind them, and the number of their tokens."""
        parts: list[Path] = []
        position, tokens = self.contents.first, 0
        while (path := self._part_path(position)).exists():
            try:
                contents = read_contents(path)
                self._check_part(path, contents, position)
            except LayersFileError as error:
                # A machine may go down between a file's name and its content. The part is written again.
                logger.warning(str(error))
                break
            parts.append(path)
            position, tokens = contents.stop, tokens + contents.tokens
        return parts, position, tokens

    def _check_part(self, path: Path, contents: Contents, position: int) -> None:
        is_next = contents.first == position < contents.stop <= self.contents.stop
        same_shape = (contents.num_layers, contents.dim) == (self.contents.num_layers, self.contents.dim)
        if not is_next or not same_shape or contents.difference(self.contents):
            raise LayersFileError(f"{path} does not hold what a part of this run from line {position + 1} on would.")

    def _claim_folder(self) -> None:
        with writing(self._folder / _RUN) as temporary:
            temporary.write_text(self.contents.to_json(), encoding="utf-8")
        for leftover in self._folder.glob(".*.tmp"):
            leftover.unlink()

    def _remove_folder(self) -> None:
        """Removes what is ours in it, and the folder if nothing else is there."""
        if not self._folder.is_dir():
            return
        # The parts go before what says whose they are.
        for pattern in ("part-*.hdf5", ".*.tmp", _WHOLE, SPOOLED, _RUN):
            for path in self._folder.glob(pattern):
                path.unlink()
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _part_path(self, first: int) -> Path:
        return self._folder / f"part-{first:09}.hdf5"

    def _write_part(self, window: list[Sentence]) -> Iterator[int]:
        path = self._part_path(window[0].line)
        index = {sentence.text: str(sentence.line) for sentence in window if sentence.tokens}
        tokens = sum(len(sentence.tokens) for sentence in window)
        contents = replace(self.contents, first=window[0].line, stop=window[-1].line + 1, tokens=tokens)
        with writing_hdf5(path) as file:
            for batch in batches_by_length(window, Sentence.num_tokens, self._batch_size, self._batch_tokens):
                for sentence, vectors in zip(batch, self._embed(batch), strict=True):
                    add_sentence(file, self._format, sentence, vectors)
                yield sum(len(sentence.tokens) for sentence in batch)
            seal(file, contents, index)
        self._parts.append(path)

    def _embed(self, batch: list[Sentence]) -> Iterator[np.ndarray]:
        """One array a sentence, of shape `(num_layers, tokens, dim)` or `(tokens, dim)`."""
        ids = self._bilm.ids([sentence.tokens for sentence in batch]).to(self._bilm.device)
        with torch.no_grad():
            vectors = _select(self._bilm(ids).layers, self._format.layers)
        stored = (vectors.half() if self._format.half else vectors).cpu().numpy()
        for sentence, padded in zip(batch, stored, strict=True):
            yield padded[..., : len(sentence.tokens), :]


def _select(layers: Tensor, which: str) -> Tensor:
    """Shape `(batch, num_layers, tokens, dim)` to the same or `(batch, tokens, dim)`."""
    if which == "top":
        return layers[:, -1]
    return layers.mean(dim=1) if which == "average" else layers


def _check(bilm: LayerSource, text: Path, output: Path, shard: tuple[int, int], sizes: tuple[int, ...]) -> None:
    if bilm.stateful:
        raise DumpError("A stateful biLM's layers would depend on the order of the sentences: take a stateless one.")
    if not 1 <= shard[0] <= shard[1]:
        raise DumpError(f"There is no shard {shard[0]} of {shard[1]}: they are counted from 1.")
    if min(sizes) < 1:
        raise DumpError(f"Batches and parts of size {min(sizes)} are too small; 1 is the least.")
    check_is_file(text, DumpError)
    if output.is_dir() or (output.exists() and output.samefile(text)):
        what = "a folder" if output.is_dir() else "the text"
        raise DumpError(f"The output cannot be written to {output}: that is {what}.")


def _check_text(found: Text, path: Path, format: DumpFormat) -> None:
    if format.has_index and found.size > _MAX_INDEX:
        raise DumpError(
            f"{path} has {found.size / 1e6:.0f} MB of text, too much for the one string sentence_to_index (up to "
            f"{_MAX_INDEX / 1e6:.0f} MB). Leave it out (--forget-sentences): dataset i is line i, counted from 0."
        )
    if found.first_blank is not None:
        logger.warning(
            f"{path}: {found.blank} lines are blank (the first: line {found.first_blank + 1}); they have "
            + ("no dataset." if format.sentence_keys else "datasets without tokens.")
        )
