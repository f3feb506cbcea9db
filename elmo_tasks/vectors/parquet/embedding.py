"""One worker's work: a part's lines in, its Parquet file out."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.pretrained import whole_path
from elmo_tasks.transformer import read_source
from elmo_tasks.vectors.dump.text import Sentence, read_sentences
from elmo_tasks.vectors.parquet.folder import PLAN, is_whole, write_part
from elmo_tasks.vectors.parquet.plan import ParquetError, Part, Plan

_BATCH_SENTENCES, _BATCH_TOKENS = 64, 4096


_DEFAULT_BILM = "mini"


class BiLMChoice(NamedTuple):
    """Where a biLM is, as `read_source` takes it: something that can be sent to another process."""

    bilm: str | None = None
    options_file: str | None = None
    weight_file: str | None = None

    @property
    def name(self) -> str:
        """What the biLM is called, for people: as it was chosen, or by its file of weights."""
        return self.bilm or self.weight_file or self.options_file or _DEFAULT_BILM

    def resolved(self) -> "BiLMChoice":
        """With whole paths, as a worker may be in another folder."""
        files = (str(Path(name).resolve()) if name and Path(name).exists() else name for name in self[1:])
        return BiLMChoice(whole_path(self.bilm), *files)

    def read(self, cuda_device: int = -1) -> LayerSource:
        """The biLM on the device, by default "mini"."""
        source = read_source(*self, default=_DEFAULT_BILM)
        return source.to("cpu" if cuda_device < 0 else f"cuda:{cuda_device}")


class Job(NamedTuple):
    """What every worker of a run is told. Paths are whole ones, as a worker may be in another folder."""

    folder: Path
    """Has the plan, and gets the parts."""
    texts: list[Path]
    choice: BiLMChoice
    threads: int
    """A worker's cores."""


class PartEmbedder:
    """
    Makes parts of a plan, in any order; quickly in ascending order, in which each text is read once.

    # Parameters

    job : `Job`
    cuda_device : `int`
        A GPU's number; -1 for the processor.

    # Raises

    `ParquetError`
        If the biLM is not the plan's.
    """

    def __init__(self, job: Job, cuda_device: int = -1) -> None:
        torch.set_num_threads(job.threads)
        self._folder, self._plan = job.folder, Plan.from_json(job.folder / PLAN)
        self._bilm = job.choice.read(cuda_device)
        if bilm_digest(self._bilm) != self._plan.bilm:
            raise ParquetError("The biLM is not the one that the run began with.")
        self._texts = job.texts
        self._readers = [_TextReader(path) for path in job.texts]

    def __call__(self, number: int) -> int:
        """Makes the part of that number, unless it is there; its tokens."""
        part = self._plan.parts[number]
        if not is_whole(self._folder, self._plan, number):
            sentences = self._readers[part.text].read(part.first, part.stop)
            if sum(map(Sentence.num_tokens, sentences)) != part.tokens:
                raise ParquetError(
                    f"{self._texts[part.text]} has changed since the run began: begin a new one, in another folder."
                )
            write_part(self._folder, self._plan, number, self._columns(part, sentences))
        return part.tokens

    def _columns(self, part: Part, sentences: list[Sentence]) -> dict[str, Any]:
        name = self._plan.texts[part.text].name
        vectors = self._vectors(sentences)
        if self._plan.rows == "sentence":
            rows: dict[str, Any] = {
                "text": [name] * len(sentences),
                "line": [sentence.line for sentence in sentences],
                "tokens": [len(sentence.tokens) for sentence in sentences],
            }
        else:
            rows = {
                "text": [name] * part.tokens,
                "line": [sentence.line for sentence in sentences for _ in sentence.tokens],
                "position": [position for sentence in sentences for position in range(len(sentence.tokens))],
                "token": [token for sentence in sentences for token in sentence.tokens],
            }
        return {**rows, **dict(zip(self._plan.columns, vectors, strict=True))}

    def _vectors(self, sentences: list[Sentence]) -> np.ndarray:
        """Shape `(columns, rows, dim)`."""
        by_sentence = self._plan.rows == "sentence"
        sizes = [1 if by_sentence else len(sentence.tokens) for sentence in sentences]
        begins = dict(zip((sentence.line for sentence in sentences), np.cumsum([0, *sizes]).tolist(), strict=False))
        dtype = np.float16 if self._plan.half else np.float32
        vectors = np.zeros((len(self._plan.columns), sum(sizes), self._plan.dim), dtype=dtype)
        for batch in batches_by_length(sentences, Sentence.num_tokens, _BATCH_SENTENCES, _BATCH_TOKENS):
            for sentence, layers in zip(batch, self._embed(batch), strict=True):
                # Shape: (columns, tokens, dim), or (columns, 1, dim)
                own = layers.mean(dim=1, keepdim=True) if by_sentence and sentence.tokens else layers
                begin = begins[sentence.line]
                vectors[:, begin : begin + own.shape[1]] = own.cpu().numpy()
        return vectors

    def _embed(self, batch: list[Sentence]) -> Iterator[Tensor]:
        """Of each sentence the columns' vectors, of shape `(columns, tokens, dim)`, float32."""
        ids = self._bilm.ids([sentence.tokens for sentence in batch]).to(self._bilm.device)
        with torch.no_grad():
            layers = self._bilm(ids).layers.float()  # (batch, layers, tokens, dim)
        chosen = layers.mean(dim=1, keepdim=True) if self._plan.layers is None else layers[:, list(self._plan.layers)]
        for sentence, padded in zip(batch, chosen, strict=True):
            yield padded[:, : len(sentence.tokens)]


class _TextReader:
    """A text's lines, without going back to its begin where the lines that are wanted lie ahead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ahead, self._line = read_sentences(path), 0

    def read(self, first: int, stop: int) -> list[Sentence]:
        if first < self._line:
            self._ahead, self._line = read_sentences(self._path), 0
        found = list(islice(self._ahead, first - self._line, stop - self._line))
        self._line = stop
        return found
