import inspect
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import spacy
import torch
from allennlp.data import Token
from allennlp.modules.elmo import _ElmoBiLm

from elmo_tasks.bilm import BiLM, BiLMFiles, EmptyWordError, PretrainedError, batch_to_ids
from elmo_tasks.device import DeviceError
from elmo_tasks.vectors import ElmoEmbedder, EmbedderError

LAYERS, DIM = 3, 14
TOLERANCE = 1e-5


@pytest.fixture
def files(make_bilm: Callable[..., BiLM], tmp_path: Path) -> BiLMFiles:
    found = BiLMFiles(tmp_path / "options.json", tmp_path / "weights.hdf5")
    make_bilm().save(*found)
    return found


@pytest.fixture
def elmo(files: BiLMFiles) -> ElmoEmbedder:
    return ElmoEmbedder(*files)


@pytest.fixture
def sentences() -> list[list[str]]:
    chance = random.Random(3)
    words = ["The", "cat", "naïve", "東京", "x" * 70, "<S>", "/", "\u200b"]
    return [chance.choices(words, k=length) for length in (5, 1, 0, 12, 3, 3, 0, 20, 7)]


# The old interface


def test_a_script_for_allennlp_0_9_runs(files: BiLMFiles, tmp_path: Path) -> None:
    """As its documentation and its users' code call the class; only the import is another."""
    from elmo_tasks.vectors import ElmoEmbedder

    options_file, weight_file = map(str, files)
    elmo = ElmoEmbedder(options_file=options_file, weight_file=weight_file, cuda_device=-1)
    vectors = elmo.embed_sentence(["I", "ate", "an", "apple", "for", "breakfast"])
    assert isinstance(vectors, np.ndarray)
    assert vectors.shape == (LAYERS, 6, DIM)
    assert vectors.dtype == np.float32

    two = elmo.embed_batch([["I", "ate"], ["It", "was", "an", "apple"]])
    assert isinstance(two, list)
    assert [each.shape for each in two] == [(LAYERS, 2, DIM), (LAYERS, 4, DIM)]

    activations, mask = elmo.batch_to_embeddings([["I", "ate"], ["It", "was", "an", "apple"]])
    assert activations.size() == (2, LAYERS, 4, DIM)
    assert (1 - mask).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0]]
    assert int(mask[0, :].sum()) == 2

    stream = elmo.embed_sentences((line.split() for line in ["A b", "c"]), batch_size=1)
    assert inspect.isgenerator(stream)
    assert [each.shape for each in stream] == [(LAYERS, 2, DIM), (LAYERS, 1, DIM)]
    assert elmo.embed_sentence([]).shape == (LAYERS, 0, DIM)

    protein = torch.tensor(elmo.embed_sentence(list("SEQWENCE"))).sum(dim=0).mean(dim=0)
    assert protein.shape == (DIM,)

    (tmp_path / "sentences.txt").write_text("I ate .\nI slept .\n")
    with open(tmp_path / "sentences.txt") as lines:
        elmo.embed_file(lines, str(tmp_path / "out.hdf5"), "all", 2)
    with h5py.File(tmp_path / "out.hdf5", "r") as out:
        assert len(list(out.keys())) == 3
        index = json.loads(out.get("sentence_to_index")[0])
        assert index == {"I ate .": "0", "I slept .": "1"}
        np.testing.assert_allclose(
            out.get(index["I slept ."]), elmo.embed_sentence(["I", "slept", "."]), rtol=0, atol=TOLERANCE
        )


@pytest.mark.parametrize("format", ["top", "average"])
def test_embed_file_takes_what_it_took(elmo: ElmoEmbedder, tmp_path: Path, format: str) -> None:
    elmo.embed_file(iter(["one two\n", "three"]), tmp_path / "out.hdf5", output_format=format, use_sentence_keys=True)
    with h5py.File(tmp_path / "out.hdf5") as out:
        assert set(out) == {"one two", "three"}
        layers = elmo.embed_sentence(["one", "two"])
        expected = layers[-1] if format == "top" else np.average(layers, axis=0)
        np.testing.assert_allclose(out["one two"], expected, rtol=0, atol=TOLERANCE)
    elmo.embed_file(["one two"], tmp_path / "out.hdf5", forget_sentences=True, force=True)
    with h5py.File(tmp_path / "out.hdf5") as out:
        assert set(out) == {"0"}


# What is embedded


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_stocks_layers_in_any_batch(
    elmo: ElmoEmbedder, files: BiLMFiles, sentences: list[list[str]], batch_size: int
) -> None:
    stock = _ElmoBiLm(*map(str, files))
    for sentence, layers in zip(sentences, elmo.embed_sentences(sentences, batch_size), strict=True):
        assert layers.shape == (LAYERS, len(sentence), DIM)
        if sentence:
            stock._elmo_lstm.reset_states()
            with torch.no_grad():
                activations = stock(batch_to_ids([sentence]))["activations"]
            expected = torch.stack(activations, dim=1)[0, :, 1:-1].numpy()
            np.testing.assert_allclose(layers, expected, rtol=0, atol=TOLERANCE)


def test_the_same_in_any_order_and_on_any_call(elmo: ElmoEmbedder, sentences: list[list[str]]) -> None:
    first = list(elmo.embed_sentences(sentences, 4))
    again = list(elmo.embed_sentences(sentences[::-1], 3))[::-1]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_a_long_sentence_does_not_have_the_others_padded(
    elmo: ElmoEmbedder, sentences: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [["a"] * 30, *sentences, ["b"] * 20]
    expected = [elmo.embed_sentence(sentence) for sentence in given]
    monkeypatch.setattr("elmo_tasks.vectors.embedder._TOKENS_AT_ONCE", 20)
    read = []
    layers = elmo._layers
    monkeypatch.setattr(elmo, "_layers", lambda some: read.append([len(one) for one in some]) or layers(some))
    for one, other in zip(elmo.embed_sentences(given), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    assert read[0] == [30]
    assert all(len(lengths) * max(lengths) <= 20 for lengths in read[1:])


def test_a_sentences_array_does_not_hold_its_batch(elmo: ElmoEmbedder) -> None:
    for layers in elmo.embed_batch([["a"], ["a", "b"]]):
        assert layers.flags.owndata
        assert layers.flags.writeable


# Sentence vectors


def test_sentence_vectors_are_means_over_the_tokens(elmo: ElmoEmbedder, sentences: list[list[str]]) -> None:
    weights = [0.2, 0.5, 0.6]
    by_layer = elmo.sentence_vectors(sentences, batch_size=4)
    mixed = elmo.sentence_vectors(iter(sentences), weights)
    for sentence, vectors, vector in zip(sentences, by_layer, mixed, strict=True):
        assert (vectors.shape, vector.shape) == ((LAYERS, DIM), (DIM,))
        assert vectors.dtype == vector.dtype == np.float32
        tokens = elmo.embed_sentence(sentence)
        expected = tokens.mean(axis=1) if sentence else np.zeros((LAYERS, DIM))
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(vector, np.einsum("l,ld->d", weights, expected), rtol=0, atol=TOLERANCE)


# What cannot be


class HasText:
    def __init__(self, text: Any) -> None:
        self.text = text


def test_tokens_that_have_a_text_are_taken(elmo: ElmoEmbedder) -> None:
    expected = elmo.embed_sentence(["Ada", "left"])
    others: list[Any] = [
        spacy.blank("en")("Ada left"),
        list(spacy.blank("en")("Ada left")),
        [Token("Ada"), Token("left")],
        ("Ada", HasText("left")),
        np.array(["Ada", "left"]),
        (word for word in ["Ada", "left"]),
    ]
    for other, layers in zip(others, elmo.embed_sentences(iter(others), 2), strict=True):
        np.testing.assert_allclose(layers, expected, rtol=0, atol=1e-6, err_msg=repr(other))


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (None, r"Sentence 1 is None \(NoneType\); a list of its tokens is needed"),
        (3, r"Sentence 1 is 3 \(int\)"),
        (b"The cat", r"Sentence 1 is b'The cat' \(bytes\)"),
        ({"a": 1}, r"Sentence 1 is .* \(dict\)"),
        ({"a"}, r"Sentence 1 is .* \(set\)"),
        (np.array(3.0), r"Sentence 1 is .* \(ndarray\)"),
        (Token("a"), r"Sentence 1 is a \(Token\)"),
        (["a", None], r"Sentence 1, token 1 is None \(NoneType\), which is no string and has no text"),
        (["a", float("nan")], r"Sentence 1, token 1 is nan \(float\)"),
        ([7], r"Sentence 1, token 0 is 7 \(int\)"),
        ([b"a"], r"Sentence 1, token 0 is b'a' \(bytes\)"),
        ([["a"]], r"Sentence 1, token 0 is \['a'\] \(list\).*; several sentences go to embed_batch"),
        (np.zeros(2), r"Sentence 1, token 0 is .*0\.0.*\(float64\)"),
        (np.array([["a"]]), r"Sentence 1, token 0 is .*\(ndarray\)"),
        ([HasText(None)], r"Sentence 1, token 0 is .*\(HasText\)"),
    ],
)
def test_what_is_no_sentence_or_no_token_is_named(elmo: ElmoEmbedder, sentence: Any, message: str) -> None:
    batch = [["fine"], sentence]
    for embed in (elmo.batch_to_embeddings, elmo.embed_batch):
        with pytest.raises(EmbedderError, match=message):
            embed(batch)
    # Counted from the first sentence on, and not in the batch.
    with pytest.raises(EmbedderError, match=message):
        list(elmo.embed_sentences(batch, batch_size=1))


@pytest.mark.parametrize("given", [None, 3, "The cat", float("nan"), np.array(1)])
def test_what_are_no_sentences(elmo: ElmoEmbedder, given: Any) -> None:
    for embed in (elmo.embed_batch, lambda sentences: list(elmo.embed_sentences(sentences))):
        with pytest.raises(EmbedderError, match="Sentences are needed, each a list of tokens, and not "):
            embed(given)


def test_a_gpu_that_is_not_there(files: BiLMFiles) -> None:
    with pytest.raises(
        DeviceError, match=r"^cuda_device 99: there is no such GPU; torch sees .*\. -1 is the processor\.$"
    ):
        ElmoEmbedder(*files, cuda_device=99)


def test_what_cannot_be_embedded(elmo: ElmoEmbedder) -> None:
    with pytest.raises(EmbedderError, match="Sentence 1 is a string"):
        elmo.embed_batch([["fine"], "not fine"])
    with pytest.raises(EmptyWordError, match="Sentence 0, token 1"):
        elmo.embed_sentence(["fine", ""])
    with pytest.raises(EmbedderError, match="batch_size is 0"):
        next(elmo.embed_sentences([["a"]], batch_size=0))
    with pytest.raises(EmbedderError, match="2 weights for the biLM's 3 layers"):
        next(elmo.sentence_vectors([["a"]], [0.5, 0.5]))


# Which biLM


def test_by_name_or_by_files(files: BiLMFiles, tmp_path: Path) -> None:
    assert ElmoEmbedder(bilm="mini").embed_sentence(["a"]).shape == (3, 1, 512)
    assert ElmoEmbedder(bilm=tmp_path).embed_sentence(["a"]).shape == (LAYERS, 1, DIM)
    with pytest.raises(PretrainedError, match="not both"):
        ElmoEmbedder(*files, bilm="mini")
    with pytest.raises(PretrainedError, match="biLM's weight file is missing"):
        ElmoEmbedder(options_file=files.options_file)
    with pytest.raises(PretrainedError, match=r"no file .*gone\.json"):
        ElmoEmbedder(tmp_path / "gone.json", files.weight_file)


def test_without_arguments_it_is_the_original_as_ever(
    make_bilm: Callable[..., BiLM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELMO_TASKS_CACHE", str(tmp_path))
    make_bilm(cell_dim=11).save(tmp_path / "original" / "options.json", tmp_path / "original" / "weights.hdf5")
    assert ElmoEmbedder().bilm.options.cell_dim == 11
