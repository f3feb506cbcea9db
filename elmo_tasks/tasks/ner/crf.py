"""The conditional random field of a tagger."""

import torch
from allennlp.modules import ConditionalRandomField
from torch import Tensor

_FORBIDDEN = -10000.0
"""The score of a transition that the constraints do not allow, as in the stock class."""


class Crf(ConditionalRandomField):
    """AllenNLP's conditional random field, with a `decode` that runs over a whole batch at once."""

    @torch.no_grad()
    def decode(self, logits: Tensor, mask: Tensor) -> list[list[int]]:
        """
        The best allowed tags of each sentence (Viterbi 1967): those of the stock `viterbi_tags`, some twenty times as
        fast on a batch.

        # Parameters

        logits : `Tensor`
            Shape `(batch, tokens, tags)`.
        mask : `Tensor`
            True where there is a token; each sentence's tokens come first, and each has one at least.
            Shape `(batch, tokens)`.
        """
        # Shape: (tags + 2, tags + 2); the last two are the start and the end of a sentence.
        forbidden = (1 - self._constraint_mask) * _FORBIDDEN
        tags = slice(self.num_tags)
        transitions = self.transitions + forbidden[tags, tags]
        # Of the best way to each tag, up to the current token. Shape: (batch, tags)
        scores = logits[:, 0] + self.start_transitions + forbidden[self.num_tags, tags]
        stay = torch.arange(self.num_tags, device=logits.device).expand_as(scores)
        came_from = []
        for step in range(1, logits.shape[1]):
            here = mask[:, step, None]
            # Shape: (batch, tags)
            best, best_before = (scores[:, :, None] + transitions).max(dim=1)
            scores = torch.where(here, best + logits[:, step], scores)
            # Behind a sentence's end its last tag is carried along.
            came_from.append(torch.where(here, best_before, stay))
        # Shape: (batch,)
        tag = (scores + self.end_transitions + forbidden[tags, self.num_tags + 1]).argmax(dim=1)
        path = [tag]
        for before in reversed(came_from):
            tag = before.gather(1, tag[:, None]).squeeze(1)
            path.append(tag)
        # Shape: (batch, tokens)
        paths = torch.stack(path[::-1], dim=1)
        return [sentence[:length] for sentence, length in zip(paths.tolist(), mask.sum(dim=1).tolist(), strict=True)]
