"""The biLM as ONNX: its layers in onnxruntime are the biLM's own, for any batch and length."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_transformers import bert as bert

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.onnx import OnnxError, export_onnx, largest_difference
from elmo_tasks.transformer import read_source

BATCHES = [
    [["one"]],
    [["The", "cat", "sat", "."], ["It", "slept"]],
    [["a"] * 30, ["👩‍💻", "naïve"], [], ["x" * 500], ["."] * 29, ["İ", "我", "שלום"]],
]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 1, "cell_clip": 0, "projection_clip": 0, "num_highway": 0},
        {"num_layers": 3, "skip_connections": False, "activation": "tanh", "projection_after_highway": False},
    ],
)
def test_layers_are_the_bilms(options: dict[str, object], make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    bilm = make_bilm(**options).eval()
    export_onnx(bilm, tmp_path / "elmo.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "elmo.onnx")
    for sentences in BATCHES:
        ids = bilm.ids(sentences)
        layers, mask = session.run(["layers", "mask"], {"character_ids": ids.numpy()})
        with torch.no_grad():
            wanted = bilm(ids)
        np.testing.assert_allclose(layers, wanted.layers.numpy(), atol=1e-5)
        np.testing.assert_array_equal(mask, wanted.mask.numpy())
    assert largest_difference(bilm, tmp_path / "elmo.onnx") < 1e-5


def test_what_cannot_be_exported_is_said(make_bilm: Callable[..., BiLM], bert: Path, tmp_path: Path) -> None:
    for bilm, message in [
        (make_bilm(stateful=True), "stateful"),
        (make_bilm().to(torch.bfloat16), "take one of float32"),
        (read_source(bert), "transformer"),
    ]:
        with pytest.raises(OnnxError, match=message):
            export_onnx(bilm, tmp_path / "elmo.onnx")
    assert not list(tmp_path.glob("*.onnx"))


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_said(
    package: str, make_bilm: Callable[..., BiLM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OnnxError, match="pip install onnx onnxscript"):
        export_onnx(make_bilm(), tmp_path / "elmo.onnx")
