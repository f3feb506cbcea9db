"""bilm-tf's formulas in plain numpy, a reference for the biLM."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _token_vectors(weights: h5py.File, cnn: dict, character_ids: np.ndarray) -> np.ndarray:
    """Every one of the 50 positions is convolved. Shape `(tokens, projection_dim)`."""
    # bilm-tf's own ids are one less. Shape: (tokens, 50, character_dim)
    embedded = weights["char_embed"][...][character_ids - 1]
    features = []
    for number, (width, _) in enumerate(cnn["filters"]):
        # Shape: (width, character_dim, filters)
        kernel, bias = weights[f"CNN/W_cnn_{number}"][0], weights[f"CNN/b_cnn_{number}"][...]
        positions = range(embedded.shape[1] - width + 1)
        responses = [np.einsum("twc,wcf->tf", embedded[:, p : p + width], kernel) + bias for p in positions]
        maximum = np.max(responses, axis=0)
        features.append(np.tanh(maximum) if cnn["activation"] == "tanh" else np.maximum(maximum, 0))
    vectors = np.concatenate(features, axis=1)

    def project(x: np.ndarray) -> np.ndarray:
        return x @ weights["CNN_proj/W_proj"][...] + weights["CNN_proj/b_proj"][...] if "CNN_proj" in weights else x

    after = cnn.get("projection_after_highway", True)
    if not after:
        vectors = project(vectors)
    for number in range(cnn.get("n_highway") or 0):
        parts = {name: part[...] for name, part in weights[f"CNN_high_{number}"].items()}
        carry = _sigmoid(vectors @ parts["W_carry"] + parts["b_carry"])
        vectors = carry * np.maximum(vectors @ parts["W_transform"] + parts["b_transform"], 0) + (1 - carry) * vectors
    return project(vectors) if after else vectors


def _run_lstm(parts: h5py.Group, lstm: dict, inputs: np.ndarray) -> np.ndarray:
    """One layer in one direction. Shape `(tokens, projection_dim)`."""
    cell, hidden = np.zeros(lstm["dim"]), np.zeros(lstm["projection_dim"])
    outputs = []
    for row in inputs:
        gates = np.concatenate([row, hidden]) @ parts["W_0"][...] + parts["B"][...]
        input_gate, candidate, forget_gate, output_gate = np.split(gates, 4)
        cell = _sigmoid(forget_gate + 1.0) * cell + _sigmoid(input_gate) * np.tanh(candidate)
        if lstm["cell_clip"]:
            cell = np.clip(cell, -lstm["cell_clip"], lstm["cell_clip"])
        hidden = (_sigmoid(output_gate) * np.tanh(cell)) @ parts["W_P_0"][...]
        if lstm["proj_clip"]:
            hidden = np.clip(hidden, -lstm["proj_clip"], lstm["proj_clip"])
        outputs.append(hidden)
    return np.stack(outputs)


@pytest.fixture
def reference() -> Callable[[Path, Path, np.ndarray], np.ndarray]:
    """
    bilm-tf's formulas, step by step, on its files: `reference(options_file, weight_file, character_ids)`.

    `character_ids` is one sentence with its boundaries, shape `(tokens, 50)`; the layers that come back have shape
    `(num_layers, tokens, 2 * projection_dim)`.
    """

    def run(options_file: Path, weight_file: Path, character_ids: np.ndarray) -> np.ndarray:
        options = json.loads(options_file.read_text())
        with h5py.File(weight_file) as weights:
            vectors = _token_vectors(weights, options["char_cnn"], character_ids).astype(np.float64)
            directions = [vectors, vectors[::-1]]
            layers = [np.concatenate([vectors, vectors], axis=1)]
            for layer in range(options["lstm"]["n_layers"]):
                for direction in range(2):
                    parts = weights[f"RNN_{direction}/RNN/MultiRNNCell/Cell{layer}/LSTMCell"]
                    output = _run_lstm(parts, options["lstm"], directions[direction])
                    if layer and options["lstm"]["use_skip_connections"]:
                        output = output + directions[direction]
                    directions[direction] = output
                layers.append(np.concatenate([directions[0], directions[1][::-1]], axis=1))
        return np.stack(layers)

    return run
