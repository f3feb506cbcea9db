"""A biLM's weights as HDF5, in bilm-tf's layout."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.files import writing
from elmo_tasks.bilm.lstm import BidirectionalLstm
from elmo_tasks.bilm.parallel import DIRECTIONS


class WeightsError(ValueError):
    """A file does not hold a biLM's weights, or another biLM's; or weights cannot be written."""


def _datasets(char_cnn: CharCnn, lstm: BidirectionalLstm) -> Iterator[tuple[str, Tensor]]:
    """Each dataset's name, and its parameter seen in the dataset's shape (a view: what is copied into it counts)."""
    # What is in a module list has no type.
    convolutions: Any = char_cnn.convolutions
    highways: Any = char_cnn.highways
    layers: Any = lstm.layers
    # The row of "no token" is not in the file.
    yield "char_embed", char_cnn.character_embedding[1:]
    for number, convolution in enumerate(convolutions):
        # (filters, character_dim, width) here, (1, width, character_dim, filters) there.
        yield f"CNN/W_cnn_{number}", convolution.weight.permute(2, 1, 0).unsqueeze(0)
        yield f"CNN/b_cnn_{number}", convolution.bias
    for number, highway in enumerate(highways):
        for name, linear in (("transform", highway.transform), ("carry", highway.carry)):
            yield f"CNN_high_{number}/W_{name}", linear.weight.t()
            yield f"CNN_high_{number}/b_{name}", linear.bias
    yield "CNN_proj/W_proj", char_cnn.projection.weight.t()
    yield "CNN_proj/b_proj", char_cnn.projection.bias
    for number, layer in enumerate(layers):
        for direction in range(DIRECTIONS):
            group = f"RNN_{direction}/RNN/MultiRNNCell/Cell{number}/LSTMCell"
            yield f"{group}/W_0", layer.weight[direction]
            yield f"{group}/B", layer.bias[direction]
            yield f"{group}/W_P_0", layer.projection_weight[direction]


def read_weights(char_cnn: CharCnn, lstm: BidirectionalLstm, path: str | Path) -> None:
    """
    Reads weights into a biLM's parts.

    # Parameters

    char_cnn : `CharCnn`
    lstm : `BidirectionalLstm`
        May have fewer layers than the file.
    path : `str` or `Path`

    # Raises

    `FileNotFoundError`
    `WeightsError`
        Names the file, the dataset, and both shapes where they differ. The biLM is then half read.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no weight file {path}.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read as HDF5; it may be something else, or cut off: download or copy it again. ({error})"
        ) from error
    with file, torch.no_grad():
        for name, parameter in _datasets(char_cnn, lstm):
            if name.startswith("CNN_proj/") and "CNN_proj" not in file and _is_square(char_cnn):
                # bilm-tf does not project where the length is right already.
                parameter.copy_(torch.eye(*parameter.shape) if parameter.dim() == 2 else torch.zeros_like(parameter))
                continue
            parameter.copy_(torch.from_numpy(_read(file, path, name, tuple(parameter.shape))))


def _is_square(char_cnn: CharCnn) -> bool:
    return char_cnn.projection.in_features == char_cnn.projection.out_features


def _read(file: h5py.File, path: str | Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise WeightsError(
            f"{path}: there is no dataset {name} of shape {shape}, which the options ask for. "
            "Do the options and the weights belong together?"
        )
    if dataset.shape != shape:
        raise WeightsError(
            f"{path}: dataset {name} has shape {dataset.shape}, but the options ask for {shape}. "
            "Do the options and the weights belong together?"
        )
    try:
        values = dataset[...].astype(np.float32)
    except OSError as error:
        raise WeightsError(f"{path}: dataset {name} is damaged: download or copy the file again. ({error})") from error
    if not np.isfinite(values).all():
        raise WeightsError(f"{path}: dataset {name} holds values that are not finite numbers.")
    return values


def write_weights(
    char_cnn: CharCnn, lstm: BidirectionalLstm, path: str | Path, compress: bool = False, round_to_half: bool = False
) -> None:
    """
    Writes the weights of a biLM's parts in float32; bilm-tf and AllenNLP read the file.

    # Parameters

    char_cnn : `CharCnn`
    lstm : `BidirectionalLstm`
    path : `str` or `Path`
        An existing file is replaced once the new one is whole.
    compress : `bool`
        Whether to compress the datasets (HDF5's gzip and byte shuffle, which every reader of HDF5 undoes).
    round_to_half : `bool`
        Whether to round the values to half precision. They are still stored as float32, but compress to about half.

    # Raises

    `WeightsError`
        If a value is not finite, or too large for half precision. Nothing is written then.
    """
    compression: dict[str, Any] = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if compress else {}
    with writing(path) as temporary, h5py.File(temporary, "w") as file:
        for name, parameter in _datasets(char_cnn, lstm):
            values = parameter.detach().to("cpu", torch.float32)
            if round_to_half:
                values = values.half().float()
            if not values.isfinite().all():
                raise WeightsError(f"{path} was not written: {name} holds values that are not finite numbers.")
            # A dataset compresses best in one piece.
            chunks = tuple(values.shape) if compress else None
            file.create_dataset(name, data=values.numpy(), chunks=chunks, **compression)
