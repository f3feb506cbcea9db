"""What the tasks' models have in common: word vectors, ELMo where it is wanted, and parts that fit one another."""

from typing import Any, NamedTuple, TypeVar

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, Seq2SeqEncoder, Seq2VecEncoder, TextFieldEmbedder
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor

from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.modules.padding import zero_padding
from elmo_tasks.private import embedder_names

Part = TypeVar("Part", Seq2SeqEncoder, Seq2VecEncoder, FeedForward)


class Embedded(NamedTuple):
    """
    The vectors of a text's tokens in their parts, each of shape `(batch, ..., tokens, its dim)`.

    # Parameters

    words : `Tensor`
        Those of the text field embedder.
    elmo : `Tensor`, optional
        ELMo's for an encoder's input; None where there is none.
    output_elmo : `Tensor`, optional
        ELMo's for the encoder's output; likewise.
    """

    words: Tensor
    elmo: Tensor | None
    output_elmo: Tensor | None


class ElmoModel(Model):
    """
    A model whose token vectors are those of a text field embedder and, where `elmo` says so, ELMo's. `embed` gives them
    in parts; the subclass joins them where it wants them.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
        A `basic` one is given the tensors of the token indexers that it has an embedder for, and no others.
    elmo : `TaskElmo`, optional
    """

    def __init__(
        self, vocab: Vocabulary, text_field_embedder: TextFieldEmbedder, elmo: TaskElmo | None, **kwargs: Any
    ) -> None:
        super().__init__(vocab, **kwargs)
        self.text_field_embedder = text_field_embedder
        self.elmo = elmo

    @property
    def embedding_dim(self) -> int:
        """Length of a token's vector at the input, that is of its words' and ELMo's together."""
        return self.text_field_embedder.get_output_dim() + (self.elmo.input_dim if self.elmo is not None else 0)

    @property
    def output_elmo_dim(self) -> int:
        """Length of ELMo's vector at the output; 0 without ELMo there."""
        return self.elmo.output_dim if self.elmo is not None else 0

    def embed(self, *texts: TextFieldTensors, num_wrapping_dims: int = 0) -> list[Embedded]:
        """
        # Parameters

        texts : `TextFieldTensors`
            A batch's text fields.
        num_wrapping_dims : `int`, optional (default = `0`)
            How many lists the text fields stand in: 1 for documents that are lists of sentences, whose vectors have
            the shape `(batch, sentences, tokens, dim)`.

        # Returns

        `list[Embedded]`
            One a text; zeros where there is no token.
        """
        elmo = self.elmo(*texts) if self.elmo is not None else [(None, None)] * len(texts)
        embedded = []
        for text, (elmo_input, elmo_output) in zip(texts, elmo, strict=True):
            words = self.text_field_embedder(self._for_embedder(text), num_wrapping_dims=num_wrapping_dims)
            # Shape: (batch, ..., tokens)
            mask = get_text_field_mask(text, num_wrapping_dims)
            parts = (words, elmo_input, elmo_output)
            embedded.append(Embedded(*(None if part is None else zero_padding(part, mask) for part in parts)))
        return embedded

    def _for_embedder(self, tokens: TextFieldTensors) -> TextFieldTensors:
        if not isinstance(self.text_field_embedder, BasicTextFieldEmbedder):
            return tokens
        embedders = embedder_names(self.text_field_embedder)
        # An indexer that nothing reads is a mistake, which the embedder reports; ELMo's has its own reader, or had one
        # before an override took ELMo away.
        name = "elmo" if self.elmo is None else self.elmo.indexer
        return {key: tensors for key, tensors in tokens.items() if key != name or key in embedders}

    def label_names(self, namespace: str = "labels") -> list[str]:
        """The labels of a namespace of the vocabulary, in the order of their indices."""
        labels = self.vocab.get_index_to_token_vocabulary(namespace)
        return [labels[index] for index in range(len(labels))]

    @overrides
    def get_regularization_penalty(self) -> Tensor | None:
        """AllenNLP's `regularizer`, and the penalty on the weights of ELMo's layers."""
        penalty = super().get_regularization_penalty()
        if self.elmo is None or not self.elmo.scalar_l2:
            return penalty
        return self.elmo.penalty() + (0.0 if penalty is None else penalty)


def join(*parts: Tensor | None) -> Tensor:
    """The vectors that are there, side by side: shapes `(..., its dim)` to `(..., sum of the dims)`."""
    there = [part for part in parts if part is not None]
    return torch.cat(there, dim=-1) if len(there) > 1 else there[0]


def build(part: Lazy[Part], input_dim: int, name: str) -> Part:
    """
    Builds an encoder or a feed-forward network for the input that it will have.

    # Parameters

    part : `Lazy[Part]`
        From the config, which may leave out its `input_size` or `input_dim`.
    input_dim : `int`
        Length of the vectors that it will read.
    name : `str`
        The parameter's, for the error.

    # Raises

    `ConfigurationError`
        If the config says another size.
    """
    built = part.construct(input_size=input_dim, input_dim=input_dim)
    if built.get_input_dim() != input_dim:
        raise ConfigurationError(
            f"The input of {name} has vectors of length {input_dim}, and its config says {built.get_input_dim()}: "
            f"leave its input size out, or make it {input_dim}."
        )
    return built
