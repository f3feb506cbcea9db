"""A training step of the tasks' recurrent layers."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from allennlp.common import Params
from allennlp.modules import Seq2SeqEncoder

from benchmarks.inputs import Place
from benchmarks.measure import Rates, in_turn, peak_memory, seconds
from benchmarks.report import Row

_TEXTS, _DIM, _HIDDEN = 32, 200, 100
_ENCODERS: dict[str, dict[str, dict[str, Any]]] = {
    "lstm": {
        "ours": {"type": "elmo_padded_lstm", "bidirectional": True},
        "stock": {"type": "lstm", "bidirectional": True},
    },
    "gru": {
        "ours": {"type": "elmo_padded_gru", "bidirectional": True},
        "stock": {"type": "gru", "bidirectional": True},
    },
    "alternating_lstm": {
        "ours": {"type": "elmo_alternating_lstm", "num_layers": 4},
        "stock": {"type": "alternating_lstm", "num_layers": 4, "use_input_projection_bias": False},
    },
}
"""By their names in stock AllenNLP."""
_NAMES = {
    "lstm": "a bidirectional LSTM",
    "gru": "a bidirectional GRU",
    "alternating_lstm": "a stack of 4 alternating LSTMs",
}


def _lengths(place: Place) -> torch.Tensor:
    """Those of a batch of a question's passages, which are alike in length: 151 to 200 tokens. Shape `(_TEXTS,)`."""
    longest = 8 if place.quick else 200
    return longest - torch.arange(_TEXTS) * (longest // 4) // _TEXTS


def _step(kind: str, side: str, place: Place) -> float:
    """Seconds of a forward pass and all gradients."""
    torch.manual_seed(0)
    lengths = _lengths(place)
    sizes = {"input_size": _DIM, "hidden_size": _HIDDEN}
    encoder = Seq2SeqEncoder.from_params(Params({**_ENCODERS[kind][side], **sizes}))
    # Shapes: (_TEXTS, tokens, _DIM) and (_TEXTS, tokens)
    inputs = torch.randn(_TEXTS, int(lengths.max()), _DIM, requires_grad=True)
    mask = torch.arange(inputs.size(1)) < lengths[:, None]
    return seconds(lambda: encoder(inputs, mask).sum().backward())


def rows(name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """Ours against stock's, for each kind."""
    for kind, encoders in _ENCODERS.items():
        memories = {side: peak_memory(_step, kind, side, place) for side in encoders}
        sides = in_turn({side: partial(_step, kind, side, place) for side in encoders}, runs, place.patience)
        yield Row(
            f"{name}-{kind}",
            f"{_NAMES[kind]}'s step in training, {_TEXTS} texts of {int(_lengths(place).max())} tokens and fewer",
            f"stock `{kind}`",
            replace(sides["ours"], memory=memories["ours"]),
            replace(sides["stock"], memory=memories["stock"]),
            tokens=int(_lengths(place).sum()),
        )
