"""The conditional random field of a tagger."""

from collections.abc import Sequence

import torch
from allennlp.modules import ConditionalRandomField
from allennlp.modules.conditional_random_field import allowed_transitions
from torch import Tensor

from elmo_tasks.tasks.base.schemes import in_bioul

_FORBIDDEN = -10000.0
"""The score of a transition that the constraints do not allow, as in the stock class."""


class Crf(ConditionalRandomField):
    """
    AllenNLP's conditional random field (Lafferty et al. 2001): the same parameters and results, with fewer and larger
    operations, and a `decode` that runs over a whole batch at once.

    Wherever a mask is asked for it is true where there is a token; each sentence's tokens come first, and each sentence
    has one at least.
    """

    def _input_likelihood(self, logits: Tensor, transitions: Tensor, mask: Tensor) -> Tensor:
        """The logarithm of the sum over all paths. Shape `(batch,)`."""
        # Of all ways to each tag, up to the current token. Shape: (batch, tags)
        scores = logits[:, 0] + self.start_transitions
        for step in range(1, logits.shape[1]):
            # Shape: (batch, tags)
            reached = torch.logsumexp(scores[:, :, None] + transitions, dim=1) + logits[:, step]
            scores = torch.where(mask[:, step, None], reached, scores)
        return torch.logsumexp(scores + self.end_transitions, dim=1)

    def _joint_likelihood(self, logits: Tensor, transitions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The score of the path that `tags`, of shape `(batch, tokens)`, describes. Shape `(batch,)`."""
        # Shape: (batch, tokens)
        emissions = logits.gather(2, tags[:, :, None]).squeeze(2).masked_fill(~mask, 0)
        # Shape: (batch, tokens - 1)
        moves = transitions[tags[:, :-1], tags[:, 1:]].masked_fill(~mask[:, 1:], 0)
        # Shape: (batch,)
        last = tags.gather(1, mask.sum(dim=1, keepdim=True) - 1).squeeze(1)
        ends = self.start_transitions[tags[:, 0]] + self.end_transitions[last]
        return emissions.sum(dim=1) + moves.sum(dim=1) + ends

    @torch.no_grad()
    def decode(self, logits: Tensor, mask: Tensor) -> list[list[int]]:
        """
        The best tags that the constraints allow each sentence (Viterbi 1967), as the stock `viterbi_tags` finds them.

        # Parameters

        logits : `Tensor`
            Shape `(batch, tokens, tags)`.
        mask : `Tensor`
            Shape `(batch, tokens)`.
        """
        # Shape: (tags + 2, tags + 2); the last two are the start and the end of a sentence.
        forbidden = (1 - self._constraint_mask) * _FORBIDDEN
        start, end, tags = self.num_tags, self.num_tags + 1, slice(self.num_tags)
        transitions = self.transitions + forbidden[tags, tags]
        # Of the best way to each tag, up to the current token. Shape: (batch, tags)
        scores = logits[:, 0] + self.start_transitions + forbidden[start, tags]
        # Behind a sentence's end its last tag is carried along.
        stay = torch.arange(self.num_tags, device=logits.device).expand_as(scores)
        came_from = []
        for step in range(1, logits.shape[1]):
            here = mask[:, step, None]
            # Shape: (batch, tags)
            best, best_before = (scores[:, :, None] + transitions).max(dim=1)
            scores = torch.where(here, best + logits[:, step], scores)
            came_from.append(torch.where(here, best_before, stay))
        # Shape: (batch,)
        tag = (scores + self.end_transitions + forbidden[tags, end]).argmax(dim=1)
        path = [tag]
        for before in reversed(came_from):
            tag = before.gather(1, tag[:, None]).squeeze(1)
            path.append(tag)
        # Shape: (batch, tokens)
        paths = torch.stack(path[::-1], dim=1).tolist()
        return [sentence[:length] for sentence, length in zip(paths, mask.sum(dim=1).tolist(), strict=True)]

    def extended(self, num_tags: int, constraints: list[tuple[int, int]]) -> "Crf":
        """One with more tags behind these, whose scores among themselves stay."""
        new = Crf(num_tags, constraints).to(self.transitions.device)
        old = slice(self.num_tags)
        with torch.no_grad():
            new.transitions[old, old] = self.transitions
            new.start_transitions[old], new.end_transitions[old] = self.start_transitions, self.end_transitions
        return new


def transitions(tags: Sequence[str], scheme: str | None) -> list[tuple[int, int]]:
    """
    The pairs of tags that may follow one another.

    # Parameters

    tags : `Sequence[str]`
        In the order of their indices.
    scheme : `str`, optional
        One of `SCHEMES`, which says so. None: any tag may follow any other.

    # Returns

    `list[tuple[int, int]]`
        With the indices `len(tags)` for a sentence's start and `len(tags) + 1` for its end.
    """
    if scheme is None:
        numbers = range(len(tags) + 2)
        return [(one, other) for one in numbers for other in numbers]
    if scheme in ("IOB1", "BIO"):
        return allowed_transitions(scheme, dict(enumerate(tags)))
    return allowed_transitions("BIOUL", dict(enumerate(map(in_bioul, tags))))
