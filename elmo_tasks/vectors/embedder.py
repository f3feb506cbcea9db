"""The class that scripts for AllenNLP 0.9 know."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length
from elmo_tasks.bilm.characters import EmptyWordError
from elmo_tasks.checks import check_count
from elmo_tasks.device import check_device
from elmo_tasks.transformer import read_source
from elmo_tasks.vectors.dump.layers_file import DumpFormat
from elmo_tasks.vectors.dump.run import SPOOLED, Dump, parts_folder
from elmo_tasks.vectors.dump.text import spool

DEFAULT_BILM = "original"
"""What `ElmoEmbedder()` has always meant."""

_KEPT_WORDS = 50_000
"""Whose token vectors are kept; 109 MB for the published biLMs."""


_TOKENS_AT_ONCE = 2**14
"""Through the biLM, padding counted, unless a sentence alone has more: 200 MB of the original's layers."""


class EmbedderError(ValueError):
    """`ElmoEmbedder` was given what it cannot embed."""


class ElmoEmbedder:
    """
    A biLM's layers, or a transformer's, of tokenized sentences as numpy arrays.

    The class of the same name in AllenNLP 0.9 had these methods, parameters and shapes, so its scripts need another
    import only: `from elmo_tasks.vectors import ElmoEmbedder`. Different from it, a sentence's vectors depend on that
    sentence alone: not on batch mates, nor on what was embedded before; there is nothing to warm up.

    # Parameters

    options_file, weight_file : `str` or `Path`, optional
        The biLM's files: paths, or URLs, which are downloaded on first use.
    cuda_device : `int`
        A GPU's number; -1 for the processor.
    bilm : `str` or `Path`, optional
        Instead of the two files: a name such as `"mini"`, the small biLM in this package, or a folder, see `find_bilm`;
        or a pretrained transformer's folder, or `"transformer:NAME"` with its name on the hub. Where nothing is given
        it is `"original"`, as in AllenNLP 0.9, which is downloaded on first use.

    # Raises

    `PretrainedError`, `TransformerError`
        If only one of the files is given, or both they and `bilm`; or if the biLM, or the transformer, cannot be had.
    `DeviceError`
        If there is no such GPU.
    """

    def __init__(
        self,
        options_file: str | Path | None = None,
        weight_file: str | Path | None = None,
        cuda_device: int = -1,
        bilm: str | Path | None = None,
    ) -> None:
        check_device(cuda_device)
        self.cuda_device = cuda_device
        source = read_source(bilm, options_file, weight_file, default=DEFAULT_BILM)
        self.bilm = source.to("cpu" if cuda_device < 0 else f"cuda:{cuda_device}")
        self.bilm.keep_words(_KEPT_WORDS)

    def batch_to_embeddings(self, batch: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
        """
        # Parameters

        batch : `Sequence[Sequence[str]]`
            The tokens of each sentence: strings, or objects with a string `text`, as spaCy's and AllenNLP's tokens are.

        # Returns

        `Tensor`
            The layers, the token layer first; zeros where there is no token. Shape `(batch, num_layers, tokens, dim)`
            (original: 3 layers of 1024), float32, on the embedder's device.
        `Tensor`
            1 where there is a token and 0 elsewhere. Shape `(batch, tokens)`, int64.

        # Raises

        `EmbedderError`
            Names the sentence that is no list of tokens, or the token in it that is none.
        `EmptyWordError`
            If a token is the empty string.
        """
        return self._layers(list(_sentences(batch)))

    def _layers(self, sentences: list[list[str]]) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            layers, mask = self.bilm(self.bilm.ids(sentences).to(self.bilm.device))
        return layers, mask.long()

    def embed_sentence(self, sentence: Sequence[str]) -> np.ndarray:
        """
        # Parameters

        sentence : `Sequence[str]`
            Its tokens. There may be none.

        # Returns

        `np.ndarray`
            Shape `(num_layers, tokens, dim)`, float32.
        """
        return self.embed_batch([sentence])[0]

    def embed_batch(self, batch: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """
        As `embed_sentence`, for several sentences at once.

        # Returns

        `list[np.ndarray]`
            Each without padding: shape `(num_layers, tokens, dim)`, where `tokens` is the sentence's own number.
        """
        return self._arrays(list(_sentences(batch)))

    def _arrays(self, sentences: list[list[str]]) -> list[np.ndarray]:
        arrays: dict[int, np.ndarray] = {}
        lengths = list(map(len, sentences))
        for numbers in batches_by_length(range(len(sentences)), lengths.__getitem__, len(sentences), _TOKENS_AT_ONCE):
            layers, _ = self._layers([sentences[number] for number in numbers])
            for number, row in zip(numbers, layers, strict=True):
                # A copy, so that a sentence does not keep its batch in memory.
                arrays[number] = row[:, : lengths[number]].cpu().numpy().copy()
        return [arrays[number] for number in range(len(sentences))]

    def embed_sentences(self, sentences: Iterable[Sequence[str]], batch_size: int = 64) -> Iterator[np.ndarray]:
        """
        As `embed_sentence`, for any number of sentences, of which one batch is in memory. A long one does not have the
        others of its batch padded to its length, if that were much.

        # Returns

        `Iterator[np.ndarray]`
            In the order of `sentences`. Each of shape `(num_layers, tokens, dim)`.
        """
        check_count(EmbedderError, batch_size=batch_size)
        waiting = _sentences(sentences)
        while batch := list(islice(waiting, batch_size)):
            yield from self._arrays(batch)

    def sentence_vectors(
        self, sentences: Iterable[Sequence[str]], weights: Sequence[float] | None = None, batch_size: int = 64
    ) -> Iterator[np.ndarray]:
        """
        One vector a sentence: the mean over its tokens, padding excluded.

        The cosine of two such means is a weak measure of likeness: it is large for any two sentences.

        # Parameters

        sentences : `Iterable[Sequence[str]]`
        weights : `Sequence[float]`, optional
            One a layer, to mix the layers with, as they are: for a trained mix, gamma * s_j (Peters et al. 2018,
            equation 1).
        batch_size : `int`

        # Returns

        `Iterator[np.ndarray]`
            Each of shape `(num_layers, dim)`, or `(dim,)` with weights; float32. Zeros for a sentence without tokens.

        # Raises

        `EmbedderError`
            If the number of weights is not that of the layers.
        """
        if weights is not None and len(weights) != self.bilm.num_layers:
            raise EmbedderError(f"There are {len(weights)} weights for the biLM's {self.bilm.num_layers} layers.")
        for layers in self.embed_sentences(sentences, batch_size):
            # Shape: (num_layers, dim)
            means = layers.sum(axis=1) / max(1, layers.shape[1])
            yield means if weights is None else np.asarray(weights, dtype=np.float32) @ means

    def embed_file(
        self,
        input_file: Iterable[str],
        output_file_path: str | Path,
        output_format: str = "all",
        batch_size: int = 64,
        forget_sentences: bool = False,
        use_sentence_keys: bool = False,
        force: bool = False,
    ) -> None:
        """
        Writes the layers of a text to an HDF5 file, as `Dump` does; after a kill the same call continues.

        # Parameters

        input_file : `Iterable[str]`
            An open text file, one tokenized sentence a line. A blank line gives a dataset without tokens, where
            AllenNLP 0.9 raised an error.
        output_file_path : `str` or `Path`
        output_format : `str`
            `"all"`, `"top"` or `"average"`.
        batch_size : `int`
            Sentences of a batch at most.
        forget_sentences : `bool`
            Whether to leave `sentence_to_index` out.
        use_sentence_keys : `bool`
            Whether the datasets are named by the sentences instead of the lines' numbers.
        force : `bool`
            Whether to replace a file that is there and is not what this call would write.

        # Raises

        `TextError`, `DumpError`, `LayersFileError`
            See `Dump`.
        """
        output = Path(output_file_path)
        format = DumpFormat(output_format, sentence_keys=use_sentence_keys, sentence_index=not forget_sentences)
        text = parts_folder(output) / SPOOLED
        spool(input_file, text)
        for _ in Dump(self.bilm, text, output, format, batch_size=batch_size, force=force).run():
            pass


def _sentences(sentences: object) -> Iterator[list[str]]:
    """Each sentence's tokens as strings. Sentences and tokens are counted from 0 in what is wrong."""
    if not _is_list(sentences):
        raise EmbedderError(f"Sentences are needed, each a list of tokens, and not {_shown(sentences)}.")
    for number, sentence in enumerate(sentences):  # type: ignore[arg-type, var-annotated]
        if not _is_list(sentence):
            advice = ", such as from split()" if isinstance(sentence, str) else ""
            kind = "a string" if isinstance(sentence, str) else _shown(sentence)
            raise EmbedderError(f"Sentence {number} is {kind}; a list of its tokens is needed{advice}.")
        yield [_word(token, f"Sentence {number}, token {place}") for place, token in enumerate(sentence)]


def _is_list(value: object) -> bool:
    """Whether there is a first and a next one in it; an array without dimensions looks as if there were."""
    return (
        isinstance(value, Iterable)
        and not isinstance(value, str | bytes | Mapping | Set)
        and getattr(value, "ndim", 1) > 0
    )


def _word(token: object, where: str) -> str:
    word = token if isinstance(token, str) else getattr(token, "text", None)
    if not isinstance(word, str):
        advice = "; several sentences go to embed_batch" if isinstance(token, list | tuple) else ""
        raise EmbedderError(f"{where} is {_shown(token)}, which is no string and has no text{advice}.")
    if not word:
        raise EmptyWordError(f"{where} is the empty string: remove it, or tokenize again.")
    return word


def _shown(value: object) -> str:
    return f"{repr(value)[:60]} ({type(value).__name__})"
