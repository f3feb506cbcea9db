"""Vectors of documents' genres."""

from typing import Any

import torch
from allennlp.data import Vocabulary
from torch import Tensor, nn

from elmo_tasks.tasks.base.metric import gathered

GENRE_NAMESPACE = "genre_labels"


class Genres(nn.Module):
    """
    A vector of each genre in the vocabulary. A genre that no training document had has the mean of the trained ones, as
    has a document without a genre: AllenNLP's vocabulary has the development data's genres too, and nothing trains
    theirs. Before any training all count as trained.

    # Parameters

    number : `int`
        How many genres the vocabulary has.
    dim : `int`
        Length of a vector.
    """

    trained: Tensor
    """Which vectors are. Shape `(number,)`."""

    def __init__(self, number: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.normal_(torch.empty(number, dim)))
        self.register_buffer("trained", torch.zeros(number, dtype=torch.bool))

    def forward(self, genre: Tensor | None) -> Tensor:
        """
        # Parameters

        genre : `Tensor`, optional
            A document's, negative or behind the last one if it is not known. Shape `()`.

        # Returns

        `Tensor`
            Shape `(dim,)`.
        """
        trained = self._trained()
        number = -1 if genre is None else int(genre)
        return self.weight[number] if number in trained else self.weight[trained].mean(dim=0)

    def train_on(self, genres: Tensor) -> None:
        """
        Notes that a batch trains these. In distributed training it waits for the other processes, whose batches train
        this process's vectors too.

        # Parameters

        genres : `Tensor`
            Shape `(batch,)`.
        """
        known = [number for number in genres.tolist() if 0 <= number < len(self.weight)]
        for numbers in gathered(known):
            self.trained[numbers] = True

    def extend_vocab(self, extended_vocab: Vocabulary, **_: Any) -> None:
        """Gives genres that are new in the vocabulary the mean to begin with. AllenNLP calls it in fine-tuning."""
        new = extended_vocab.get_vocab_size(GENRE_NAMESPACE) - len(self.weight)
        if new > 0:
            weight = self.weight.detach()
            mean = weight[self._trained()].mean(dim=0).expand(new, -1)
            self.weight = nn.Parameter(torch.cat([weight, mean]), self.weight.requires_grad)
            self.trained = torch.cat([self.trained, self.trained.new_zeros(new)])

    def _trained(self) -> list[int]:
        numbers: list[int] = self.trained.nonzero().flatten().tolist()
        return numbers or list(range(len(self.weight)))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        weight, trained = f"{prefix}weight", f"{prefix}trained"
        if weight in state_dict and trained not in state_dict:
            # Earlier versions took all for trained. The earliest had a first one for genres that are not known.
            if len(state_dict[weight]) == len(self.weight) + 1:
                state_dict[weight] = state_dict[weight][1:]
            state_dict[trained] = torch.ones_like(self.trained)
        super()._load_from_state_dict(state_dict, prefix, *args)
