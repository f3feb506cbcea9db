"""What the tasks' models have in common: word vectors, and ELMo where it is wanted."""

from typing import Any

import torch
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import TextFieldEmbedder
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from overrides import overrides
from torch import Tensor

from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import embedder_names


class ElmoModel(Model):
    """
    A model whose token vectors are those of a text field embedder and, where `elmo` says so, ELMo's; ELMo's vectors
    for the output are the subclass's to concatenate.

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
        """Length of a token's vector at the input."""
        return self.text_field_embedder.get_output_dim() + (self.elmo.input_dim if self.elmo is not None else 0)

    @property
    def output_elmo_dim(self) -> int:
        """Length of ELMo's vector at the output; 0 without ELMo there."""
        return self.elmo.output_dim if self.elmo is not None else 0

    def embed(self, *texts: TextFieldTensors) -> list[tuple[Tensor, Tensor | None]]:
        """
        # Parameters

        texts : `TextFieldTensors`
            A batch's text fields.

        # Returns

        `list[tuple[Tensor, Tensor | None]]`
            For each text the token vectors, shape `(batch, tokens, embedding_dim)`, and ELMo's for the output if it is
            there, shape `(batch, tokens, output_elmo_dim)`.
        """
        # Each of shape: (batch, tokens, the embedder's dim)
        embedded = [self.text_field_embedder(self._for_embedder(text)) for text in texts]
        if self.elmo is None:
            return [(vectors, None) for vectors in embedded]
        return [
            (vectors if elmo.input is None else torch.cat([vectors, elmo.input], dim=-1), elmo.output)
            for vectors, elmo in zip(embedded, self.elmo(*texts), strict=True)
        ]

    def _for_embedder(self, tokens: TextFieldTensors) -> TextFieldTensors:
        if not isinstance(self.text_field_embedder, BasicTextFieldEmbedder):
            return tokens
        embedders = embedder_names(self.text_field_embedder)
        # An indexer that nothing reads is a mistake, which the embedder reports; ELMo's has its own reader, or had one
        # before an override took ELMo away.
        name = "elmo" if self.elmo is None else self.elmo.indexer
        return {key: tensors for key, tensors in tokens.items() if key != name or key in embedders}

    @overrides
    def get_regularization_penalty(self) -> Tensor | None:
        """AllenNLP's `regularizer`, and the penalty on the weights of ELMo's layers."""
        penalty = super().get_regularization_penalty()
        if self.elmo is None or not self.elmo.scalar_l2:
            return penalty
        return self.elmo.penalty() + (0.0 if penalty is None else penalty)
