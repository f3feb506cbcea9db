"""A training step of the tasks' recurrent layers."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from allennlp.common import Params
from allennlp.modules import Seq2SeqEncoder

from benchmarks.inputs import Place
from benchmarks.measure import Rates, in_turn, peak_memory, seconds
from benchmarks.report import Row

_TEXTS, _DIM, _HIDDEN = 32, 200, 100
_KINDS = ("lstm", "gru")
_PREFIXES = {"ours": "elmo_padded_", "stock": ""}


def _lengths(place: Place) -> torch.Tensor:
    """Those of a batch of a question's passages, which are alike in length: 151 to 200 tokens. Shape `(_TEXTS,)`."""
    longest = 8 if place.quick else 200
    return longest - torch.arange(_TEXTS) * (longest // 4) // _TEXTS


def _step(kind: str, side: str, place: Place) -> float:
    """Seconds of a forward pass and all gradients."""
    torch.manual_seed(0)
    lengths = _lengths(place)
    params = {"type": _PREFIXES[side] + kind, "input_size": _DIM, "hidden_size": _HIDDEN, "bidirectional": True}
    encoder = Seq2SeqEncoder.from_params(Params(params))
    # Shapes: (_TEXTS, tokens, _DIM) and (_TEXTS, tokens)
    inputs = torch.randn(_TEXTS, int(lengths.max()), _DIM, requires_grad=True)
    mask = torch.arange(inputs.size(1)) < lengths[:, None]
    return seconds(lambda: encoder(inputs, mask).sum().backward())


def rows(name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """Ours against stock's, for each kind."""
    for kind in _KINDS:
        memories = {side: peak_memory(_step, kind, side, place) for side in _PREFIXES}
        sides = in_turn({side: partial(_step, kind, side, place) for side in _PREFIXES}, runs, place.patience)
        yield Row(
            f"{name}-{kind}",
            f"a bidirectional {kind.upper()}'s step in training, {_TEXTS} texts of {int(_lengths(place).max())} tokens "
            "and fewer",
            f"stock `{kind}`",
            replace(sides["ours"], memory=memories["ours"]),
            replace(sides["stock"], memory=memories["stock"]),
            tokens=int(_lengths(place).sum()),
        )
