"""What both pipelines do with a biLM: read it once a process, and make one vector a token of its layers."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.vectors.embedder import ElmoEmbedder

_MOST_READ = 2
"""biLMs that a process holds for its pipelines; a published one takes 374 MB."""

_IMPORTED_BY = os.getpid()


class PipelineError(ValueError):
    """A pipeline is asked for what there is not, or has another biLM than it had before."""


class Source(NamedTuple):
    """A biLM, or a transformer in its place, ready to embed."""

    embedder: ElmoEmbedder
    digest: str
    """SHA-256 of all that its layers depend on, see `bilm_digest`."""


def read_once(bilm: str | Path, cuda_device: int = -1) -> Source:
    """
    A biLM that the process reads once, for all pipelines and their copies. A folder with new files is read again.

    # Parameters

    bilm : `str` or `Path`
        As `ElmoEmbedder` takes it.
    cuda_device : `int`
        A GPU's number; -1 for the processor.

    # Raises

    `PipelineError`
        If `bilm` is neither.
    `PretrainedError`, `TransformerError`, `DeviceError`
        See `ElmoEmbedder`.
    """
    if not isinstance(bilm, str | Path):
        raise PipelineError(f"bilm is {bilm!r:.100}; it must be a biLM's name or folder.")
    return _read_once(str(bilm), cuda_device, _files_in(Path(bilm).expanduser()))


@lru_cache(maxsize=_MOST_READ)
def _read_once(bilm: str, cuda_device: int, files: object) -> Source:
    return read_now(bilm, cuda_device)


def read_now(bilm: str | Path, cuda_device: int = -1) -> Source:
    """As `read_once`, but read now, and the caller's alone."""
    embedder = ElmoEmbedder(bilm=bilm, cuda_device=cuda_device)
    return Source(embedder, bilm_digest(embedder.bilm))


def _files_in(folder: Path) -> tuple[object, ...]:
    if not folder.is_dir():
        return ()
    states = ((path.name, path.stat()) for path in folder.iterdir() if path.is_file())
    return tuple(sorted((name, state.st_size, state.st_mtime_ns) for name, state in states))


def embed(source: Source, sentences: Iterable[Sequence[str]], batch_size: int) -> Iterator[np.ndarray]:
    """
    `ElmoEmbedder.embed_sentences`, also in the processes that the two libraries fork. These have one thread each: the
    threads of OpenMP are not forked with their process, and torch would wait for them for ever.
    """
    if os.getpid() != _IMPORTED_BY:
        torch.set_num_threads(1)
    return source.embedder.embed_sentences(sentences, batch_size)


def token_vectors(layers: np.ndarray, choice: object) -> np.ndarray:
    """
    One vector a token.

    # Parameters

    layers : `np.ndarray`
        A sentence's, shape `(num_layers, tokens, dim)`.
    choice : `str`, `int` or `Sequence[float]`
        `"mean"`: the layers' mean. `"last"`: the last layer; a number: that one, the token layer being 0. `"all"`: all
        layers side by side. Or one weight a layer, as they are: for a trained mix, gamma * s_j (Peters et al. 2018,
        equation 1).

    # Returns

    `np.ndarray`
        Shape `(tokens, dim)`, or with `"all"` `(tokens, num_layers * dim)`; float32. It is no view of the layers.

    # Raises

    `PipelineError`
        If the choice is none of these, or there is no such layer, or not one weight a layer.
    """
    number = len(layers)
    if isinstance(choice, str):
        if choice == "mean":
            return layers.mean(axis=0)
        if choice == "last":
            return layers[-1].copy()
        if choice == "all":
            return np.concatenate(layers, axis=1)
    elif isinstance(choice, int | np.integer) and not isinstance(choice, bool):
        if not 0 <= int(choice) < number:
            raise PipelineError(f"layers is {choice}; the biLM's layers are 0 to {number - 1}.")
        return layers[int(choice)].copy()
    elif isinstance(choice, Sequence | np.ndarray) and all(isinstance(weight, Real) for weight in choice):
        if len(choice) != number:
            raise PipelineError(f"layers has {len(choice)} weights; the biLM has {number} layers.")
        return np.tensordot(np.asarray(choice, dtype=np.float32), layers, axes=1)
    raise PipelineError(
        f'layers is {choice!r:.100}; it must be "mean", "last", "all", a layer\'s number, or a list of weights.'
    )


def vector_length(source: Source, choice: object) -> int:
    """The length of the vectors of `token_vectors`. Raises `PipelineError` as that does."""
    bilm = source.embedder.bilm
    return token_vectors(np.zeros((bilm.num_layers, 0, bilm.output_dim), np.float32), choice).shape[1]
