"""LSTMs and GRUs that train faster on a processor than packed ones."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from allennlp.modules import Seq2SeqEncoder
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.bilm.padding import zero_padding


@Seq2SeqEncoder.register("elmo_padded_lstm", constructor="lstm")
@Seq2SeqEncoder.register("elmo_padded_gru", constructor="gru")
class PaddedRnn(Seq2SeqEncoder):
    """
    The same function as AllenNLP's stateless `lstm` and `gru`, computed over padding too, as if it were zeros.

    PyTorch packs a batch of unequal lengths and slices the packed tokens at every step; on a processor the gradient of
    each slice is as large as the whole batch, so training takes time with the square of the length. A padded batch has
    no such slices, and its LSTM is a single operation. Padding follows each text, where nothing that comes before can
    see it; the backward direction runs over each text reversed in its place.

    # Parameters

    module : `type[nn.LSTM] | type[nn.GRU]`
    input_size : `int`
        Length of a token's vector.
    hidden_size : `int`
        Length of what one direction gives.
    num_layers : `int`, optional (default = `1`)
    dropout : `float`, optional (default = `0`)
        Between layers.
    bidirectional : `bool`, optional (default = `False`)

    Registered as a `Seq2SeqEncoder` with names "elmo_padded_lstm" and "elmo_padded_gru".
    """

    def __init__(
        self,
        module: type[nn.LSTM] | type[nn.GRU],
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self._dims = (input_size, hidden_size * (2 if bidirectional else 1))
        self.forward_layers, self.backward_layers = nn.ModuleList(), nn.ModuleList()
        for layer in range(num_layers):
            size = self.get_output_dim() if layer else input_size
            self.forward_layers.append(module(size, hidden_size, batch_first=True))
            if bidirectional:
                self.backward_layers.append(module(size, hidden_size, batch_first=True))
        self.dropout = nn.Dropout(dropout)

    @classmethod
    def lstm(
        cls, input_size: int, hidden_size: int, num_layers: int = 1, dropout: float = 0.0, bidirectional: bool = False
    ) -> "PaddedRnn":
        """For configs. Parameters as above."""
        return cls(nn.LSTM, input_size, hidden_size, num_layers, dropout, bidirectional)

    @classmethod
    def gru(
        cls, input_size: int, hidden_size: int, num_layers: int = 1, dropout: float = 0.0, bidirectional: bool = False
    ) -> "PaddedRnn":
        """For configs. Parameters as above."""
        return cls(nn.GRU, input_size, hidden_size, num_layers, dropout, bidirectional)

    @overrides
    def get_input_dim(self) -> int:
        return self._dims[0]

    @overrides
    def get_output_dim(self) -> int:
        return self._dims[1]

    @overrides
    def is_bidirectional(self) -> bool:
        return len(self.backward_layers) > 0

    @overrides(check_signature=False)
    def forward(self, inputs: Tensor, mask: Tensor, hidden_state: Any = None) -> Tensor:
        """
        # Parameters

        inputs : `Tensor`
            Shape `(batch, tokens, input_size)`.
        mask : `Tensor`
            Where there is a token; in each row the first ones. Shape `(batch, tokens)`, bool.

        # Returns

        `Tensor`
            What the last layer gives, 0 where there is no token. Shape `(batch, tokens, output_dim)`.
        """
        if hidden_state is not None:
            raise ValueError("A PaddedRnn begins with a state of zeros and takes no other.")
        with _in_full_precision(inputs.device):
            return self._run(inputs, mask)

    def _run(self, inputs: Tensor, mask: Tensor) -> Tensor:
        # Shape: (batch, tokens)
        mirror = _mirror(mask)
        outputs = zero_padding(inputs, mask)
        if not torch.is_autocast_enabled(inputs.device.type):
            outputs = outputs.to(next(self.parameters()).dtype)
        for number, forward in enumerate(self.forward_layers):
            layer_inputs = self.dropout(outputs) if number else outputs
            outputs = forward(layer_inputs)[0]  # (batch, tokens, hidden_size)
            if self.is_bidirectional():
                mirrored = self.backward_layers[number](_take(layer_inputs, mirror))[0]
                # Shape: (batch, tokens, 2 * hidden_size)
                outputs = torch.cat([outputs, _take(mirrored, mirror)], dim=-1)
        return zero_padding(outputs, mask)


def _in_full_precision(device: torch.device) -> AbstractContextManager[Any]:
    """
    Without autocast on a processor: oneDNN's LSTM in bfloat16 is for those with AVX-512 alone, and fails on others; in
    float16 there is none.
    """
    return torch.autocast("cpu", enabled=False) if device.type == "cpu" else nullcontext()


def _mirror(mask: Tensor) -> Tensor:
    """For each place of a text the place of its mirror image; padding stays. Shape `(batch, tokens)`."""
    places = torch.arange(mask.size(1), device=mask.device)
    mirrored = mask.sum(dim=1, keepdim=True) - 1 - places
    return torch.where(mask, mirrored, places)


def _take(vectors: Tensor, places: Tensor) -> Tensor:
    """Each row's vectors at `places`, whose shape is `(batch, tokens)`. Shape `(batch, tokens, dim)`."""
    return vectors.gather(1, places.unsqueeze(-1).expand_as(vectors))
