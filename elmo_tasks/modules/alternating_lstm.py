"""
LSTM layers that read a text in turns from its first and from its last token, each through the other's eyes (Zhou and Xu
2015), with highway connections and recurrent dropout (He et al. 2017, sections 2.1 and 2.2).
"""

from collections.abc import Sequence
from typing import Any

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules import Seq2SeqEncoder
from overrides import overrides
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.checks import check_count, check_flag, check_number

FORGET_BIAS = 1.0
_GATES, _OF_CELL = 5, 3
"""How many of a layer's six parts have a recurrent share, and how many of these the cell is made of; see the layer."""


@Seq2SeqEncoder.register("elmo_alternating_lstm")
class AlternatingLstm(Seq2SeqEncoder):
    """
    Layers of LSTMs one above the other, the first and every second one forward, the others backward.

    A layer gives r * o * tanh(c) + (1 - r) * W x: its highway gate r, which sees the input x and the layer's previous
    output as the other gates do, chooses between the LSTM's output and the input, linearly mapped. What is given recurs
    as the previous output, with the same numbers dropped at each step (Gal and Ghahramani 2016). It is AllenNLP's
    `alternating_lstm` without a bias of the input, faster on a processor: the inputs' share of a whole text is one
    product, steps are done in place, and their gradient is written by hand.

    In He et al. 2017 the next layer does not see what is dropped either, which `drop_outputs` does; in AllenNLP's it
    sees it.

    # Parameters

    input_size : `int`
        Length of a token's vector.
    hidden_size : `int`
        Length of what each layer gives.
    num_layers : `int`
        8 in He et al. 2017.
    recurrent_dropout_probability : `float`, optional (default = `0`)
        Probability of a zero in a layer's previous output; drawn once for a text and a layer.
    drop_outputs : `bool`, optional (default = `False`)
        Whether the same numbers are dropped of what the layer gives.

    # Raises

    `ConfigurationError`
        If a size or the probability is none.

    Registered as a `Seq2SeqEncoder` with name "elmo_alternating_lstm".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        recurrent_dropout_probability: float = 0.0,
        drop_outputs: bool = False,
    ) -> None:
        super().__init__()
        check_count(ConfigurationError, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_number(ConfigurationError, 0, 1, recurrent_dropout_probability=recurrent_dropout_probability)
        check_flag(ConfigurationError, drop_outputs=drop_outputs)
        self._dims = (input_size, hidden_size)
        self.dropout = nn.Dropout(recurrent_dropout_probability)
        self._drop_outputs = drop_outputs
        self.layers = nn.ModuleList(
            HighwayLstmLayer(hidden_size if number else input_size, hidden_size) for number in range(num_layers)
        )

    @overrides
    def get_input_dim(self) -> int:
        return self._dims[0]

    @overrides
    def get_output_dim(self) -> int:
        return self._dims[1]

    @overrides
    def is_bidirectional(self) -> bool:
        return False

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
            What the last layer gives, 0 where there is no token. Shape `(batch, tokens, hidden_size)`.
        """
        if hidden_state is not None:
            raise ValueError("An AlternatingLstm begins with a state of zeros and takes no other.")
        # The steps add up too many small numbers for half precision.
        with torch.autocast(inputs.device.type, enabled=False):
            return self._run(zero_padding(inputs, mask).to(next(self.parameters()).dtype), mask)

    def _run(self, inputs: Tensor, mask: Tensor) -> Tensor:
        lengths, order = mask.sum(dim=1).sort(descending=True, stable=True)
        # How many texts have a token at each step: as the longest come first, they are the first ones.
        sizes = mask.sum(dim=0).tolist()
        # Shape: (tokens, batch, input_size)
        outputs = inputs[order].transpose(0, 1)
        for number, layer in enumerate(self.layers):
            # Shape: (batch, hidden_size)
            kept = self.dropout(outputs.new_ones(len(lengths), self.get_output_dim()))
            outputs = layer(outputs, kept, sizes, backward=number % 2 == 1)
            if self._drop_outputs:
                outputs = outputs * kept
        return outputs.transpose(0, 1)[order.argsort()]


class HighwayLstmLayer(nn.Module):
    """
    One layer, in one direction.

    # Parameters

    input_dim, hidden_dim : `int`
        Lengths of the input and of the output.
    """

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__()
        # Their parts are: candidate, input gate, forget gate, output gate, highway gate; and, of the input only, what
        # the highway carries.
        self.weight = nn.Parameter(torch.empty((_GATES + 1) * hidden_dim, input_dim))
        self.recurrent_weight = nn.Parameter(torch.empty(_GATES * hidden_dim, hidden_dim))
        self.bias = nn.Parameter(torch.empty(_GATES * hidden_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Each part orthogonal, as in He et al. 2017; biases zero but for the forget gate's, `FORGET_BIAS`."""
        hidden_dim = self.recurrent_weight.shape[1]
        for weight in (self.weight, self.recurrent_weight):
            for part in weight.detach().split(hidden_dim):
                nn.init.orthogonal_(part)
        nn.init.zeros_(self.bias)
        nn.init.constant_(self.bias.detach()[2 * hidden_dim : 3 * hidden_dim], FORGET_BIAS)

    def forward(self, inputs: Tensor, kept: Tensor, sizes: Sequence[int], backward: bool) -> Tensor:
        """
        # Parameters

        inputs : `Tensor`
            Texts, the longest first. Shape `(tokens, batch, input_dim)`.
        kept : `Tensor`
            What the previous output is multiplied by, for dropout. Shape `(batch, hidden_dim)`.
        sizes : `Sequence[int]`
            How many texts have a token at each step.
        backward : `bool`
            Whether the layer begins with the last tokens.

        # Returns

        `Tensor`
            0 where there is no token. Shape `(tokens, batch, hidden_dim)`.
        """
        return _HighwayLstm.apply(inputs, self.weight, self.recurrent_weight, self.bias, kept, sizes, backward)


class _HighwayLstm(torch.autograd.Function):
    """
    A layer's steps. States have an empty step at each end, so that each step has one before it; texts that have no
    token at a step keep zeros there, which are a backward text's first state.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor,
        recurrent_weight: Tensor,
        bias: Tensor,
        kept: Tensor,
        sizes: Sequence[int],
        backward: bool,
    ) -> Tensor:
        tokens, batch, _ = inputs.shape
        hidden_dim = recurrent_weight.shape[1]
        gates_dim = _GATES * hidden_dim
        # Shape: (tokens, batch, 6 * hidden_dim)
        parts = torch.matmul(inputs, weight.t())
        parts[..., :gates_dim] += bias
        # Each of shape: (tokens + 2, batch, hidden_dim)
        outputs, cells = (inputs.new_zeros(tokens + 2, batch, hidden_dim) for _ in range(2))
        to_gates = recurrent_weight.t()
        scratch = inputs.new_empty(batch, hidden_dim)
        for step in _steps(tokens, backward):
            size, before = sizes[step], step + (2 if backward else 0)
            # Each of shape: (size, ...)
            gates, carried = parts[step, :size, :gates_dim], parts[step, :size, gates_dim:]
            cell, output, exposed = cells[step + 1, :size], outputs[step + 1, :size], scratch[:size]
            gates.addmm_(torch.mul(outputs[before, :size], kept[:size], out=exposed), to_gates)
            gates[:, :hidden_dim].tanh_()
            gates[:, hidden_dim:].sigmoid_()
            candidate, input_gate, forget_gate, output_gate, highway_gate = gates.split(hidden_dim, dim=-1)
            torch.mul(forget_gate, cells[before, :size], out=cell).addcmul_(input_gate, candidate)
            torch.tanh(cell, out=exposed).mul_(output_gate)
            torch.lerp(carried, exposed, highway_gate, out=output)
        ctx.save_for_backward(inputs, weight, recurrent_weight, kept, parts, outputs, cells)
        ctx.sizes, ctx.is_backward = sizes, backward
        return outputs[1:-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, recurrent_weight, kept, parts, outputs, cells = ctx.saved_tensors
        tokens, batch, hidden_dim = d_outputs.shape
        gates_dim = _GATES * hidden_dim
        before = slice(2, None) if ctx.is_backward else slice(None, -2)
        # What a step's gradients are multiplied by, all at once: those of the cell for the first three parts, those of
        # the output for the others. tanh' = 1 - tanh^2, sigmoid' = sigmoid - sigmoid^2.
        # Each of shape: (tokens, batch, hidden_dim)
        candidate, input_gate, forget_gate, output_gate, highway_gate, carried = parts.split(hidden_dim, dim=-1)
        exposed = cells[1:-1].tanh()
        to_cell = highway_gate * output_gate * (1 - exposed.square())
        # Shape: (tokens, batch, 6 * hidden_dim)
        d_parts = torch.cat(
            [
                input_gate * (1 - candidate.square()),
                candidate * (input_gate - input_gate.square()),
                cells[before] * (forget_gate - forget_gate.square()),
                highway_gate * exposed * (output_gate - output_gate.square()),
                (output_gate * exposed - carried) * (highway_gate - highway_gate.square()),
                1 - highway_gate,
            ],
            dim=-1,
        )
        by_part = d_parts.view(tokens, batch, _GATES + 1, hidden_dim)
        # What flows back into each text's state from the step behind. Each of shape: (batch, hidden_dim)
        d_hiddens, d_cells = (d_outputs.new_zeros(batch, hidden_dim) for _ in range(2))
        for step in reversed(_steps(tokens, ctx.is_backward)):
            size = ctx.sizes[step]
            d_hidden, d_cell = d_hiddens[:size].add_(d_outputs[step, :size]), d_cells[:size]
            d_cell.addcmul_(d_hidden, to_cell[step, :size])
            by_part[step, :size, :_OF_CELL].mul_(d_cell.unsqueeze(1))
            by_part[step, :size, _OF_CELL:].mul_(d_hidden.unsqueeze(1))
            d_cell.mul_(forget_gate[step, :size])
            torch.mm(d_parts[step, :size, :gates_dim], recurrent_weight, out=d_hidden).mul_(kept[:size])
        # Where there is no token nothing has been multiplied.
        for step, size in enumerate(ctx.sizes):
            d_parts[step, size:] = 0
        d_gates = d_parts[..., :gates_dim].flatten(0, 1)
        d_inputs = torch.matmul(d_parts, weight) if ctx.needs_input_grad[0] else None
        d_weight = torch.mm(d_parts.flatten(0, 1).t(), inputs.flatten(0, 1))
        d_recurrent = torch.mm(d_gates.t(), (outputs[before] * kept).flatten(0, 1))
        return d_inputs, d_weight, d_recurrent, d_gates.sum(dim=0), None, None, None


def _steps(tokens: int, backward: bool) -> range:
    return range(tokens - 1, -1, -1) if backward else range(tokens)
