"""Which sentences of a batch's documents are read: all of them, or in training a part of a long document."""

from typing import NamedTuple

import torch
from allennlp.data import TextFieldTensors
from allennlp.nn.util import get_text_field_mask
from torch import Tensor


class Window(NamedTuple):
    """The part of a document that is read: its sentences from `first` on, the numbers of their tokens."""

    first: int
    lengths: Tensor


def read_windows(sentences: TextFieldTensors, most: int | None) -> tuple[TextFieldTensors, list[Window]]:
    """
    # Parameters

    sentences : `TextFieldTensors`
        A list of text fields a document, whose ids have the shape `(batch, sentences, tokens, ...)`.
    most : `int`, optional
        Of a longer document only so many sentences in a row are read, from a random one on. None: all are read.

    # Returns

    `tuple[TextFieldTensors, list[Window]]`
        The sentences that are read, of all documents one above another, ids of the shape
        `(all sentences, tokens, ...)`; and what is read of each document.
    """
    # Shape: (batch, sentences)
    lengths = get_text_field_mask(sentences, num_wrapping_dims=1).sum(dim=-1)
    windows, rows = [], []
    for number, of_document in enumerate(lengths):
        first, last = read_part(int((of_document > 0).sum()), most)
        windows.append(Window(first, of_document[first:last]))
        rows.append(torch.arange(first, last, device=lengths.device) + number * lengths.shape[1])
    chosen = torch.cat(rows)
    text = {
        indexer: {name: tensor.flatten(0, 1)[chosen] for name, tensor in tensors.items()}
        for indexer, tensors in sentences.items()
    }
    return text, windows


def read_part(sentences: int, most: int | None) -> tuple[int, int]:
    """The first sentence that is read of a document that has so many, and the one behind the last."""
    if most is None or sentences <= most:
        return 0, sentences
    first = int(torch.randint(sentences - most + 1, ()))
    return first, first + most
