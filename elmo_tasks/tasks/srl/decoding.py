"""The best sequence of tags in which every argument has a beginning."""

from collections.abc import Sequence

import torch
from torch import Tensor


class BioDecoder:
    """
    Finds, among the tag sequences that BIO allows, the one whose scores have the highest sum: an `I-X` follows `B-X` or
    `I-X`, and everything else may follow anything. (The search of Viterbi, in which all but the `I-X` have the same
    best predecessor; so it takes time with the number of tags, not with its square.)

    # Parameters

    tags : `Sequence[str]`
        All tags by name, in the order of their scores. One that is neither `B-X` nor `I-X` may stand anywhere.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        numbers = {tag: number for number, tag in enumerate(tags)}
        inside = [tag for tag in tags if tag.startswith("I-")]
        self._inside = [numbers[tag] for tag in inside]
        # One that can never begin has itself for its beginning, and so is never reached.
        self._beginnings = [numbers.get(f"B-{tag[2:]}", numbers[tag]) for tag in inside]

    def decode(self, scores: Tensor, lengths: Sequence[int]) -> list[list[int]]:
        """
        # Parameters

        scores : `Tensor`
            Such as logits or log probabilities, which differ by a number that all tags of a token share.
            Shape `(sentences, tokens, tags)`.
        lengths : `Sequence[int]`
            Tokens of each sentence.

        # Returns

        `list[list[int]]`
            The tags of each sentence.
        """
        if not scores.numel():
            return [[] for _ in lengths]
        scores = scores.detach().float().cpu()
        best = scores[:, 0].clone()  # (sentences, tags)
        best[:, self._inside] = float("-inf")
        # The sum of the best sequence that ends in each tag; for each later token, which tag each tag follows in it.
        sums, followed = [best], []
        for token_scores in scores.unbind(dim=1)[1:]:
            follows, best = self._predecessors(best)
            best = best + token_scores
            sums.append(best)
            followed.append(follows)
        # Shape: (sentences,)
        last = torch.tensor(lengths) - 1
        path = [sums[-1].argmax(dim=1)]
        for token in range(len(followed) - 1, -1, -1):
            inner = followed[token].gather(1, path[-1].unsqueeze(1)).squeeze(1)
            path.append(torch.where(token < last, inner, sums[token].argmax(dim=1)))
        tags = torch.stack(path[::-1], dim=1).tolist()
        return [of_sentence[:length] for of_sentence, length in zip(tags, lengths, strict=True)]

    def _predecessors(self, best: Tensor) -> tuple[Tensor, Tensor]:
        """Which tag each tag follows, and the best sum there. Shapes `(sentences, tags)`."""
        top, top_tag = best.max(dim=1, keepdim=True)  # (sentences, 1)
        sums, follows = top.repeat(1, best.shape[1]), top_tag.repeat(1, best.shape[1])
        if self._inside:
            inside, beginnings = best[:, self._inside], best[:, self._beginnings]
            sums[:, self._inside] = torch.maximum(inside, beginnings)
            continues, begins = torch.tensor(self._inside), torch.tensor(self._beginnings)
            follows[:, self._inside] = torch.where(inside > beginnings, continues, begins)
        return follows, sums
