"""Where a task's model has ELMo: at its input, at its output, or at both."""

import math
from typing import Any, NamedTuple

import torch
from allennlp.common import FromParams, Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.data import TextFieldTensors
from allennlp.nn.util import dist_reduce_sum
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.bilm.layers import BiLMOutput
from elmo_tasks.checks import check_number
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder, as_sentences
from elmo_tasks.modules.stacking import stack

PLACES = ("input", "output", "both")


class ElmoVectors(NamedTuple):
    """A text's ELMo vectors at each place, `None` where there is no ELMo. Shape `(batch, ..., tokens, dim)`."""

    input: Tensor | None
    output: Tensor | None


class TaskElmo(nn.Module, FromParams):
    """
    ELMo at the input of a task's encoder, at its output, or at both (Peters et al. 2018, section 3.3), each place with
    a mix of its own. The biLM runs once a batch, whatever the number of places and texts.

    In a model that calls `start_in_scale`, as this project's do, a place's gamma starts so that ELMo's vectors are as
    long there as what stands beside them: the first training batch says how long that is. From 1, where the paper's
    gamma starts, a biLM's vectors are several times as long as word vectors or the states of an LSTM, and drown them.

    In a config all of `ElmoTokenEmbedder`'s parameters stand beside those below:
    `{"bilm": "mini", "place": "both", "layers": "last", "scalar_l2": 0.001}`, or
    `{"transformer": "bert-base-uncased", "place": "both"}`. So each cell of the paper's tables 2 and 3 is one override,
    such as `{"model.elmo.place": "output"}`.

    # Parameters

    embedder : `ElmoTokenEmbedder`
    place : `str`
        `"input"`, `"output"` or `"both"`.
    scalar_l2 : `float`
        The strength of the L2 penalty on the weights of the layers, lambda in the paper's section 3.2.
    indexer : `str`
        The token indexer that gives the character ids; for a transformer, an `elmo_transformer_ids` of the same
        transformer.
    gamma : `float`, optional
        Where gamma starts at each place, instead. An `initializer` that sets a gamma has the last word too.

    # Raises

    `ConfigurationError`
        If `place` is none of the above, or `scalar_l2` or `gamma` no number that it can be.
    """

    def __init__(
        self,
        embedder: ElmoTokenEmbedder,
        place: str = "input",
        scalar_l2: float = 0.0,
        indexer: str = "elmo",
        gamma: float | None = None,
    ) -> None:
        super().__init__()
        if place not in PLACES:
            raise ConfigurationError(f'ELMo\'s place is "{place}"; it must be one of {", ".join(PLACES)}.')
        check_number(ConfigurationError, 0, math.inf, scalar_l2=scalar_l2)
        if gamma is not None:
            check_number(ConfigurationError, -math.inf, math.inf, gamma=gamma)
            nn.init.constant_(embedder.scalar_mix.gamma, gamma)
        self.input = embedder if place != "output" else None
        self.output = embedder if place == "output" else embedder.another_place() if place == "both" else None
        self.scalar_l2 = scalar_l2
        self.indexer = indexer
        self._gamma_is_given = gamma is not None
        # The places whose gamma is still to start, and how often gamma was written to when they were told; and those
        # whose vectors of this batch come without gamma for that.
        self._to_start: dict[str, int] = {}
        self._starting: set[str] = set()
        # Whether training has begun, from where on gamma changes by itself.
        self._has_begun = False

    @classmethod
    def from_params(cls, params: Params, *args: Any, **extras: Any) -> "TaskElmo":
        """Takes the embedder's parameters out from among its own."""
        own = {name: params.pop(name) for name in ("place", "scalar_l2", "indexer", "gamma") if name in params}
        embedder = ElmoTokenEmbedder.from_params(params, **extras)
        return cls(embedder, **own)

    @property
    def input_dim(self) -> int:
        """Length of a token's vector at the input; 0 without ELMo there."""
        return self.input.get_output_dim() if self.input is not None else 0

    @property
    def output_dim(self) -> int:
        """Length of a token's vector at the output; 0 without ELMo there."""
        return self.output.get_output_dim() if self.output is not None else 0

    @overrides(check_signature=False)
    def forward(self, *texts: TextFieldTensors) -> list[ElmoVectors]:
        """
        # Parameters

        texts : `TextFieldTensors`
            A batch's text fields, such as its premises and its hypotheses, or the sentences of its documents. Their
            ids have the shape `(batch, ..., tokens, ids of a token)`, each text its own.

        # Returns

        `list[ElmoVectors]`
            One a text.

        # Raises

        `ConfigurationError`
            If a text has no tensors of the indexer, or they are not what the biLM, or the transformer, reads.
        """
        # Each of shape: (batch, ..., tokens, 50)
        texts_ids = [self._ids(text) for text in texts]
        layers = self._embedder.layers(stack([as_sentences(ids) for ids in texts_ids]))
        self._starting = self._to_start_now()
        places = [
            _vectors(self._at(name), layers, texts_ids, name not in self._starting) for name in ("input", "output")
        ]
        return [ElmoVectors(*of_text) for of_text in zip(*places, strict=True)]

    def start_in_scale(self, *places: str) -> None:
        """
        Has the first training batch start the gamma of these places, unless the config or an initializer does. The
        model then passes all their vectors through `in_scale`.
        """
        if not self._gamma_is_given:
            there = [name for name in places if self._at(name) is not None]
            self._to_start = {name: self._there(name).scalar_mix.gamma._version for name in there}

    def in_scale(self, place: str, vectors: Tensor, beside: Tensor | None, mask: Tensor) -> Tensor:
        """
        A place's vectors, for what stands beside them there. On the first training batch it starts the place's gamma
        with the quotient of their root mean square lengths; on all others it changes nothing.

        # Parameters

        place : `str`
            `"input"` or `"output"`.
        vectors : `Tensor`
            What `forward` gave for the place. Shape `(batch, ..., tokens, dim)`.
        beside : `Tensor`, optional
            Shape `(batch, ..., tokens, its dim)`. None where nothing stands there whose length says anything: gamma
            starts from 1.
        mask : `Tensor`
            True where there is a token. Shape `(batch, ..., tokens)`.

        # Returns

        `Tensor`
            Shape `(batch, ..., tokens, dim)`.
        """
        if place not in self._starting:
            return vectors
        embedder = self._there(place)
        gamma = embedder.scalar_mix.gamma
        if beside is None:
            self._to_start.pop(place, None)
        elif place in self._to_start:
            ours, others = (_mean_square_length(part, mask) for part in (vectors, beside))
            # A batch may have nothing to measure there; then the next one starts gamma.
            if ours > 0 and others > 0:
                nn.init.constant_(gamma, math.sqrt(others / (ours * embedder.kept_share)))
                del self._to_start[place]
        return gamma * vectors

    def _to_start_now(self) -> set[str]:
        """The places whose gamma this batch starts, if it can: those that nobody has set or fixed."""
        if not self.training:
            return set()
        if not self._has_begun:
            self._to_start = {name: writes for name, writes in self._to_start.items() if not self._is_set(name)}
            self._has_begun = True
        return set(self._to_start)

    def _is_set(self, place: str) -> bool:
        """Whether an initializer has set a place's gamma, be it to 1, or it is not trained; asked before it is."""
        gamma = self._there(place).scalar_mix.gamma
        # Where processes train together, torch has written the first one's numbers into each parameter, once.
        writes = gamma._version - self._to_start[place] - is_distributed()
        # Some initializers write past torch's count.
        return writes > 0 or bool(gamma != 1) or not gamma.requires_grad

    def _there(self, place: str) -> ElmoTokenEmbedder:
        embedder = self._at(place)
        assert embedder is not None
        return embedder

    def _load_from_state_dict(self, *arguments: Any) -> None:
        """A trained gamma does not start again."""
        self._to_start.clear()
        super()._load_from_state_dict(*arguments)

    def _at(self, place: str) -> ElmoTokenEmbedder | None:
        return self.input if place == "input" else self.output

    @property
    def _embedder(self) -> ElmoTokenEmbedder:
        """The one that runs for both places."""
        embedder = self.input if self.input is not None else self.output
        assert embedder is not None
        return embedder

    def _ids(self, text: TextFieldTensors) -> Tensor:
        if self.indexer not in text:
            raise ConfigurationError(
                f'ELMo needs a token indexer named "{self.indexer}" in the dataset reader, such as '
                f'{{"type": "elmo_character_ids"}}, or for a transformer "elmo_transformer_ids"; there is only: '
                f"{', '.join(text)}."
            )
        return self._embedder.ids_among(text[self.indexer])

    def penalty(self) -> Tensor:
        """`scalar_l2` times the sum of the squared weights of all mixes; what is to be added to the loss."""
        weights = [parameter for name, parameter in self.named_parameters() if "scalar_parameters" in name]
        return self.scalar_l2 * sum((weight.square().sum() for weight in weights), start=torch.zeros(()))


def _mean_square_length(vectors: Tensor, mask: Tensor) -> float:
    """The mean of the squared lengths of the tokens' vectors, over all processes; 0 where there is no token."""
    squares = vectors.detach().float().square().sum(dim=-1)[mask]
    total, number = dist_reduce_sum(float(squares.sum())), dist_reduce_sum(squares.numel())
    return total / number if number else 0.0


def _vectors(
    place: ElmoTokenEmbedder | None, layers: BiLMOutput, texts_ids: list[Tensor], with_gamma: bool
) -> list[Tensor | None]:
    """What a place makes of the layers of all texts' sentences: for each text, shape `(batch, ..., tokens, dim)`."""
    if place is None:
        return [None] * len(texts_ids)
    # Shape: (all sentences, most tokens, dim)
    vectors = place.mix(layers, with_gamma)
    of_texts = vectors.split([ids.shape[:-2].numel() for ids in texts_ids])
    return [
        of_text[:, : ids.shape[-2]].view(*ids.shape[:-1], vectors.shape[-1])
        for of_text, ids in zip(of_texts, texts_ids, strict=True)
    ]
