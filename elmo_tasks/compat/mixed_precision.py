"""
Encoders under autocast.

What it mends: AllenNLP 2.10.1's `cnn` marks what there is not with the lowest number of one type, and looks for that of
another, with any torch that has autocast.
How one sees it: the loss is NaN, or vectors of short words and of padding are huge, with `"use_amp": true`.
Until when: as long as AllenNLP is used.
"""

import torch
from allennlp.modules.seq2vec_encoders import CnnEncoder
from torch import BoolTensor, Tensor

from elmo_tasks.compat.replacing import replacement, stock_of


def apply() -> None:
    """Applies all of it."""
    run_cnns_in_full_precision()


def run_cnns_in_full_precision() -> None:
    """
    Has AllenNLP's `cnn` encoder (of characters, above all) compute in float32 under mixed precision too.

    What broke: a word shorter than a filter is wide, such as "." or padding, should have the vector 0. Under autocast
    its numbers are the lowest of the half precision type (-65504, -3.4e38): the encoder marks such words with the
    lowest number of one type, and looks for that of another. What follows is saturated, infinite or NaN.
    With which version: any that has autocast, on processors and GPUs.
    When it can go: not while AllenNLP is used.
    """
    forward = stock_of(CnnEncoder.forward)

    def in_full_precision(self: CnnEncoder, tokens: Tensor, mask: BoolTensor) -> Tensor:
        if not torch.is_autocast_enabled(tokens.device.type):
            return forward(self, tokens, mask)
        with torch.autocast(tokens.device.type, enabled=False):
            return forward(self, tokens.float(), mask)

    CnnEncoder.forward = replacement(in_full_precision, forward)  # type: ignore[method-assign]
