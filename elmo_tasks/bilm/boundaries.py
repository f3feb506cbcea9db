"""A biLM that gives the layers of the sentence boundaries too."""

import torch
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS
from elmo_tasks.bilm.layers import BiLMOutput
from elmo_tasks.bilm.model import FIRST_TOKEN, BiLM
from elmo_tasks.bilm.packing import Packing, pack
from elmo_tasks.bilm.padding import zero_padding


class BoundaryBiLM(BiLM):
    """
    A biLM whose output has `<S>` in front of each sentence's first token and `</S>` behind its last one.

    Only stock AllenNLP's layer norm asks for them: it counts them in when it takes the mean and the variance of all
    tokens. The layers of the tokens are those of `BiLM`.
    """

    def forward(self, character_ids: Tensor) -> BiLMOutput:
        """
        # Parameters

        character_ids : `Tensor`
            Without boundaries, shape `(batch, tokens, 50)`.

        # Returns

        `BiLMOutput`
            Layers of shape `(batch, num_layers, tokens + 2, output_dim)`, mask of shape `(batch, tokens + 2)`.
        """
        return super().forward(_with_boundaries(character_ids))

    def token_mask(self, ids: Tensor) -> Tensor:
        return super().token_mask(_with_boundaries(ids))

    def pack_sentences(self, lengths: Tensor, longest: int, number: int) -> tuple[Packing, Tensor, Tensor]:
        """As in `BiLM`, but the boundaries are among the tokens, so that none are put around them."""
        packing = pack(lengths, longest)
        firsts = lengths.cumsum(dim=0) - lengths
        # Each of shape: (packed,)
        first, length = firsts[packing.sequences], lengths[packing.sequences]
        forward = FIRST_TOKEN + first + packing.steps
        backward = FIRST_TOKEN + first + length - 1 - packing.steps
        return packing, torch.stack([forward, backward]), packing.rows_both_ways(lengths, number, ahead=0)


def without_boundaries(vectors: Tensor, mask: Tensor) -> Tensor:
    """
    # Parameters

    vectors : `Tensor`
        Shape `(batch, tokens + 2, dim)`.
    mask : `Tensor`
        Where there is a token or a boundary. Shape `(batch, tokens + 2)`.

    # Returns

    `Tensor`
        The tokens' vectors, zeros elsewhere. Shape `(batch, tokens, dim)`.
    """
    # Not times the mask: what stands in the padding may be infinite.
    return zero_padding(vectors[:, 1:-1], tokens_of(mask))


def tokens_of(mask: Tensor) -> Tensor:
    """
    Where there is a token, from where there is one or a boundary: shape `(batch, tokens + 2)` to `(batch, tokens)`.
    """
    # What has something behind it is no </S>.
    return mask[:, 1:-1] & mask.flip(1).cumsum(dim=1).flip(1)[:, 2:].bool()


def _with_boundaries(character_ids: Tensor) -> Tensor:
    """Shape `(batch, tokens, 50)` to `(batch, tokens + 2, 50)`."""
    start, end = (torch.tensor(ids, device=character_ids.device) for ids in (SENTENCE_START_IDS, SENTENCE_END_IDS))
    character_ids = F.pad(character_ids, (0, 0, 1, 1))
    character_ids[:, 0] = start
    positions = torch.arange(character_ids.shape[1], device=character_ids.device)
    # Shape: (batch,)
    last = ((character_ids != 0).any(dim=2) * positions).amax(dim=1)
    character_ids[torch.arange(len(last), device=last.device), last + 1] = end
    return character_ids
