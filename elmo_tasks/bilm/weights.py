"""A biLM's weights as HDF5, in bilm-tf's layout."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.char_cnn import CharCnn
from elmo_tasks.bilm.hdf5 import writing_hdf5
from elmo_tasks.bilm.lstm import BidirectionalLstm
from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.parallel import DIRECTIONS
from elmo_tasks.files import one_line

_MOST_INFLATED = 100
"""A file of n bytes may hold weights of so many times n bytes: HDF5 can claim any shape without storing it."""


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


def check_weights(options: BiLMOptions, path: str | Path) -> None:
    """
    Holds a file's shapes, and its numbers of convolutions and highways, against the options before a biLM of that size
    is made: neither can then have more memory allocated than the file accounts for.

    # Parameters

    options : `BiLMOptions`
    path : `str` or `Path`

    # Raises

    `FileNotFoundError`
    `WeightsError`
        Names the file, the dataset, and both shapes where they differ.
    """
    # Parameters on the device "meta" have shapes and no memory.
    with torch.device("meta"):
        char_cnn, lstm = CharCnn(options), BidirectionalLstm(options)
    with _reading(path) as file:
        for more in (f"CNN/W_cnn_{len(options.filters)}", f"CNN_high_{options.num_highway}"):
            if _item(file, path, more) is not None:
                raise WeightsError(
                    f"{path} has {more}, and the options ask for less of them. "
                    "Do the options and the weights belong together?"
                )
        wanted = ((name, parameter.shape) for name, parameter in _stored(file, char_cnn, lstm))
        # Bytes in float32.
        size = sum(4 * _dataset(file, path, name, tuple(shape)).size for name, shape in wanted)
    if size > _MOST_INFLATED * Path(path).stat().st_size:
        raise WeightsError(f"{path} would grow to {size} bytes, over {_MOST_INFLATED} times the file: it is refused.")


def read_weights(char_cnn: CharCnn, lstm: BidirectionalLstm, path: str | Path) -> None:
    """
    Reads weights into a biLM's parts. Only what is in this file is read: links, and datasets whose values are in other
    files, are refused.

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
    with _reading(path) as file, torch.no_grad():
        if not _has_projection(file, char_cnn):
            weight = char_cnn.projection.weight
            weight.copy_(torch.eye(*weight.shape))
            char_cnn.projection.bias.zero_()
        for name, parameter in _stored(file, char_cnn, lstm):
            parameter.copy_(torch.from_numpy(_read(file, path, name, tuple(parameter.shape))))


@contextmanager
def _reading(path: str | Path) -> Iterator[h5py.File]:
    """The open file. What HDF5 says of a damaged one, in the middle as well, becomes a `WeightsError`."""
    if not Path(path).exists():
        raise FileNotFoundError(f"There is no weight file {path}.")
    try:
        opened = h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read as HDF5; it may be something else, or cut off: download or copy it again. "
            f"({one_line(error)})"
        ) from error
    with opened as file:
        try:
            yield file
        except WeightsError:
            raise
        except (OSError, RuntimeError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(f"{path} is damaged: download or copy it again. ({one_line(error)})") from error


def _stored(file: h5py.File, char_cnn: CharCnn, lstm: BidirectionalLstm) -> Iterator[tuple[str, Tensor]]:
    """`_datasets`, without those that this file leaves out."""
    has_projection = _has_projection(file, char_cnn)
    for name, parameter in _datasets(char_cnn, lstm):
        if has_projection or not name.startswith("CNN_proj/"):
            yield name, parameter


def _has_projection(file: h5py.File, char_cnn: CharCnn) -> bool:
    """bilm-tf does not project where the length is right already."""
    is_square = char_cnn.projection.in_features == char_cnn.projection.out_features
    return not is_square or file.id.links.exists(b"CNN_proj")


def _dataset(file: h5py.File, path: str | Path, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    """The dataset of that name and shape, whose values are numbers in this very file."""
    dataset = _item(file, path, name)
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
    if dataset.is_virtual or dataset.external:
        raise WeightsError(f"{path}: the values of dataset {name} are in another file, which is not read.")
    if dataset.dtype.kind not in "fiu":
        raise WeightsError(f"{path}: dataset {name} holds values of type {dataset.dtype}, not numbers.")
    return dataset


def _item(file: h5py.File, path: str | Path, name: str) -> Any:
    """What is there under that name, `None` for nothing; h5py would follow links to other files."""
    item: Any = file
    for part in name.split("/"):
        link = part.encode()
        if not isinstance(item, h5py.Group) or not item.id.links.exists(link):
            return None
        if item.id.links.get_info(link).type != h5py.h5l.TYPE_HARD:
            raise WeightsError(f"{path}: {name} is a link, which can lead to another file; links are not followed.")
        try:
            item = item[part]
        except (KeyError, OSError, RuntimeError) as error:
            raise WeightsError(
                f"{path}: {name} is damaged: download or copy the file again. ({one_line(error)})"
            ) from error
    return item


def _read(file: h5py.File, path: str | Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    dataset = _dataset(file, path, name, shape)
    try:
        values = dataset[...].astype(np.float32)
    except OSError as error:
        raise WeightsError(
            f"{path}: dataset {name} is damaged: download or copy the file again. ({one_line(error)})"
        ) from error
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
    with writing_hdf5(path) as file:
        for name, parameter in _datasets(char_cnn, lstm):
            values = parameter.detach().to("cpu", torch.float32)
            if round_to_half:
                values = values.half().float()
            if not values.isfinite().all():
                raise WeightsError(f"{path} was not written: {name} holds values that are not finite numbers.")
            # A dataset compresses best in one piece.
            chunks = tuple(values.shape) if compress else None
            file.create_dataset(name, data=values.numpy(), chunks=chunks, **compression)
