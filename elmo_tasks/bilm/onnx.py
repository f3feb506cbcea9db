"""The biLM as an ONNX file, for programs without Python or torch: any batch, any length."""

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.char_cnn import CharCnn, Highway
from elmo_tasks.bilm.characters import MAX_WORD_LENGTH
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.lstm import BACKWARD, FORGET_BIAS, FORWARD, LstmLayer
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.files import full_disk_told, writing

INPUT, OUTPUTS = "character_ids", ("layers", "mask")
"""The names of the graph's input and outputs."""


class OnnxError(ValueError):
    """A biLM cannot be written as ONNX."""


def export_onnx(bilm: LayerSource, path: str | Path) -> None:
    """
    Writes a biLM as an ONNX graph.

    Its input is `character_ids`, int64, of shape `(batch, tokens, 50)`, as from `batch_to_ids`: padding behind a
    sentence's tokens only. Its outputs are `layers`, float32, of shape `(batch, num_layers, tokens, output_dim)`, and
    `mask`, bool, of shape `(batch, tokens)`. Batch and tokens are free.

    # Parameters

    bilm : `LayerSource`
        A stateless biLM of single precision.
    path : `str` or `Path`
        An existing file is replaced once the new one is whole.

    # Raises

    `OnnxError`
        If it is a transformer, stateful, or of another precision, or if the packages onnx and onnxscript are not
        installed.
    """
    if not isinstance(bilm, BiLM):
        raise OnnxError("This is a transformer: its own library exports it, see Hugging Face's Optimum.")
    if bilm.stateful:
        raise OnnxError("A stateful biLM has states that ONNX would not keep: take a stateless one.")
    if bilm.dtype != torch.float32:
        raise OnnxError(f"The biLM is of {bilm.dtype}: take one of float32.")
    _check_packages()
    # Not of the sizes 0 and 1, which the exporter would take for constants.
    example = torch.ones(2, 3, MAX_WORD_LENGTH, dtype=torch.int64)
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    # The exporter logs and warns of its own deprecations at each call.
    with warnings.catch_warnings(), _quiet("torch.onnx", "onnxscript", "onnx_ir"), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _PaddedBiLM(bilm).eval(),
            (example,),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes=(sizes,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    with writing(path) as temporary, full_disk_told(path):
        program.save(temporary, external_data=False)


def largest_difference(bilm: LayerSource, path: str | Path) -> float:
    """
    Between the layers of three sentences by the biLM and by its ONNX file in onnxruntime.

    # Raises

    `ModuleNotFoundError`
        If onnxruntime is not installed.
    """
    import onnxruntime

    ids = bilm.ids([["The", "cat", "sat", "on", "the", "mat", "."], ["It", "slept", "."], ["Yes"]])
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    layers, _ = session.run(list(OUTPUTS), {INPUT: ids.numpy()})
    with torch.no_grad():
        return float((bilm(ids).layers - torch.from_numpy(layers)).abs().max())


def _check_packages() -> None:
    for name in ("onnx", "onnxscript"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise OnnxError(
                f"ONNX needs onnx and onnxscript, and {error.name} is not installed: pip install onnx onnxscript."
            ) from None


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Nothing but errors in these logs."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _PaddedBiLM(nn.Module):
    """
    The biLM's arithmetic once more, in operations that can be exported: padded where `BiLM` packs, each word of a batch
    convolved by itself, and the steps as one `scan`.
    """

    def __init__(self, bilm: BiLM) -> None:
        super().__init__()
        self.words = _Words(bilm.char_cnn)
        self.layers = nn.ModuleList(_Layer(layer) for layer in bilm.lstm.layers)  # type: ignore[arg-type]
        self.skip_connections = bilm.lstm.skip_connections
        with torch.no_grad():
            # Shape: (2, projection_dim)
            boundaries = bilm.char_cnn(bilm._boundaries)
        self.register_buffer("boundaries", boundaries)
        self.boundaries: Tensor

    def forward(self, character_ids: Tensor) -> tuple[Tensor, Tensor]:
        mask = (character_ids != 0).any(dim=2)  # (batch, tokens)
        words = self.words(character_ids)  # (batch, tokens, projection_dim)
        # Where each token stands when its sentence is reversed, and back. Shape: (batch, tokens, projection_dim)
        positions = torch.arange(mask.shape[1], device=mask.device)
        places = (mask.sum(dim=1, keepdim=True) - 1 - positions).clamp(min=0).unsqueeze(2).expand_as(words)
        # <S> and the sentence; </S> and the sentence reversed. Shape: (tokens + 1, 2, batch, projection_dim)
        inputs = torch.stack([self._begun(words, FORWARD), self._begun(words.gather(1, places), BACKWARD)], dim=1)
        layers = [torch.cat([words, words], dim=2)]
        for number, layer in enumerate(self.layers):
            outputs = layer(inputs)
            inputs = outputs + inputs if number and self.skip_connections else outputs
            # Each of shape: (batch, tokens, projection_dim)
            forward, backward = (inputs[1:, direction].transpose(0, 1) for direction in (FORWARD, BACKWARD))
            layers.append(torch.cat([forward, backward.gather(1, places)], dim=2))
        # Shape: (batch, num_layers, tokens, output_dim)
        stacked = torch.stack(layers, dim=1)
        return stacked.where(mask[:, None, :, None], 0.0), mask

    def _begun(self, words: Tensor, direction: int) -> Tensor:
        """With the boundary in front, steps first: shape `(batch, tokens, dim)` to `(tokens + 1, batch, dim)`."""
        boundary = self.boundaries[direction].expand(1, words.shape[0], -1)
        return torch.cat([boundary, words.transpose(0, 1)])


class _Words(nn.Module):
    """`CharCnn` over all positions of a word."""

    def __init__(self, cnn: CharCnn) -> None:
        super().__init__()
        self.cnn = cnn

    def forward(self, character_ids: Tensor) -> Tensor:
        """Shape `(batch, tokens, 50)` to `(batch, tokens, projection_dim)`."""
        cnn = self.cnn
        # Shape: (batch * tokens, character_dim, 50)
        characters = F.embedding(character_ids.flatten(end_dim=1), cnn.character_embedding).transpose(1, 2)
        # Shape: (batch * tokens, num_filters)
        vectors = torch.cat([convolution(characters).amax(dim=2) for convolution in cnn.convolutions], dim=1)
        vectors = cnn.activation(vectors)
        if not cnn.projection_after_highway:
            vectors = cnn.projection(vectors)
        for highway in cnn.highways:
            assert isinstance(highway, Highway)
            carry = torch.sigmoid(highway.carry(vectors))
            vectors = carry * torch.relu(highway.transform(vectors)) + (1 - carry) * vectors
        if cnn.projection_after_highway:
            vectors = cnn.projection(vectors)
        return vectors.unflatten(0, character_ids.shape[:2])


class _Layer(nn.Module):
    """`LstmLayer` on padded steps."""

    def __init__(self, layer: LstmLayer) -> None:
        super().__init__()
        input_dim = layer.weight.shape[1] - layer.projection_dim
        self.cell_dim, self.projection_dim = layer.cell_dim, layer.projection_dim
        self.clips = layer.cell_clip, layer.projection_clip
        bias = layer.bias.detach().clone()
        bias[:, 2 * layer.cell_dim : 3 * layer.cell_dim] += FORGET_BIAS
        self.register_buffer("input_weight", layer.weight.detach()[:, :input_dim].clone())
        self.register_buffer("recurrent_weight", layer.weight.detach()[:, input_dim:].clone())
        self.register_buffer("projection_weight", layer.projection_weight.detach().clone())
        self.register_buffer("bias", bias.unsqueeze(1))
        self.input_weight: Tensor
        self.recurrent_weight: Tensor
        self.projection_weight: Tensor
        self.bias: Tensor

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape `(steps, 2, batch, input_dim)` to `(steps, 2, batch, projection_dim)`."""
        gates = inputs @ self.input_weight + self.bias  # (steps, 2, batch, 4 * cell_dim)
        # Shape: (2, batch, projection_dim or cell_dim)
        first = [inputs.new_zeros(2, inputs.shape[2], dim) for dim in (self.projection_dim, self.cell_dim)]
        # Private, and the only loop that the exporter leaves a loop: any other is written out at the example's length.
        from torch._higher_order_ops.scan import scan

        _, outputs = scan(self._step, first, gates)
        return outputs

    def _step(self, state: list[Tensor], of_input: Tensor) -> tuple[list[Tensor], Tensor]:
        hidden, cell = state
        gates = of_input + hidden @ self.recurrent_weight  # (2, batch, 4 * cell_dim)
        input_gate, candidate, forget_gate, output_gate = gates.chunk(4, dim=2)
        cell = torch.sigmoid(forget_gate) * cell + torch.sigmoid(input_gate) * torch.tanh(candidate)
        cell_clip, projection_clip = self.clips
        if cell_clip:
            cell = cell.clamp(-cell_clip, cell_clip)
        hidden = (torch.sigmoid(output_gate) * torch.tanh(cell)) @ self.projection_weight
        if projection_clip:
            hidden = hidden.clamp(-projection_clip, projection_clip)
        # A step's output may not be the state itself.
        return [hidden, cell], hidden.clone()
