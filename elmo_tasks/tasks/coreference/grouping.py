"""Sentences of unlike lengths encoded apart, so that a long one does not have all others padded to its length."""

from collections.abc import Callable

import torch
from allennlp.data import TextFieldTensors
from allennlp.nn.util import get_text_field_mask
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length

TOKENS_AT_ONCE = 2**14
"""So many are read at once at most, padding counted; a sentence is longer. Most documents are read in one go."""


def in_groups(
    text: TextFieldTensors, encode: Callable[[TextFieldTensors], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """
    What `encode` gives of a text's tokens, computed group by group.

    # Parameters

    text : `TextFieldTensors`
        Ids of the shape `(sentences, tokens, ...)`.
    encode : `Callable[[TextFieldTensors], tuple[Tensor, Tensor]]`
        Of some of its sentences, tensors of the shape `(their tokens, dim)`, padding left out.

    # Returns

    `tuple[Tensor, Tensor]`
        In the text's order. Shapes `(all tokens, dim)`.
    """
    # Shape: (sentences, tokens)
    mask = get_text_field_mask(text)
    lengths = mask.sum(dim=1).tolist()
    groups = list(batches_by_length(range(len(lengths)), lengths.__getitem__, len(lengths), TOKENS_AT_ONCE))
    numbers = mask.flatten().cumsum(dim=0).view_as(mask)  # (sentences, tokens)
    order = torch.cat([numbers[rows][mask[rows]] for rows in groups]).argsort()
    first, second = zip(*(encode(part_of(text, rows, lengths[rows[0]])) for rows in groups), strict=True)
    return torch.cat(first)[order], torch.cat(second)[order]


def part_of(text: TextFieldTensors, rows: list[int], longest: int) -> TextFieldTensors:
    """Some of a text's sentences, cut off behind so many tokens, which the longest of them has."""
    tokens = get_text_field_mask(text).shape[1]
    return {
        indexer: {
            # What has no row a token, such as pieces of words, stays as long as it is.
            name: tensor[rows, :longest] if tensor.shape[1] == tokens else tensor[rows]
            for name, tensor in tensors.items()
        }
        for indexer, tensors in text.items()
    }
