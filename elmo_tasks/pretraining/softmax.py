"""The language model's softmax over words: sampled for training, exact for evaluation."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from elmo_tasks.bilm.parallel import by_direction

_SAMPLED_LOGITS = 1 << 19
"""Logits held at a time, one direction: 2 MB, which stay in a core's cache."""
_EXACT_TOKENS, _EXACT_WORDS = 512, 1024
"""The exact softmax's logits held at a time, also 2 MB: twice as fast as all words at once."""


class Softmax(nn.Module):
    """
    The distribution over words, one matrix for both directions of the language model.

    Training scores each target against a sample of the words (Jean et al. 2015), drawn without replacement with
    probabilities that fall as `log((k + 2) / (k + 1))` with the word's rank `k`; so the words must be sorted by
    frequency. One sample serves the whole batch.

    # Parameters

    num_words : `int`
        Words, "unknown" included and padding not.
    dim : `int`
        Length of the language model's states.
    num_samples : `int`
        Negatives a batch; 0 scores every word in training too.
    sparse_gradients : `bool`
        Whether the matrix's gradient is sparse, with the rows of the batch's targets and negatives alone. Not every
        optimizer takes such.
    """

    log_uniform: Tensor
    log_inclusion: Tensor

    def __init__(self, num_words: int, dim: int, num_samples: int = 8192, sparse_gradients: bool = False) -> None:
        super().__init__()
        self.sparse_gradients = sparse_gradients
        self.num_samples = min(num_samples or num_words, num_words)
        ranks = torch.arange(num_words, dtype=torch.double)
        log_uniform = torch.log1p(1 / (ranks + 1)) / math.log(num_words + 1)
        # It begins as the distribution that is drawn from, much like the words' frequencies: rare words, which are
        # hardly ever drawn, need not be pushed down one by one.
        self.weight = nn.Parameter(torch.randn(num_words, dim) * 0.01)
        self.bias = nn.Parameter(log_uniform.log().float())
        # The chance of being among the sample. Shape: (num_words,)
        inclusion = inclusion_probabilities(log_uniform, self.num_samples)
        self.register_buffer("log_uniform", log_uniform.float(), persistent=False)
        self.register_buffer("log_inclusion", inclusion.log().float(), persistent=False)
        self._unknown_rows: Tensor | None = None

    @contextmanager
    def unknown_as(self, rows: Tensor) -> Iterator[None]:
        """
        Meanwhile the exact probability of row 0, the unknown word, is that of all these rows together. Shape `(rows,)`.
        """
        self._unknown_rows = rows
        try:
            yield
        finally:
            self._unknown_rows = None

    def forward(self, states: Tensor, targets: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """
        # Parameters

        states : `Tensor`
            Shape `(2, tokens, dim)`.
        targets : `Tensor`
            Word ids; -1 where there is nothing to predict. Shape `(2, tokens)`.
        dtype : `torch.dtype`, optional
            The precision of the products in training, by default the weight's.

        # Returns

        `Tensor`
            The negative log-likelihoods of each direction, added up: nats, shape `(2,)`. With `self.training` against
            a sample (differentiable), else exact and without a gradient.
        """
        if not self.training:
            return self.exact(states, targets)
        samples = self.sample()
        # One look-up for both, so that the gradient is added up once. Shape: (num_samples + 2 * tokens,)
        rows = torch.cat([samples, targets.clamp(min=0).flatten()])
        # Torch's distributed training adds up dense gradients only.
        is_sparse = self.sparse_gradients and not (distributed.is_available() and distributed.is_initialized())
        weight, bias = F.embedding(rows, self.weight, sparse=is_sparse), self.bias[rows]
        number = len(samples)
        target_weight, target_bias = weight[number:].view_as(states), bias[number:].view_as(targets)
        # Each negative stands for those that were not drawn: with 1 / inclusion as its weight, the sum over the sample
        # and the target, which is always there, is an unbiased estimate of the sum over all words.
        negative_bias = bias[:number] - self.log_inclusion[samples]
        # Shape: (2, tokens)
        target_logits = (states * target_weight).sum(dim=-1) + target_bias
        # Where among the samples each target is, -1 for not at all. Shape: (2, tokens)
        places = torch.full_like(self.bias, -1, dtype=torch.long)
        places[samples] = torch.arange(number, device=samples.device)
        hits = places[targets.clamp(min=0)]
        arguments = (states, target_logits, weight[:number], negative_bias, hits, targets >= 0)
        return _SampledLoss.apply(*arguments, dtype or weight.dtype)

    def sample(self) -> Tensor:
        """
        Distinct words, shape `(num_samples,)`.

        Every word gets an exponential waiting time with its probability as the rate; the first `num_samples` to come
        are the sample. That is drawing one by one without replacement, in vectorised form.
        """
        waiting = torch.empty_like(self.log_uniform).exponential_() / self.log_uniform
        return waiting.topk(self.num_samples, largest=False, sorted=False).indices

    def exact(self, states: Tensor, targets: Tensor) -> Tensor:
        """The exact negative log-likelihoods, a bounded number of logits at a time. As `forward`."""
        return -self.log_probabilities(states, targets).sum(dim=1, dtype=torch.double)

    def log_probabilities(self, states: Tensor, targets: Tensor) -> Tensor:
        """
        The exact log probability of each target, without a gradient, a bounded number of logits at a time. As
        `forward`, but of shape `(2, tokens)`, with 0 where there is nothing to predict.
        """
        rows = self._unknown_rows
        unknown = None if rows is None else (self.weight[rows], self.bias[rows])
        (result,) = by_direction(_log_probabilities, (states, targets), self.weight, self.bias, unknown)
        return result

    def log_distribution(self, states: Tensor) -> Tensor:
        """The log probability of every word: shape `(tokens, dim)` to `(tokens, num_words)`."""
        return F.log_softmax(torch.addmm(self.bias, states, self.weight.t()), dim=1)


def inclusion_probabilities(probabilities: Tensor, number: int) -> Tensor:
    """
    The chance that an item is among the first `number` distinct ones drawn with these probabilities.

    By exponential waiting times an item has come by the time t with probability `1 - exp(-p t)`; t is where `number`
    items are expected to have come.
    """
    low, high = 0.0, 1.0
    if number >= len(probabilities):
        return torch.ones_like(probabilities)
    while -torch.expm1(-probabilities * high).sum() < number:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if -torch.expm1(-probabilities * middle).sum() < number else (low, middle)
    return -torch.expm1(-probabilities * high)


def _losses(
    states: Tensor, target_logits: Tensor, hits: Tensor, counts: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, ...]:
    """
    The summed loss of one direction or both, and its gradients, from one pass over the logits in pieces.
    `counts` is 1 where there is something to predict. Products are made in the weight's precision, which the states
    have too, all else in that of the bias.
    """
    directions, tokens, _ = states.shape
    losses = bias.new_zeros(directions)
    d_states, d_target_logits = torch.empty_like(states, dtype=bias.dtype), torch.empty_like(target_logits)
    d_weight, d_bias = bias.new_zeros(directions, *weight.shape), bias.new_zeros(directions, *bias.shape)
    is_half = weight.dtype != bias.dtype
    rows = max(1, _SAMPLED_LOGITS // len(bias))
    for direction in range(directions):
        for start in range(0, tokens, rows):
            piece = (direction, slice(start, start + rows))
            state, target_logit, count, hit = states[piece], target_logits[piece], counts[piece], hits[piece]
            # Shape: (rows, num_samples)
            logits = torch.mm(state, weight.t()).to(bias.dtype).add_(bias)
            # A target that was drawn is no negative.
            (drawn,) = (hit >= 0).nonzero(as_tuple=True)
            logits[drawn, hit[drawn]] = -torch.inf
            largest = torch.maximum(logits.amax(dim=1), target_logit)
            scores = logits.sub_(largest.unsqueeze(1)).exp_()
            target_score = (target_logit - largest).exp()
            total = scores.sum(dim=1) + target_score
            losses[direction] += ((total.log() + largest - target_logit) * count).sum()
            probabilities = scores.mul_((count / total).unsqueeze(1))
            d_target_logits[piece] = (target_score / total - 1) * count
            d_bias[direction] += probabilities.sum(dim=0)
            if is_half:
                probabilities = probabilities.to(weight.dtype)
                d_states[piece] = torch.mm(probabilities, weight)
                d_weight[direction] += torch.mm(probabilities.t(), state)
            else:
                torch.mm(probabilities, weight, out=d_states[piece])
                d_weight[direction].addmm_(probabilities.t(), state)
    return losses, d_states, d_target_logits, d_weight, d_bias


def _log_probabilities(
    states: Tensor, targets: Tensor, weight: Tensor, bias: Tensor, unknown: tuple[Tensor, Tensor] | None
) -> tuple[Tensor]:
    """
    Of the targets of one direction or both, over all words. Shape `(directions, tokens)`. Target 0 is all the words
    whose weights and biases `unknown` has, if it has any.
    """
    directions = []
    for pair in zip(states, targets, strict=True):
        pieces = []
        for state, target in zip(*(part.split(_EXACT_TOKENS) for part in pair), strict=True):
            words = target.clamp(min=0)
            # Shape: (some tokens,)
            target_logits = (state * weight[words]).sum(dim=1) + bias[words]
            if unknown is not None:
                is_unknown = target == 0
                target_logits[is_unknown] = _log_sum_exp(state[is_unknown], *unknown)
            pieces.append((target_logits - _log_sum_exp(state, weight, bias)) * (target >= 0))
        directions.append(torch.cat(pieces))
    return (torch.stack(directions),)


def _log_sum_exp(state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Of all words' logits. Shape `(tokens, dim)` to `(tokens,)`."""
    result = state.new_full((len(state),), -torch.inf)
    for some_weight, some_bias in zip(weight.split(_EXACT_WORDS), bias.split(_EXACT_WORDS), strict=True):
        # Shape: (tokens, some words)
        logits = torch.addmm(some_bias, state, some_weight.t())
        largest = logits.amax(dim=1)
        part = logits.sub_(largest.unsqueeze(1)).exp_().sum(dim=1).log_().add_(largest)
        result = torch.logaddexp(result, part)
    return result


class _SampledLoss(torch.autograd.Function):
    """The gradients are computed with the loss, while the logits are at hand, and only scaled on the way back."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        target_logits: Tensor,
        weight: Tensor,
        bias: Tensor,
        hits: Tensor,
        mask: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        tensors = (states.to(dtype), target_logits, hits, mask.to(states.dtype))
        losses, *gradients = by_direction(_losses, tensors, weight.detach().to(dtype), bias.detach())
        ctx.save_for_backward(*gradients)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_losses: Tensor) -> tuple[Tensor | None, ...]:
        d_states, d_target_logits, d_weight, d_bias = ctx.saved_tensors
        return (
            d_states * d_losses[:, None, None],
            d_target_logits * d_losses[:, None],
            torch.einsum("d,dsn->sn", d_losses, d_weight),
            d_losses @ d_bias,
            None,
            None,
            None,
        )
