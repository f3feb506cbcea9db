"""ELMo in a scikit-learn pipeline."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from elmo_tasks.checks import check_count
from elmo_tasks.pipelines.sources import PipelineError, Source, embed, read_once, token_vectors, vector_length
from elmo_tasks.splitting import split_sentences, word_rules

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(f"ElmoVectorizer needs scikit-learn: pip install scikit-learn. ({error})") from error

_POOLINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda vectors: vectors.mean(axis=0),
    "max": lambda vectors: vectors.max(axis=0),
    "min": lambda vectors: vectors.min(axis=0),
    "first": lambda vectors: vectors[0],
    "last": lambda vectors: vectors[-1],
}

_DTYPES = ("float16", "float32", "float64")

Text = str | Sequence[str]
"""A text, or its tokens."""


class ElmoVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """
    Texts to vectors by a frozen biLM, for scikit-learn: `make_pipeline(ElmoVectorizer(), LogisticRegression())`.

    A text's vector is pooled from those of its tokens, which are `ElmoEmbedder`'s. It depends on that text alone; batch
    mates may change the last bits. Nothing is trained: `fit` looks at the parameters and at the biLM, not at the texts.

    A biLM is read once a process, however many copies of a vectorizer there are. A copy, a pickle and what goes to
    another process have the biLM's name and SHA-256 in them, not its weights.

    # Parameters

    bilm : `str` or `Path`
        A name such as `"mini"`, a folder, or a transformer's folder or `"transformer:NAME"`, see `ElmoEmbedder`.
    layers : `str`, `int` or `Sequence[float]`
        `"mean"` of the layers, the `"last"` one, `"all"` side by side, a layer's number, the token layer being 0, or a
        weight a layer.
    pooling : `str`
        What is made of the tokens' vectors: their `"mean"`, `"max"` or `"min"`, number by number, or that of the
        `"first"` or of the `"last"` token.
    tokenizer : `str` or `Callable[[str], Sequence[str]]`
        How a text is split: by spaCy's rules for the language with this code into sentences of words, each sentence
        read by itself; or by a function, whose tokens are read as one sentence, and which must be picklable where the
        vectorizer is to be. Not used for texts that are tokens already.
    batch_size : `int`
        Sentences that are embedded at once.
    dtype : `str` or `type`
        Of the vectors: float16, float32 or float64.
    cuda_device : `int`
        A GPU's number; -1 for the processor.

    # Attributes

    bilm_digest_ : `str`
        SHA-256 of the biLM that it was fitted with, see `bilm_digest`.
    """

    def __init__(
        self,
        bilm: str | Path = "mini",
        layers: str | int | Sequence[float] = "mean",
        pooling: str = "mean",
        tokenizer: str | Callable[[str], Sequence[str]] = "en",
        batch_size: int = 64,
        dtype: str | type = "float32",
        cuda_device: int = -1,
    ) -> None:
        self.bilm = bilm
        self.layers = layers
        self.pooling = pooling
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.dtype = dtype
        self.cuda_device = cuda_device

    def fit(self, X: Iterable[Text], y: object = None) -> "ElmoVectorizer":
        """
        Checks the parameters and reads the biLM.

        # Parameters

        X : `Iterable[str]` or `Iterable[Sequence[str]]`
            Texts, or the tokens of each. They are not looked at.
        y : `object`
            Not used.

        # Raises

        `PipelineError`
            Names the parameter that is not as it must be.
        `SplittingError`
            If spaCy has no rules for the tokenizer's language.
        `PretrainedError`, `TransformerError`, `DeviceError`
            If the biLM, or the GPU, cannot be had.
        """
        _check_texts(X)
        if self.pooling not in list(_POOLINGS):
            raise PipelineError(f"pooling is {self.pooling!r:.100}; it must be one of {', '.join(_POOLINGS)}.")
        self._checked_dtype()
        self._check_tokenizer()
        check_count(PipelineError, batch_size=self.batch_size)
        source = read_once(self.bilm, self.cuda_device)
        self._n_features_out = vector_length(source, self.layers)
        self.bilm_digest_ = source.digest
        return self

    def transform(self, X: Iterable[Text]) -> np.ndarray:
        """
        # Parameters

        X : `Iterable[str]` or `Iterable[Sequence[str]]`
            Texts, or the tokens of each.

        # Returns

        `np.ndarray`
            Shape `(texts, numbers)`; zeros for a text without tokens.

        # Raises

        `NotFittedError`
            Before `fit`.
        `PipelineError`
            If the biLM is not the one that the vectorizer was fitted with, or X has no texts in it.
        `EmptyWordError`
            If a token is the empty string.
        """
        check_is_fitted(self)
        _check_texts(X)
        source = read_once(self.bilm, self.cuda_device)
        if source.digest != self.bilm_digest_:
            raise PipelineError(
                f'"{self.bilm}" is not the biLM that the vectorizer was fitted with: its SHA-256 is {source.digest}, '
                f"and was {self.bilm_digest_}. Fit again."
            )
        texts = [self._sentences(text, number) for number, text in enumerate(X)]
        vectors = np.zeros((len(texts), self._n_features_out), self._checked_dtype())
        pool = _POOLINGS[self.pooling]
        for row, tokens in zip(vectors, self._token_vectors(texts, source), strict=True):
            if len(tokens):
                row[:] = pool(tokens)
        return vectors

    def _token_vectors(self, texts: Sequence[Sequence[Sequence[str]]], source: Source) -> Iterator[np.ndarray]:
        """Of each text's tokens, of all its sentences: shape `(tokens, numbers)`."""
        embedded = embed(source, chain.from_iterable(texts), self.batch_size)
        for text in texts:
            parts = [token_vectors(next(embedded), self.layers) for _ in text]
            yield np.concatenate(parts) if parts else np.zeros((0, self._n_features_out))

    def _sentences(self, text: Text, number: int) -> Sequence[Sequence[str]]:
        if not isinstance(text, str):
            _check_tokens(text, number)
            return [text]
        if isinstance(self.tokenizer, str):
            return split_sentences(text, word_rules(self.tokenizer))
        return [self.tokenizer(text)]

    def _check_tokenizer(self) -> None:
        if isinstance(self.tokenizer, str):
            word_rules(self.tokenizer)
        elif not callable(self.tokenizer):
            raise PipelineError(
                f"tokenizer is {self.tokenizer!r:.100}; it must be a language's code, or a function from a text to its "
                "tokens."
            )

    def _checked_dtype(self) -> np.dtype:
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            dtype = None
        if dtype is None or dtype.name not in _DTYPES:
            raise PipelineError(f"dtype is {self.dtype!r:.100}; it must be one of {', '.join(_DTYPES)}.")
        return dtype

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _check_texts(X: object) -> None:
    """Raises `PipelineError` if that is one text, or a table, which would give the names of its columns."""
    if isinstance(X, str | bytes) or not isinstance(X, Iterable):
        raise PipelineError(f"A list of texts is needed, and not {X!r:.60} ({type(X).__name__}).")
    dimensions = getattr(X, "ndim", 1)
    if dimensions != 1:
        raise PipelineError(
            f"X has {dimensions} dimensions; a list or one column of texts is needed. In a ColumnTransformer that is "
            'the column\'s name by itself: "text" and not ["text"].'
        )


def _check_tokens(text: object, number: int) -> None:
    """Raises `PipelineError` if that is a missing value; the embedder looks closer, token by token."""
    if isinstance(text, bytes) or not isinstance(text, Iterable):
        raise PipelineError(
            f"Text {number} is {text!r:.60} ({type(text).__name__}); it must be a string or a list of tokens. What is "
            "missing may be the empty string."
        )
