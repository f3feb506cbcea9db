"""The biLM's token encoder: character ids to token vectors (Kim et al. 2016; Peters et al. 2018, section 3.4)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.characters import MAX_WORD_LENGTH, NUM_CHARACTER_IDS, PAD
from elmo_tasks.bilm.options import BiLMOptions

_LENGTH_STEP = 4
"""Words are convolved in groups of like length; a group spans this many lengths."""


class Highway(nn.Module):
    """
    One highway layer: `carry * relu(transform(x)) + (1 - carry) * x` (Srivastava et al. 2015).

    # Parameters

    dim : `int`
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.transform = nn.Linear(dim, dim)
        self.carry = nn.Linear(dim, dim)
        # Carry most of the input at first, as bilm-tf does (its carry gate has the opposite sign).
        nn.init.normal_(self.transform.weight, std=dim**-0.5)
        nn.init.normal_(self.carry.weight, std=dim**-0.5)
        nn.init.zeros_(self.transform.bias)
        nn.init.constant_(self.carry.bias, -2.0)

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape `(words, dim)` in and out."""
        return torch.lerp(inputs, torch.relu(self.transform(inputs)), torch.sigmoid(self.carry(inputs)))


class CharCnn(nn.Module):
    """
    Character convolutions of several widths, the maximum of each filter over the word, highway layers, a projection.

    A filter's response to a window that is all padding is one constant, so a word is convolved only as far as it
    reaches and one window beyond: the maximum is that over all 50 positions.

    # Parameters

    options : `BiLMOptions`
    """

    def __init__(self, options: BiLMOptions) -> None:
        super().__init__()
        self.activation = torch.relu if options.activation == "relu" else torch.tanh
        self.projection_after_highway = options.projection_after_highway
        # Row 0, "no token", is never looked up for a word; it is there so that ids index directly.
        self.character_embedding = nn.Parameter(torch.empty(NUM_CHARACTER_IDS, options.character_dim))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(options.character_dim, number, width) for width, number in options.filters
        )
        dim = options.num_filters if self.projection_after_highway else options.projection_dim
        self.highways = nn.ModuleList(Highway(dim) for _ in range(options.num_highway))
        self.projection = nn.Linear(options.num_filters, options.projection_dim)
        nn.init.uniform_(self.character_embedding, -1.0, 1.0)
        with torch.no_grad():
            self.character_embedding[0] = 0.0

    def forward(self, character_ids: Tensor) -> Tensor:
        """
        # Parameters

        character_ids : `Tensor`
            The words' character ids, best each distinct word once. Shape `(words, 50)`.

        # Returns

        `Tensor`
            Token vectors, shape `(words, projection_dim)`.
        """
        if not len(character_ids):
            return self.projection.weight.new_zeros(0, self.projection.out_features)
        vectors = self._convolve(character_ids)
        if not self.projection_after_highway:
            vectors = self.projection(vectors)
        for highway in self.highways:
            vectors = highway(vectors)
        # Shape: (words, projection_dim)
        return self.projection(vectors) if self.projection_after_highway else vectors

    def _convolve(self, character_ids: Tensor) -> Tensor:
        """Groups of like length, each convolved as far as it reaches. Shape `(words, num_filters)`."""
        # Characters a word has, begin and end marks included. Shape: (words,)
        lengths = (character_ids != PAD).sum(dim=1)
        lengths, order = lengths.sort()
        character_ids = character_ids[order]
        steps, sizes = torch.unique_consecutive((lengths + _LENGTH_STEP - 1) // _LENGTH_STEP, return_counts=True)
        groups = character_ids.split(sizes.tolist())
        vectors = torch.cat(
            [self._convolve_group(group, step * _LENGTH_STEP) for group, step in zip(groups, steps.tolist(), strict=True)]
        )
        return vectors[order.argsort()]

    def _convolve_group(self, character_ids: Tensor, length: int) -> Tensor:
        """Words of at most `length` characters. Shape `(words, num_filters)`."""
        # Shape: (words, 50 or less, character_dim)
        embedded = F.embedding(
            character_ids[:, : min(length + self._widest, MAX_WORD_LENGTH)], self.character_embedding
        )
        # Shape: (words, character_dim, 50 or less)
        embedded = embedded.transpose(1, 2).contiguous()
        pooled = [
            convolution(embedded[:, :, : length + convolution.kernel_size[0]]).amax(dim=2)
            for convolution in self.convolutions
        ]
        # The activations never fall, so they commute with the maximum.
        return self.activation(torch.cat(pooled, dim=1))

    @property
    def _widest(self) -> int:
        return max(convolution.kernel_size[0] for convolution in self.convolutions)  # type: ignore[index]
