"""ELMo in a spaCy pipeline: the component `"elmo"`."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, OUTPUT_DIMS, WEIGHTS_NAME
from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.files import read_object, writing
from elmo_tasks.pipelines.sources import PipelineError, Source, embed, read_now, read_once, token_vectors, vector_length
from elmo_tasks.transformer import Transformer
from elmo_tasks.transformer.choice import PREFIX

try:
    import srsly
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.tokens import Doc, Span, Token
    from spacy.util import minibatch
except ImportError as error:
    raise ImportError(f'The component "elmo" needs spaCy: pip install spacy. ({error})') from error

_SAID, _WEIGHTS = "bilm.json", "bilm"
"""What a component writes: a file with the biLM's SHA-256, and a folder with the biLM where it keeps the weights."""

DEFAULTS = {
    "bilm": "mini",
    "layers": "mean",
    "store_layers": True,
    "keep_weights": None,
    "batch_size": 64,
    "cuda_device": -1,
}


class ElmoComponent(Pipe):
    """
    Gives a doc ELMo's vectors: `doc.tensor` has one a token, and so `token.vector`, `span.vector`, `doc.vector` and
    `similarity` are ELMo's; `doc._.elmo` has all layers, of shape `(num_layers, tokens, dim)`, float32.

    Each sentence is read by itself where the pipeline has marked sentences before (a sentencizer, a parser), as the
    biLM was trained; else the doc is one sentence. White space that spaCy makes a token of is not read, and has zeros.
    A sentence's vectors are `ElmoEmbedder`'s, and depend on it alone.

    spaCy's components that listen to a `tok2vec` read `doc.tensor`, so that this one must stand behind them.

    The defaults are in `DEFAULTS`, which a pipeline's config changes.

    # Parameters

    name : `str`
        In the pipeline.
    bilm : `str`
        A name such as `"mini"`, a folder, or a transformer's folder or `"transformer:NAME"`, see `ElmoEmbedder`. It is
        read when the first doc comes.
    layers : `str`, `int` or `Sequence[float]`
        Of what `doc.tensor` is made: the `"mean"` of the layers, the `"last"` one, `"all"` side by side, a layer's
        number, the token layer being 0, or a weight a layer.
    store_layers : `bool`
        Whether `doc._.elmo` is set. It is three times as large as `doc.tensor`, or more.
    keep_weights : `bool`, optional
        Whether `to_disk` and `to_bytes` write the weights. Without them they write the biLM's SHA-256, and what reads
        the pipeline must find the same biLM under `bilm`. By default weights are written of a folder, not of a name.
    batch_size : `int`
        Docs, and sentences, that are embedded at once.
    cuda_device : `int`
        A GPU's number; -1 for the processor.

    # Raises

    `PipelineError`
        If a value has not its type and range.
    """

    def __init__(
        self,
        name: str,
        bilm: str,
        layers: str | int | Sequence[float],
        store_layers: bool,
        keep_weights: bool | None,
        batch_size: int,
        cuda_device: int,
    ) -> None:
        check_flag(PipelineError, store_layers=store_layers)
        check_count(PipelineError, batch_size=batch_size)
        self.name = name
        self.bilm = bilm
        self.layers = layers
        self.store_layers = store_layers
        self.keep_weights = not _has_name(bilm) if keep_weights is None else keep_weights
        self.batch_size = batch_size
        self.cuda_device = cuda_device
        self._read: Source | None = None
        # The SHA-256 of the biLM that this component had when it was written.
        self._digest: str | None = None

    @property
    def source(self) -> Source:
        """
        The biLM, read on first use.

        # Raises

        `PretrainedError`, `TransformerError`, `DeviceError`
            If it, or the GPU, cannot be had.
        `PipelineError`
            If it is not the one that the component was saved with.
        """
        if self._read is None:
            self._read = self._checked(read_once(self.bilm, self.cuda_device), self.bilm)
        return self._read

    def _checked(self, source: Source, where: str | Path) -> Source:
        if self._digest not in (None, source.digest):
            raise PipelineError(
                f'"{where}" is not the biLM that the pipeline was saved with: its SHA-256 is {source.digest}, and '
                f"was {self._digest}."
            )
        vector_length(source, self.layers)
        return source

    def __call__(self, doc: Doc) -> Doc:
        """Sets a doc's vectors."""
        self._embed([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """
        Sets the vectors of docs as they come.

        # Parameters

        stream : `Iterable[Doc]`
        batch_size : `int`
            Docs that are waited for at most; this component's own `batch_size` bounds it too.
        """
        handle: Any = self.get_error_handler()
        for docs in minibatch(stream, min(batch_size, self.batch_size)):
            try:
                self._embed(docs)
            except Exception as error:
                handle(self.name, self, docs, error)
                continue
            yield from docs

    def _embed(self, docs: Sequence[Doc]) -> None:
        source = self.source
        num_layers, dim = source.embedder.bilm.num_layers, source.embedder.bilm.output_dim
        read = [_sentences(doc) for doc in docs]
        words = ([token.text for token in sentence] for sentence in chain.from_iterable(read))
        embedded = embed(source, words, self.batch_size)
        for doc, sentences in zip(docs, read, strict=True):
            # Shape: (num_layers, tokens, dim)
            layers = np.zeros((num_layers, len(doc), dim), np.float32)
            for sentence in sentences:
                layers[:, [token.i for token in sentence]] = next(embedded)
            doc.tensor = token_vectors(layers, self.layers)
            if self.store_layers:
                doc._.elmo = layers
            add_hooks(doc)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """
        Writes what `from_disk` reads: the biLM's SHA-256, and its weights if they are kept.

        # Parameters

        path : `str` or `Path`
            A folder, which is made.
        exclude : `Iterable[str]`
            Not used.
        """
        source = self.source
        if self.keep_weights:
            _save(source.embedder.bilm, Path(path) / _WEIGHTS)
        # Comes last: where it is, all is there.
        with writing(Path(path) / _SAID) as temporary:
            temporary.write_text(json.dumps({"sha256": source.digest, "weights": self.keep_weights}))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "ElmoComponent":
        """
        Reads what `to_disk` wrote. A biLM that was not written with it is read on first use.

        # Raises

        `PipelineError`
            If something is damaged.
        """
        said = read_object(Path(path) / _SAID, PipelineError, sha256=str, weights=bool)
        self._digest, self._read = said["sha256"], None
        if said["weights"]:
            folder = Path(path) / _WEIGHTS
            self._read = self._checked(read_now(folder, self.cuda_device), folder)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """The files of `to_disk`."""
        with tempfile.TemporaryDirectory() as folder:
            self.to_disk(folder)
            files = [path for path in Path(folder).rglob("*") if path.is_file()]
            return srsly.msgpack_dumps({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "ElmoComponent":
        """Reads what `to_bytes` gave. Raises `PipelineError` if something is damaged."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in srsly.msgpack_loads(bytes_data).items():
                path = Path(folder) / name
                if ".." in path.parts or not path.is_relative_to(folder):
                    raise PipelineError(f'The component\'s bytes are damaged: they have a file "{name}".')
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            return self.from_disk(folder)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with the weights if they are kept, and by the biLM's name else."""
        said = {name: value for name, value in vars(self).items() if name != "_read"}
        return _unpickled, (said, self.to_bytes())


def _unpickled(said: dict[str, Any], content: bytes) -> ElmoComponent:
    component = ElmoComponent.__new__(ElmoComponent)
    vars(component).update(said)
    return component.from_bytes(content)


@Language.factory("elmo", assigns=["doc.tensor", "doc._.elmo"], default_config=DEFAULTS)
def make_elmo(
    nlp: Language,
    name: str,
    bilm: str,
    layers: int | str | list[float],
    store_layers: bool,
    keep_weights: bool | None,
    batch_size: int,
    cuda_device: int,
) -> ElmoComponent:
    """The factory `"elmo"`; see `ElmoComponent`. spaCy finds it by this package's entry point."""
    return ElmoComponent(name, bilm, layers, store_layers, keep_weights, batch_size, cuda_device)


if not Doc.has_extension("elmo"):
    Doc.set_extension("elmo", default=None)


def add_hooks(doc: Doc) -> Doc:
    """
    Makes the vectors and similarities of a doc, its spans and its tokens those of `doc.tensor`, also where the pipeline
    has static vectors, and where spaCy would say that two tokens are alike because they are the same word.

    The component does this. spaCy writes no hooks, so that a doc that was read, or comes from `nlp.pipe` with several
    processes, needs it once more.

    # Returns

    `Doc`
        The same.

    # Raises

    `PipelineError`
        If the doc has no `doc.tensor`.
    """
    if doc.tensor.ndim != 2:
        raise PipelineError('The doc has no vectors in doc.tensor: give it to the component "elmo", or the pipeline.')
    doc.user_hooks |= _HOOKS
    doc.user_span_hooks |= _HOOKS
    doc.user_token_hooks |= _HOOKS
    return doc


def _vector(part: Doc | Span | Token) -> np.ndarray:
    """The mean over what has a vector, as white space has none. Shape `(dim,)`."""
    rows = _rows(part)
    rows = rows[rows.any(axis=1)]
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], rows.dtype)


def _has_vector(part: Doc | Span | Token) -> bool:
    return bool(_rows(part).any())


def _rows(part: Doc | Span | Token) -> np.ndarray:
    if isinstance(part, Doc):
        return part.tensor
    first, behind = (part.start, part.end) if isinstance(part, Span) else (part.i, part.i + 1)
    return part.doc.tensor[first:behind]


def _similarity(part: Doc | Span | Token, other: Any) -> float:
    """The cosine, 0 where one of the two has no vector."""
    one, two = np.asarray(part.vector), np.asarray(other.vector)
    norms = np.linalg.norm(one) * np.linalg.norm(two)
    return float(one @ two / norms) if norms else 0.0


_HOOKS: dict[str, Callable[..., Any]] = {"vector": _vector, "has_vector": _has_vector, "similarity": _similarity}


def _sentences(doc: Doc) -> list[list[Token]]:
    """What the biLM reads of a doc."""
    marked = doc.sents if doc.has_annotation("SENT_START") else [doc]
    sentences = ([token for token in sentence if token.text and not token.is_space] for sentence in marked)
    return [sentence for sentence in sentences if sentence]


def _has_name(bilm: str) -> bool:
    """Whether other machines know the biLM by this name."""
    return bilm in OUTPUT_DIMS or bilm.startswith(PREFIX)


def _save(source: LayerSource, folder: Path) -> None:
    if isinstance(source, BiLM):
        source.save(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    elif isinstance(source, Transformer):
        source.save(folder)
