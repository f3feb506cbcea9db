import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc

from elmo_tasks import ElmoEmbedder
from elmo_tasks.bilm import BiLM, PretrainedError
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME
from elmo_tasks.device import DeviceError
from elmo_tasks.pipelines.sources import PipelineError
from elmo_tasks.pipelines.spacy_component import add_hooks  # and where it is not installed, this registers it

ROOT = Path(__file__).parents[2]
LAYERS, DIM = 3, 14
TEXT = "He sat on the bank.  The bank lent him money!"


def pipeline(bilm: str | Path, sentencizer: bool = False, **config: Any) -> Language:
    nlp = spacy.blank("en")
    if sentencizer:
        nlp.add_pipe("sentencizer")
    nlp.add_pipe("elmo", config={"bilm": str(bilm), **config})
    return nlp


def words_of(doc: Doc) -> list[str]:
    return [token.text for token in doc if not token.is_space]


def test_alone_in_a_process(folder: Path) -> None:
    """Without AllenNLP and what else is not needed; and in processes that spaCy forks after torch had threads."""
    program = """
import sys, warnings
import numpy as np, spacy, torch
import elmo_tasks.pipelines.spacy_component

nlp = spacy.blank("en")
nlp.add_pipe("elmo", config={"bilm": sys.argv[1]})
texts = ["A bank.", "", "It is here ."] * 5
torch.set_num_threads(2)
here = [nlp(text) for text in texts]
warnings.simplefilter("ignore")  # spaCy's, of hooks that it does not write
for one, other in zip(here, nlp.pipe(texts, n_process=2, batch_size=4), strict=True):
    np.testing.assert_allclose(one.tensor, other.tensor, rtol=0, atol=1e-6)
    np.testing.assert_allclose(one._.elmo, other._.elmo, rtol=0, atol=1e-6)
print(sorted({"allennlp", "transformers", "sklearn"} & set(sys.modules)))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "[]\n"


# The vectors


CHOSEN: dict[Any, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda layers: layers.mean(axis=0),
    "last": lambda layers: layers[2],
    "all": lambda layers: np.concatenate([layers[0], layers[1], layers[2]], axis=1),
    0: lambda layers: layers[0],
}


@pytest.mark.parametrize("layers", CHOSEN)
def test_they_are_the_embedders(folder: Path, layers: Any) -> None:
    doc = pipeline(folder, layers=layers)("Ada saw the bank.")
    expected = ElmoEmbedder(bilm=folder).embed_sentence(words_of(doc))
    np.testing.assert_array_equal(doc._.elmo, expected)
    np.testing.assert_array_equal(doc.tensor, CHOSEN[layers](expected))
    for token, vector in zip(doc, doc.tensor, strict=True):
        np.testing.assert_array_equal(token.vector, vector)
        assert token.has_vector


def test_by_weights(folder: Path) -> None:
    doc = pipeline(folder, layers=[0.5, 0, 2])(TEXT)
    np.testing.assert_allclose(doc.tensor, 0.5 * doc._.elmo[0] + 2 * doc._.elmo[2], rtol=1e-5, atol=1e-6)


def test_sentences_are_read_one_by_one_and_white_space_is_not_read(folder: Path) -> None:
    doc = pipeline(folder, sentencizer=True)(TEXT)
    sentences = [["He", "sat", "on", "the", "bank", "."], ["The", "bank", "lent", "him", "money", "!"]]
    expected = list(ElmoEmbedder(bilm=folder).embed_sentences(sentences))
    words = [token.i for token in doc if not token.is_space]
    (space,) = (token for token in doc if token.is_space)
    np.testing.assert_array_equal(doc._.elmo[:, words], np.concatenate(expected, axis=1))
    assert not doc._.elmo[:, space.i].any()
    assert not space.has_vector
    # Without marked sentences it is one.
    (one,) = ElmoEmbedder(bilm=folder).embed_batch([sentences[0] + sentences[1]])
    np.testing.assert_array_equal(pipeline(folder)(TEXT)._.elmo[:, words], one)


@pytest.mark.parametrize("sentencizer", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        ["😀", "👩‍👩‍👧", "\u200b"],
        ["שלום", "עולם"],
        ["İstanbul", "\u0131l\u0131k"],
        ["我", "爱", "北京"],
        ["\ufeffThe", "cat"],
        ["é" * 250],
        ["<S>", "\x00", "[CLS]"],
    ],
)
def test_strange_words(folder: Path, words: list[str], sentencizer: bool) -> None:
    nlp = pipeline(folder, sentencizer)
    doc = nlp(Doc(nlp.vocab, words=words))
    np.testing.assert_array_equal(doc._.elmo, ElmoEmbedder(bilm=folder).embed_sentence(words))


@pytest.mark.parametrize("sentencizer", [False, True])
@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u00a0\u2028"])
def test_no_words(folder: Path, text: str, sentencizer: bool) -> None:
    nlp = pipeline(folder, sentencizer)
    doc = nlp(text)
    assert doc.tensor.shape == (len(doc), DIM)
    assert doc._.elmo.shape == (LAYERS, len(doc), DIM)
    assert doc.vector.shape == (DIM,)
    assert not doc.vector.any()
    assert not doc.has_vector
    assert doc.similarity(nlp("A word")) == 0.0


def test_spans_docs_and_similarities(folder: Path) -> None:
    nlp = pipeline(folder)
    doc = nlp(TEXT)
    one, other = (token for token in doc if token.text == "bank")
    np.testing.assert_array_equal(doc[1:4].vector, doc.tensor[1:4].mean(axis=0))
    # White space does not count.
    np.testing.assert_allclose(doc.vector, doc.tensor.sum(axis=0) / len(words_of(doc)), rtol=1e-5, atol=1e-6)
    cosine = one.vector @ other.vector / np.sqrt((one.vector @ one.vector) * (other.vector @ other.vector))
    assert one.similarity(other) == pytest.approx(cosine, abs=1e-5)
    # spaCy alone has 1 for two tokens that are the same word.
    assert one.similarity(other) < 0.999
    for part in (one, doc[2:4], doc):
        assert part.similarity(part) == pytest.approx(1.0, abs=1e-5)
        assert part.vector_norm == pytest.approx(np.linalg.norm(part.vector), rel=1e-4)
    assert doc.similarity(other) == pytest.approx(other.similarity(doc), abs=1e-5)


def test_beside_static_vectors(folder: Path) -> None:
    nlp = pipeline(folder)
    nlp.vocab.set_vector("bank", np.ones(5, dtype=np.float32))
    doc = nlp(TEXT)
    bank = next(token for token in doc if token.text == "bank")
    np.testing.assert_array_equal(bank.vector, doc.tensor[bank.i])
    assert doc.vector.shape == doc[1:3].vector.shape == (DIM,)
    assert doc[0].has_vector


def test_layers_are_not_stored_if_nobody_wants_them(folder: Path) -> None:
    doc = pipeline(folder, store_layers=False)(TEXT)
    assert doc._.elmo is None
    assert doc.tensor.any()
    assert pipeline(folder, store_layers=False, layers="last")(TEXT).tensor.base is None


@pytest.mark.parametrize("batch_size", [1, 2, 3, 1000])
def test_in_batches(folder: Path, batch_size: int) -> None:
    nlp = pipeline(folder, sentencizer=True, batch_size=2)
    texts = [TEXT, "", "One word.", "  ", "x", TEXT * 3]
    for text, doc in zip(texts, nlp.pipe(iter(texts), batch_size=batch_size), strict=True):
        assert doc.text == text
        np.testing.assert_allclose(doc._.elmo, nlp(text)._.elmo, rtol=0, atol=1e-5)


def test_a_batch_that_fails_is_handed_to_spacys_handler(folder: Path) -> None:
    nlp = pipeline(folder, batch_size=1)
    failed = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.append((name, docs[0].text, str(error))))
    component: Any = nlp.get_pipe("elmo")
    embed = component._embed
    component._embed = lambda docs: 1 / 0 if docs[0].text == "bad" else embed(docs)
    assert [doc.text for doc in nlp.pipe(["good", "bad", "better"])] == ["good", "better"]
    assert failed == [("elmo", "bad", "division by zero")]
    with pytest.raises(ZeroDivisionError):
        component(nlp.make_doc("bad"))


def test_a_transformer_in_the_biLMs_place(bert: Path, tmp_path: Path) -> None:
    nlp = pipeline(bert)
    doc = nlp("the cats sat.")
    np.testing.assert_array_equal(doc._.elmo, ElmoEmbedder(bilm=bert).embed_sentence(["the", "cats", "sat", "."]))
    np.testing.assert_array_equal(same(nlp, tmp_path)("the cats sat.").tensor, doc.tensor)


# Kept


def same(nlp: Language, folder: Path) -> Language:
    nlp.to_disk(folder / "pipeline")
    return spacy.load(folder / "pipeline")


def test_a_named_biLM_is_kept_by_its_name_and_sha256(tmp_path: Path) -> None:
    nlp = pipeline("mini", layers=[0.2, 0.3, 0.5])
    again = same(nlp, tmp_path)
    assert [path.name for path in (tmp_path / "pipeline/elmo").iterdir()] == ["bilm.json"]
    np.testing.assert_array_equal(again(TEXT).tensor, nlp(TEXT).tensor)
    said = tmp_path / "pipeline/elmo/bilm.json"
    said.write_text(json.dumps(json.loads(said.read_text()) | {"sha256": "0" * 64}))
    with pytest.raises(PipelineError, match='"mini" is not the biLM that the pipeline was saved with: its SHA-256 is'):
        spacy.load(tmp_path / "pipeline")(TEXT)


def test_a_folders_weights_are_kept(folder: Path, tmp_path: Path) -> None:
    nlp = pipeline(folder)
    nlp.to_disk(tmp_path / "pipeline")
    content = nlp.to_bytes()
    copy = pickle.loads(pickle.dumps(nlp.get_pipe("elmo")))
    expected = nlp(TEXT)._.elmo
    shutil.rmtree(folder)
    again = spacy.load(tmp_path / "pipeline")
    shutil.rmtree(tmp_path / "pipeline")
    np.testing.assert_array_equal(again(TEXT)._.elmo, expected)
    np.testing.assert_array_equal(pipeline(folder).from_bytes(content)(TEXT)._.elmo, expected)
    np.testing.assert_array_equal(copy(again.make_doc(TEXT))._.elmo, expected)
    # And once more, without the first one's files.
    np.testing.assert_array_equal(same(again, tmp_path)(TEXT)._.elmo, expected)


def test_without_its_weights_a_folder_must_be_there_and_the_same(
    folder: Path, make_bilm: Callable[..., BiLM], tmp_path: Path
) -> None:
    nlp = pipeline(folder, keep_weights=False)
    expected = nlp(TEXT).tensor
    again = same(nlp, tmp_path)
    np.testing.assert_array_equal(again(TEXT).tensor, expected)
    make_bilm().save(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    with pytest.raises(PipelineError, match="is not the biLM that the pipeline was saved with"):
        spacy.load(tmp_path / "pipeline")(TEXT)
    shutil.rmtree(folder)
    with pytest.raises(PretrainedError, match="There is no biLM"):
        spacy.load(tmp_path / "pipeline")(TEXT)


def test_docs_that_were_written_get_their_hooks_again(folder: Path) -> None:
    nlp = pipeline(folder)
    doc = nlp(TEXT)
    with pytest.warns(UserWarning, match="W109"):
        content = doc.to_bytes()
    read = add_hooks(Doc(nlp.vocab).from_bytes(content))
    one, other = (token for token in read if token.text == "bank")
    assert one.similarity(other) < 0.999
    np.testing.assert_array_equal(read._.elmo, doc._.elmo)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(doc)).vector, doc.vector)
    with pytest.raises(PipelineError, match=r"The doc has no vectors in doc\.tensor"):
        add_hooks(nlp.make_doc("new"))


# Mistakes


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"bilm": "nobody"}, PretrainedError, 'There is no biLM "nobody"'),
        ({"layers": 3}, PipelineError, r"layers is 3; the biLM's layers are 0 to 2\."),
        ({"layers": "top"}, PipelineError, "layers is 'top'; it must be"),
        ({"layers": [1.0]}, PipelineError, "layers has 1 weights; the biLM has 3 layers"),
        ({"batch_size": 0}, PipelineError, "batch_size is 0"),
        ({"cuda_device": 99}, DeviceError, "cuda_device 99"),
    ],
)
def test_settings(folder: Path, config: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pipeline(**{"bilm": folder, **config})(TEXT)


@pytest.mark.parametrize("content", ["", "[]", '{"sha256": 3, "weights": true}', '{"sha256": "0"}'])
def test_a_damaged_folder(folder: Path, tmp_path: Path, content: str) -> None:
    pipeline(folder).to_disk(tmp_path / "pipeline")
    (tmp_path / "pipeline/elmo/bilm.json").write_text(content)
    with pytest.raises(PipelineError, match=r"bilm\.json is damaged"):
        spacy.load(tmp_path / "pipeline")


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_bytes_write_nothing_outside(folder: Path, name: str) -> None:
    component: Any = pipeline(folder).get_pipe("elmo")
    with pytest.raises(PipelineError, match="bytes are damaged"):
        component.from_bytes(srsly.msgpack_dumps({name: b"x"}))
