"""What one does with a biLM without AllenNLP, with a transformer in its place."""

from pathlib import Path

import h5py
import numpy as np
import torch
from tiny_transformers import PLAIN

from elmo_tasks import Elmo, ElmoEmbedder
from elmo_tasks.transformer import read_transformer
from elmo_tasks.vectors.nearest_words import nearest_without_context
from elmo_tasks.vectors.neighbors import Occurrence, nearest_occurrences, sentences_to_search
from elmo_tasks.vectors.static_vectors import token_vectors, write_words

SENTENCES = [PLAIN, ["the", "cat", "sat", "."], ["anna", "sees", "the", "mat", "."]]


def layers_of(bert: Path, sentence: list[str]) -> np.ndarray:
    transformer = read_transformer(bert)
    return transformer(transformer.ids([sentence])).layers[0].numpy()


def test_embedder(bert: Path, tmp_path: Path) -> None:
    embedder = ElmoEmbedder(bilm=bert)
    for sentence, vectors in zip(SENTENCES, embedder.embed_batch(SENTENCES), strict=True):
        np.testing.assert_allclose(vectors, layers_of(bert, sentence), rtol=1e-4, atol=1e-5)
    assert embedder.embed_sentence([]).shape == (3, 0, 16)
    # 300 words, of more pieces than there are positions.
    assert np.isfinite(embedder.embed_sentence(PLAIN * 30)).all()
    (vector,) = embedder.sentence_vectors([PLAIN], weights=[0.0, 1.0, 2.0])
    assert vector.shape == (16,)
    lines = [" ".join(sentence) for sentence in SENTENCES]
    embedder.embed_file(lines, tmp_path / "layers.hdf5")
    with h5py.File(tmp_path / "layers.hdf5") as file:
        for number, sentence in enumerate(SENTENCES):
            np.testing.assert_allclose(file[str(number)][()], layers_of(bert, sentence), rtol=1e-4, atol=1e-5)


def test_mixes_in_a_torch_model(bert: Path) -> None:
    transformer = read_transformer(bert)
    elmo = Elmo(module=transformer, num_output_representations=2, dropout=0.0)
    ids = transformer.ids(SENTENCES)
    output = elmo(ids)
    for vectors in output["elmo_representations"]:
        torch.testing.assert_close(vectors, transformer(ids).layers.mean(dim=1))
    assert torch.equal(output["mask"], transformer.token_mask(ids))
    again = Elmo(module=read_transformer(bert), num_output_representations=2, dropout=0.0)
    again.load_state_dict(elmo.state_dict())
    assert elmo.get_output_dim() == 16


def test_neighbors(bert: Path, tmp_path: Path) -> None:
    transformer = read_transformer(bert)
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(" ".join(sentence) for sentence in SENTENCES))
    query = Occurrence(["the", "cat", "sees", "anna"], 1)
    sentences = sentences_to_search(corpus, [query], same_word=False)
    ((best, *_),) = nearest_occurrences(transformer, [query], sentences, k=3, layer=0)
    assert best.occurrence.word == "cat"
    wanted = torch.from_numpy(layers_of(bert, list(query.tokens))[0, 1])
    found = torch.from_numpy(layers_of(bert, list(best.occurrence.tokens))[0, best.occurrence.position])
    assert torch.allclose(torch.cosine_similarity(wanted, found, dim=0), torch.tensor(best.cosine), atol=1e-5)
    _, near = nearest_without_context("the", transformer, corpus, k=20)
    assert {other for _, other in near} == {word for sentence in SENTENCES for word in sentence} - {"the"}


def test_static_vectors(bert: Path, tmp_path: Path) -> None:
    (batch,) = token_vectors(read_transformer(bert), ["the", "unmatable"])
    for word, vector in zip(batch.words, batch.vectors, strict=True):
        np.testing.assert_allclose(vector, layers_of(bert, [word])[0, 0], rtol=1e-4, atol=1e-6)
    (tmp_path / "words.txt").write_text("the\ncat\n")
    assert write_words(read_transformer(bert), tmp_path / "words.txt", tmp_path / "vectors.txt") == 2
    assert [len(line.split()) for line in (tmp_path / "vectors.txt").read_text().splitlines()] == [17, 17]
