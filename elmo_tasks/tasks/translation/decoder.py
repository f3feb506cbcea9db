"""A decoder that attends to a source text, whose steps in training are a few large products."""

from typing import NamedTuple

import torch
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.modules.attention import attend


class Memory(NamedTuple):
    """
    What the decoder attends to: a batch's source texts.

    # Parameters

    vectors : `Tensor`
        Shape `(batch, source tokens, memory_dim)`.
    mask : `Tensor`
        Where there is a token; each text has one at least. Shape `(batch, source tokens)`, bool.
    """

    vectors: Tensor
    mask: Tensor


class State(NamedTuple):
    """Of both GRUs, after the tokens that were read. Each of shape `(batch, hidden_dim)`."""

    first: Tensor
    second: Tensor


class AttentionDecoder(nn.Module):
    """
    Two GRUs with attention between them: the first reads the target's tokens, its states ask the source texts
    (bilinear attention, Luong et al. 2015), and the second reads these states and what was answered. A readout layer
    with tanh takes the second's state, the answer and the token itself, and the tokens' embeddings are the output layer
    too (Press and Wolf 2017).

    The attention is not fed back into the first GRU. So a text that is known needs no loop over its tokens outside the
    GRUs, and one product each for attention, readout and vocabulary.

    # Parameters

    vocabulary_size : `int`
        Number of target tokens; number 0 is padding.
    embedding_dim : `int`
        Length of a target token's vector.
    memory_dim : `int`
        Length of a source token's vector.
    hidden_dim : `int`
        Length of a GRU's state.
    embedding_dropout : `float`
        Of the tokens' vectors where they are read.
    output_dropout : `float`
        Of what the readout takes and gives.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int,
        memory_dim: int,
        hidden_dim: int,
        embedding_dropout: float,
        output_dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim, padding_idx=0)
        # Small, as they are the output layer's weights too.
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.output_bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.initial = nn.Linear(memory_dim, 2 * hidden_dim)
        self.first = nn.GRU(embedding_dim, hidden_dim, batch_first=True)
        self.query = nn.Linear(hidden_dim, memory_dim, bias=False)
        self.second = nn.GRU(hidden_dim + memory_dim, hidden_dim, batch_first=True)
        self.readout = nn.Linear(hidden_dim + memory_dim + embedding_dim, embedding_dim)
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        self.output_dropout = nn.Dropout(output_dropout)

    def start(self, memory: Memory) -> State:
        """Before the first token: from the mean of the source's vectors."""
        weights = memory.mask / memory.mask.sum(dim=1, keepdim=True)  # (batch, source tokens)
        mean = torch.einsum("bs,bsd->bd", weights.to(memory.vectors.dtype), memory.vectors)
        first, second = self.initial(mean).tanh().chunk(2, dim=-1)
        return State(first, second)

    @overrides(check_signature=False)
    def forward(self, tokens: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """
        # Parameters

        tokens : `Tensor`
            The next tokens of each text, all at once in training and one in a search. Shape `(batch, tokens)`.
        state : `State`
            After the tokens before them.
        memory : `Memory`

        # Returns

        `tuple[Tensor, State]`
            After each token, what `logits` takes, of shape `(batch, tokens, embedding_dim)`; and the state after the
            last one.
        """
        embedded = self.embedding_dropout(self.embedding(tokens))  # (batch, tokens, embedding_dim)
        first, last_first = self.first(embedded, state.first.unsqueeze(0))  # (batch, tokens, hidden_dim)
        # Shape: (batch, tokens, source tokens)
        scores = torch.bmm(self.query(first), memory.vectors.transpose(1, 2))
        answers = attend(scores, memory.vectors, memory.mask)  # (batch, tokens, memory_dim)
        second, last_second = self.second(torch.cat([first, answers], dim=-1), state.second.unsqueeze(0))
        read = self.output_dropout(torch.cat([second, answers, embedded.to(second.dtype)], dim=-1))
        return self.output_dropout(self.readout(read).tanh()), State(last_first.squeeze(0), last_second.squeeze(0))

    def logits(self, readouts: Tensor) -> Tensor:
        """Of the token that comes next. Shapes `(..., embedding_dim)` to `(..., vocabulary_size)`."""
        return F.linear(readouts, self.embedding.weight, self.output_bias)
