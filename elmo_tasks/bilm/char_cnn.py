"""The biLM's token encoder: character ids to token vectors (Kim et al. 2016; Peters et al. 2018, section 3.4)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from elmo_tasks.bilm.characters import MAX_WORD_LENGTH, NUM_CHARACTER_IDS, PAD
from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.packing import pack
from elmo_tasks.bilm.precision import wide

_FEW_WORDS = range(8, 129)
"""
A processor's libraries multiply so few rows by a large matrix faster the other way round: 26 words by one of 2,048 x
4,096 in 11 ms instead of 17 (MKL, one core).
"""


def _product(linear: nn.Module, inputs: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The product in this precision, by default the weights', its result in the inputs'."""
    if not isinstance(linear, nn.Linear):  # of 8-bit numbers
        return linear(inputs)
    weight, bias = (part.to(dtype or part.dtype) for part in (linear.weight, linear.bias))
    narrow = inputs.to(weight.dtype)
    if inputs.is_cpu and len(inputs) in _FEW_WORDS:
        product = torch.addmm(bias.unsqueeze(1), weight, narrow.t().contiguous()).t().contiguous()
    else:
        product = F.linear(narrow, weight, bias)
    return product.to(inputs.dtype)


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
        # Let most of the input through unchanged at first.
        nn.init.normal_(self.transform.weight, std=dim**-0.5)
        nn.init.normal_(self.carry.weight, std=dim**-0.5)
        nn.init.zeros_(self.transform.bias)
        nn.init.constant_(self.carry.bias, -2.0)

    def forward(self, inputs: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Shape `(words, dim)` in and out. `dtype` is that of the products, by default the weights'."""
        return torch.lerp(
            inputs,
            torch.relu(_product(self.transform, inputs, dtype)),
            torch.sigmoid(_product(self.carry, inputs, dtype)),
        )


class CharCnn(nn.Module):
    """
    Character convolutions of several widths, the maximum of each filter over the word, highway layers, a projection.

    A filter's response to a window that is all padding is one constant, so a word is convolved only as far as it
    reaches and one window beyond: the maximum is that over all 50 positions.

    Weights of half precision are multiplied in half precision; all else is done in float32.

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

    def forward(self, character_ids: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """
        # Parameters

        character_ids : `Tensor`
            The words' character ids, best each distinct word once. Shape `(words, 50)`.
        dtype : `torch.dtype`, optional
            The precision of the products, by default that of the weights.

        # Returns

        `Tensor`
            Token vectors, shape `(words, projection_dim)`, float32 (or the weights' type if that is wider).
        """
        if not len(character_ids):
            embedding = self.character_embedding
            return embedding.new_zeros(0, self.projection.out_features, dtype=wide(embedding.dtype))
        vectors = self._convolve(character_ids, dtype)
        if not self.projection_after_highway:
            vectors = _product(self.projection, vectors, dtype)
        for highway in self.highways:
            vectors = highway(vectors, dtype)
        # Shape: (words, projection_dim)
        return _product(self.projection, vectors, dtype) if self.projection_after_highway else vectors

    def _convolve(self, character_ids: Tensor, dtype: torch.dtype | None) -> Tensor:
        """The maximum of each filter over each word. Shape `(words, num_filters)`."""
        positions = torch.arange(MAX_WORD_LENGTH, device=character_ids.device)
        # Characters a word has, begin and end marks included. Shape: (words,)
        lengths = ((character_ids != PAD) * (positions + 1)).amax(dim=1)
        packing = pack((lengths + 1).clamp(max=MAX_WORD_LENGTH), MAX_WORD_LENGTH)
        pooled = []
        for convolution in self.convolutions:
            weight: Tensor = convolution.weight  # type: ignore[assignment]
            number, _, width = weight.shape
            # A wide filter has fewer positions: those at which it does not reach beyond the 50th character.
            step_sizes = packing.step_sizes[: MAX_WORD_LENGTH - width + 1]
            rows = slice(sum(step_sizes))
            # Shape: (packed, width)
            windows = character_ids.unfold(1, width, 1)[packing.sequences[rows], packing.steps[rows]]
            # Shape: (packed, width * character_dim)
            embedded = F.embedding(windows, self.character_embedding).flatten(start_dim=1)
            filters = weight.transpose(1, 2).reshape(number, -1).to(dtype or weight.dtype)
            maximum = _PackedMaximum.apply(F.linear(embedded.to(filters.dtype), filters), step_sizes)
            pooled.append(maximum.to(wide(weight.dtype)) + convolution.bias)
        # The activations never fall, so they commute with the maximum.
        return self.activation(torch.cat(pooled, dim=1))[packing.order.argsort()]


class _PackedMaximum(torch.autograd.Function):
    """
    The maximum over a packed tensor's steps, `(packed, dim)` to `(step_sizes[0], dim)`.

    Its gradient goes to the first step that has the maximum; that of `amax`, which shares it out among equals, takes
    longer than all of the convolutions.
    """

    @staticmethod
    def forward(ctx: Any, packed: Tensor, step_sizes: list[int]) -> Tensor:
        first, *rest = packed.split(step_sizes)
        maximum = first.clone()
        for step in rest:
            torch.maximum(maximum[: len(step)], step, out=maximum[: len(step)])
        ctx.save_for_backward(packed, maximum)
        ctx.step_sizes = step_sizes
        return maximum

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_maximum: Tensor) -> tuple[Tensor, None]:
        packed, maximum = ctx.saved_tensors
        d_packed, left = torch.empty_like(packed), d_maximum.clone()
        for step, d_step in zip(packed.split(ctx.step_sizes), d_packed.split(ctx.step_sizes), strict=True):
            torch.eq(step, maximum[: len(step)], out=d_step)
            d_step *= left[: len(step)]
            left[: len(step)] -= d_step
        return d_packed, None
