import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from elmo_tasks import ElmoEmbedder, ElmoVectorizer
from elmo_tasks.bilm import BiLM, EmptyWordError, PretrainedError
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME
from elmo_tasks.device import DeviceError
from elmo_tasks.pipelines.sources import PipelineError
from elmo_tasks.splitting import SplittingError

LAYERS, DIM = 3, 14

STRANGE = [
    ["😀", "👩‍👩‍👧"],
    ["\u200b"],
    ["שלום", "עולם"],
    ["İstanbul", "\u0131l\u0131k"],
    ["我", "爱", "北京"],
    ["\ufeffThe", "cat"],
    ["é" * 250],
    [],
    ["<S>", "\x00", " "],
]

TEXTS = ["Good film.", "Bad film.", "Fine, good film!", "Awful! Bad."] * 3
LABELS = [1, 0, 1, 0] * 3


# The vectors


POOLED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda tokens: tokens.mean(axis=0),
    "max": lambda tokens: tokens.max(axis=0),
    "min": lambda tokens: tokens.min(axis=0),
    "first": lambda tokens: tokens[0],
    "last": lambda tokens: tokens[len(tokens) - 1],
}

CHOSEN: dict[Any, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda layers: layers.mean(axis=0),
    "last": lambda layers: layers[2],
    "all": lambda layers: np.concatenate([layers[0], layers[1], layers[2]], axis=1),
    1: lambda layers: layers[1],
}


@pytest.mark.parametrize("pooling", POOLED)
@pytest.mark.parametrize("layers", CHOSEN)
def test_they_are_the_embedders(folder: Path, layers: Any, pooling: str) -> None:
    vectors = ElmoVectorizer(folder, layers, pooling, batch_size=4).fit_transform(STRANGE)
    embedded = ElmoEmbedder(bilm=folder).embed_sentences(STRANGE, batch_size=4)
    for tokens, vector, expected in zip(STRANGE, vectors, embedded, strict=True):
        if tokens:
            np.testing.assert_array_equal(vector, POOLED[pooling](CHOSEN[layers](expected)))
        else:
            assert not vector.any()
    assert vectors.dtype == np.float32


def test_by_weights(folder: Path) -> None:
    weights = [0.2, 0.5, 0.6]
    vectors = ElmoVectorizer(folder, layers=weights).fit_transform(STRANGE)
    expected = ElmoEmbedder(bilm=folder).sentence_vectors(STRANGE, weights)
    np.testing.assert_allclose(vectors, list(expected), rtol=0, atol=1e-6)


def test_a_text_is_split_into_sentences_that_are_read_one_by_one(folder: Path) -> None:
    text = "Ada didn't go.  She stayed!\n\nWhy\u200b?"
    (vector,) = ElmoVectorizer(folder).fit_transform([text])
    sentences = [["Ada", "did", "n't", "go", "."], ["She", "stayed", "!"], ["Why\u200b", "?"]]
    layers = np.concatenate(list(ElmoEmbedder(bilm=folder).embed_sentences(sentences)), axis=1)
    np.testing.assert_array_equal(vector, layers.mean(axis=0).mean(axis=0))


def test_a_tokenizer_and_another_language(folder: Path) -> None:
    embedder = ElmoEmbedder(bilm=folder)
    (vector,) = ElmoVectorizer(folder, "last", tokenizer=str.split).fit_transform(["Ada slept. Bo did"])
    np.testing.assert_array_equal(vector, embedder.embed_sentence(["Ada", "slept.", "Bo", "did"])[2].mean(axis=0))
    (vector,) = ElmoVectorizer(folder, "last", tokenizer="zh").fit_transform(["我爱。"])
    np.testing.assert_array_equal(vector, embedder.embed_sentence(["我", "爱", "。"])[2].mean(axis=0))


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_batch_mates_do_not_matter(folder: Path, batch_size: int) -> None:
    texts = [*TEXTS, *STRANGE, "", " \n"]
    vectors = ElmoVectorizer(folder, batch_size=batch_size).fit_transform(texts)
    alone = ElmoVectorizer(folder).fit(texts)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector, alone.transform([text])[0], rtol=0, atol=1e-6)
    assert not vectors[-2:].any()


@pytest.mark.parametrize("dtype", ["float16", np.float32, "float64"])
def test_types(folder: Path, dtype: Any) -> None:
    vectors = ElmoVectorizer(folder, dtype=dtype).fit_transform(TEXTS)
    assert vectors.dtype == dtype
    np.testing.assert_allclose(vectors, ElmoVectorizer(folder).fit_transform(TEXTS), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("texts", [[], (text for text in TEXTS), np.array(TEXTS), np.array(TEXTS, dtype=object)])
def test_what_texts_come_in(folder: Path, texts: Any) -> None:
    vectors = ElmoVectorizer(folder).fit_transform(texts)
    expected = ElmoVectorizer(folder).fit_transform(TEXTS)
    np.testing.assert_array_equal(vectors, expected if len(vectors) else np.zeros((0, DIM)))


def test_a_transformer_in_the_biLMs_place(bert: Path) -> None:
    vectors = ElmoVectorizer(bert, layers=0).fit_transform([["the", "cats"]])
    np.testing.assert_array_equal(vectors[0], ElmoEmbedder(bilm=bert).embed_sentence(["the", "cats"])[0].mean(axis=0))


# In scikit-learn


class OfNumbers(ElmoVectorizer):
    """Takes the tables of numbers that scikit-learn's checks are made of, for texts with a number a token."""

    def fit(self, X: Any, y: object = None) -> "OfNumbers":
        super().fit(_texts(X))
        return self

    def transform(self, X: Any) -> np.ndarray:
        return super().transform(_texts(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = False, True
        return tags


def _texts(X: Any) -> list[list[str]]:
    return [[f"{number:.3g}" for number in row] for row in np.asarray(X)]


_NO_FEATURES = "texts have no features that could be counted"
_NO_NUMBERS = "texts are not numbers, and what is refused of a table is refused here by OfNumbers, or not at all"
_DO_NOT_APPLY = {
    "check_n_features_in": _NO_FEATURES,
    "check_n_features_in_after_fitting": _NO_FEATURES,
    "check_transformer_general": _NO_FEATURES,
    "check_complex_data": _NO_NUMBERS,
    "check_dtype_object": _NO_NUMBERS,
    "check_estimators_nan_inf": _NO_NUMBERS,
    "check_estimator_sparse_tag": _NO_NUMBERS,
    "check_estimator_sparse_array": _NO_NUMBERS,
    "check_estimator_sparse_matrix": _NO_NUMBERS,
    "check_fit1d": _NO_NUMBERS,
    "check_fit2d_predict1d": _NO_NUMBERS,
    "check_estimators_empty_data_messages": "no texts are no mistake: nothing is learned of them",
}


def _expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    return _DO_NOT_APPLY


# One sentence at a time, for batch mates change the last bits, and check_methods_subset_invariance allows 1e-7.
@parametrize_with_checks([OfNumbers(batch_size=1)], expected_failed_checks=_expected_failures, xfail_strict=True)
def test_scikit_learns_checks(estimator: BaseEstimator, check: Callable[[BaseEstimator], None]) -> None:
    check(estimator)


def test_it_says_that_it_takes_texts() -> None:
    tags = ElmoVectorizer().__sklearn_tags__().input_tags
    assert tags.string
    assert not tags.two_d_array


def test_a_grid_search_in_several_threads_reads_the_biLM_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = BiLM.from_files
    monkeypatch.setattr(BiLM, "from_files", lambda *files: reads.append(files) or read(*files))  # type: ignore[func-returns-value]
    pipeline = make_pipeline(ElmoVectorizer(folder), LogisticRegression())
    ElmoVectorizer(folder).fit(TEXTS)
    grid = {"elmovectorizer__layers": ["last", 0, [0.3, 0.3, 0.4]], "elmovectorizer__pooling": ["mean", "max"]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).set_params(error_score="raise")
    from joblib import parallel_config

    with parallel_config("threading"):
        search.fit(TEXTS, LABELS)
    assert search.score(TEXTS, LABELS) == 1.0
    assert len(reads) == 1
    copy = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(copy.predict_proba(TEXTS), search.predict_proba(TEXTS))


def test_a_pickle_has_no_weights_and_a_copy_is_unfitted(folder: Path) -> None:
    fitted = ElmoVectorizer(folder, layers=[0.1, 0.2, 0.7]).fit(TEXTS)
    assert len(pickle.dumps(fitted)) < 1000
    with pytest.raises(NotFittedError):
        clone(fitted).transform(TEXTS)


def test_names_of_the_numbers(folder: Path) -> None:
    vectorizer = ElmoVectorizer(folder, layers="all").fit(TEXTS)
    names = vectorizer.get_feature_names_out()
    assert [*names[:2], names[-1]] == ["elmovectorizer0", "elmovectorizer1", "elmovectorizer41"]


def test_a_column_of_texts(folder: Path) -> None:
    table = np.array([["Good film.", "x"], ["Bad film.", "y"]], dtype=object)
    columns = ColumnTransformer([("text", ElmoVectorizer(folder), 0)])
    np.testing.assert_array_equal(columns.fit_transform(table), ElmoVectorizer(folder).fit_transform(table[:, 0]))
    with pytest.raises(PipelineError, match=r"X has 2 dimensions.*\"text\" and not \[\"text\"\]"):
        ColumnTransformer([("text", ElmoVectorizer(folder), [0])]).fit(table)


# Mistakes


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"pooling": "sum"}, PipelineError, r"pooling is 'sum'; it must be one of mean, max, min, first, last\."),
        ({"pooling": ["mean", "max"]}, PipelineError, "pooling is .*; it must be one of"),
        ({"layers": 3}, PipelineError, r"layers is 3; the biLM's layers are 0 to 2\."),
        ({"layers": -1}, PipelineError, "layers is -1"),
        ({"layers": True}, PipelineError, "layers is True; it must be"),
        ({"layers": "top"}, PipelineError, "layers is 'top'; it must be"),
        ({"layers": ["0.5", 1, 2]}, PipelineError, "layers is .*; it must be"),
        ({"layers": [0.5, 0.5]}, PipelineError, r"layers has 2 weights; the biLM has 3 layers\."),
        ({"dtype": "int8"}, PipelineError, "dtype is 'int8'; it must be one of float16, float32, float64"),
        ({"dtype": "number"}, PipelineError, "dtype is 'number'"),
        ({"batch_size": 0}, PipelineError, "batch_size is 0"),
        ({"bilm": "nobody"}, PretrainedError, 'no biLM "nobody"'),
        ({"cuda_device": 99}, DeviceError, "cuda_device 99"),
        ({"bilm": 5}, PipelineError, "bilm is 5; it must be a biLM's name or folder"),
        ({"tokenizer": "zz"}, SplittingError, 'language "zz"'),
        ({"tokenizer": None}, PipelineError, "tokenizer is None; it must be a language's code, or a function"),
    ],
)
def test_parameters(folder: Path, parameters: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ElmoVectorizer(**{"bilm": folder, **parameters}).fit(TEXTS)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("a text", PipelineError, r"A list of texts is needed, and not 'a text' \(str\)\."),
        (None, PipelineError, "A list of texts is needed, and not None"),
        (["fine", float("nan")], PipelineError, r"Text 1 is nan \(float\); .* What is missing may be the empty string"),
        (["fine", b"bytes"], PipelineError, r"Text 1 is b'bytes' \(bytes\)"),
        ([["fine"], {"a": 1}], ValueError, "Sentence 1 is .* a list of its tokens is needed"),
        ([["fine"], ["a", None]], ValueError, "Sentence 1, token 1 is None"),
        ([["fine"], ["a", ""]], EmptyWordError, "Sentence 1, token 1 is the empty string"),
    ],
)
def test_what_is_no_text(folder: Path, texts: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ElmoVectorizer(folder).fit_transform(texts)


def test_another_biLM_under_the_same_name(folder: Path, make_bilm: Callable[..., BiLM]) -> None:
    fitted = ElmoVectorizer(folder).fit(TEXTS)
    make_bilm().save(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    with pytest.raises(PipelineError, match="is not the biLM that the vectorizer was fitted with: its SHA-256 is"):
        fitted.transform(TEXTS)
    assert fitted.fit(TEXTS).transform(TEXTS).shape == (12, DIM)
