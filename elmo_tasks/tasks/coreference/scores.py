"""The scores that the model gives a document's spans, what it chooses by them, and their loss."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.tasks.coreference.spans import Antecedents, Spans


class Scored(NamedTuple):
    """
    What the model says of a document.

    # Parameters

    candidates, mentions : `Spans` and `Tensor`
        All of its spans, and their scores as mentions. Shape `(candidates,)`.
    spans : `Spans`
        Those that are kept.
    antecedents, scores : `Antecedents` and `Tensor`
        The score of each kept span without an antecedent, which is 0, and then with each of `antecedents`. Shape
        `(kept, 1 + most)`.
    """

    candidates: Spans
    mentions: Tensor
    spans: Spans
    antecedents: Antecedents
    scores: Tensor

    def best_antecedents(self) -> list[int]:
        """Each kept span's, as its number among the kept spans, or -1."""
        # Shape: (kept, 1 + most)
        places = F.pad(self.antecedents.places, (1, 0), value=-1)
        best = self.scores.argmax(dim=1, keepdim=True)
        return places.gather(1, best).squeeze(1).tolist()

    def antecedents_loss(self, clusters: Tensor) -> Tensor:
        """
        The negative log likelihood of all right antecedents together, summed over the spans (Lee et al. 2017, section
        6). Shape `()`.

        # Parameters

        clusters : `Tensor`
            The gold ones of the kept spans, 0 for none. Shape `(kept,)`.
        """
        ours, theirs = clusters[:, None], clusters[self.antecedents.places]
        # Shape: (kept, most)
        right = (ours == theirs) & (ours > 0) & self.antecedents.mask
        # Shape: (kept, 1 + most)
        right = torch.cat([~right.any(dim=1, keepdim=True), right], dim=1)
        of_right = self.scores.masked_fill(~right, float("-inf")).logsumexp(dim=1)
        return (self.scores.logsumexp(dim=1) - of_right).sum()

    def mentions_loss(self, clusters: Tensor) -> Tensor:
        """
        The binary cross entropy of whether each span is a mention, summed over all spans (Zhang et al. 2018). Shape
        `()`.

        # Parameters

        clusters : `Tensor`
            The gold ones of all spans, 0 for none. Shape `(candidates,)`.
        """
        return F.binary_cross_entropy_with_logits(self.mentions, (clusters > 0).float(), reduction="sum")
