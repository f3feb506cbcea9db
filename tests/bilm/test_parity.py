"""The biLM against TensorFlow's figures and against stock AllenNLP."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from allennlp.modules.elmo import Elmo, _ElmoBiLm

from elmo_tasks.bilm import BiLM, BiLMOutput, batch_to_ids
from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden" / "bilm_tf"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"TensorFlow's figures are not at {GOLDEN}")
TOLERANCE = 1e-5


@needs_golden
def test_tensorflows_activations_over_ten_batches() -> None:
    """Three texts of ten sentences; the batches are the first sentences, the second ones, and so on."""
    bilm = BiLM.from_files(GOLDEN / "options.json", GOLDEN / "lm_weights.hdf5", stateful=True)
    texts = json.loads((GOLDEN / "sentences.json").read_text())
    expected = [h5py.File(GOLDEN / f"lm_embeddings_{number}.hdf5") for number in range(len(texts))]
    dim = bilm.options.projection_dim
    for number in range(10):
        output = bilm(batch_to_ids([text[number].split() for text in texts]))
        for row in range(len(texts)):
            top = output.layers[row, -1, output.mask[row]].numpy()
            # Shape: (2, tokens, projection_dim)
            golden = expected[row][str(number)][...]
            np.testing.assert_allclose(top[:, :dim], golden[0], rtol=0, atol=TOLERANCE)
            np.testing.assert_allclose(top[:, dim:], golden[1], rtol=0, atol=TOLERANCE)


@needs_golden
def test_tensorflows_token_vectors() -> None:
    bilm = BiLM.from_files(GOLDEN / "options.json", GOLDEN / "lm_weights.hdf5")
    words = (GOLDEN / "vocab_test.txt").read_text(encoding="utf-8").split()
    ids = batch_to_ids([words])
    # In a vocabulary file these two are the boundaries.
    for word, boundary in (("<S>", SENTENCE_START_IDS), ("</S>", SENTENCE_END_IDS)):
        ids[0, words.index(word)] = torch.tensor(boundary)
    with h5py.File(GOLDEN / "elmo_token_embeddings.hdf5") as file:
        golden = file["embedding"][...]
    tokens = bilm(ids).layers[0, 0].numpy()
    np.testing.assert_allclose(tokens, np.concatenate([golden, golden], axis=1), rtol=0, atol=TOLERANCE)


def batches() -> Iterator[list[list[str]]]:
    """Random sentences in batches of changing size, some empty."""
    chance = random.Random(5)
    for size in (3, 5, 2, 1, 6, 4):
        lengths = [chance.choice([0, 1, 3, 7, 12]) for _ in range(size)]
        yield [
            ["".join(chance.choices("abcdeé東", k=chance.choice([1, 2, 5, 9, 47, 60]))) for _ in range(length)]
            for length in lengths
        ]
    yield [[], [], ["word"]]
    yield [["one"], ["two", "three"]]


def assert_stocks(ours: BiLMOutput, stock: dict, batch: list[list[str]]) -> None:
    layers = torch.stack(stock["activations"], dim=1)
    for row, sentence in enumerate(batch):
        expected = layers[row, :, 1 : 1 + len(sentence)]
        torch.testing.assert_close(ours.layers[row, :, : len(sentence)], expected, rtol=0, atol=TOLERANCE)
        assert not ours.layers[row, :, len(sentence) :].any()
        assert ours.mask[row].sum() == len(sentence)


GRID = [
    {"num_layers": layers, "activation": activation, "num_highway": highways, "cell_clip": clip}
    for layers, activation, highways, clip in [
        (1, "relu", 1, 0.6),
        (1, "tanh", 2, 0.0),
        (2, "relu", 2, 0.0),
        (2, "tanh", 1, 0.6),
        (3, "relu", 0, 0.6),
        (3, "tanh", 2, 0.6),
    ]
]


@pytest.mark.parametrize("changes", GRID)
def test_stocks_activations(changes: dict, make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    """Stateful over several calls against one stock biLM, stateless against a fresh one for each call."""
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    stateful = make_bilm(stateful=True, projection_clip=changes["cell_clip"] / 2, **changes)
    stateful.save(*files)
    stateless = BiLM.from_files(*files)
    stock, fresh_stock = _ElmoBiLm(*map(str, files)), _ElmoBiLm(*map(str, files))
    for batch in batches():
        ids = batch_to_ids(batch)
        with torch.no_grad():
            assert_stocks(stateful(ids), stock(ids), batch)
            fresh_stock._elmo_lstm.reset_states()
            assert_stocks(stateless(ids), fresh_stock(ids), batch)


def test_reset_states_is_stocks(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    bilm = make_bilm(stateful=True)
    bilm.save(*files)
    stock = _ElmoBiLm(*map(str, files))
    for batch in batches():
        ids = batch_to_ids(batch)
        if len(batch) == 2:
            bilm.reset_states()
            stock._elmo_lstm.reset_states()
        with torch.no_grad():
            assert_stocks(bilm(ids), stock(ids), batch)


@pytest.mark.parametrize("compress", [False, True])
def test_stock_elmo_reads_what_we_write(compress: bool, make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    files = (tmp_path / "options.json", tmp_path / "weights.hdf5")
    bilm = make_bilm()
    bilm.save(*files, compress=compress)
    batch = [["A", "sentence", "."], ["Another"]]
    ids = batch_to_ids(batch)
    for layer in range(bilm.num_layers):
        only_this = [0.0 if number == layer else -9e10 for number in range(bilm.num_layers)]
        stock = Elmo(*map(str, files), num_output_representations=1, dropout=0.0, scalar_mix_parameters=only_this)
        expected = stock(ids)
        output = bilm(ids)
        torch.testing.assert_close(output.layers[:, layer], expected["elmo_representations"][0], rtol=0, atol=TOLERANCE)
        assert torch.equal(output.mask, expected["mask"])
