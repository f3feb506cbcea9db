"""What models have in common that give each instance one label: what their outputs mean."""

from typing import Any

import torch
from allennlp.data import Vocabulary
from allennlp.modules import TextFieldEmbedder
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.labels import UNSEEN
from elmo_tasks.tasks.base.model import ElmoModel, extended


class LabellingModel(ElmoModel):
    """
    A model that gives each instance one of a namespace's labels. The subclass has a `classifier`, whose last layer has
    an output a label.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    elmo : `TaskElmo`, optional
    label_namespace : `str`
        The labels' namespace in the vocabulary.
    """

    classifier: nn.Sequential

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        elmo: TaskElmo | None,
        label_namespace: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        self.label_namespace: str = label_namespace
        self._labels = self.label_names(label_namespace)

    @property
    def _special(self) -> set[int]:
        """Outputs that are no labels but what a padded namespace has for padding."""
        return special_tokens(self.vocab, self.label_namespace)

    @overrides
    def extend_labels(self) -> None:
        self._labels = self.label_names(self.label_namespace)
        last = self.classifier[-1]
        assert isinstance(last, nn.Linear)
        self.classifier[-1] = extended(last, len(self._labels))

    def outputs(self, logits: Tensor) -> dict[str, Any]:
        """`logits` and `probabilities`, in which what is no label has none. Shape of all: `(batch, labels)`."""
        if self._special:
            logits = logits.index_fill(1, torch.tensor(sorted(self._special), device=logits.device), float("-inf"))
        return {"logits": logits, "probabilities": logits.softmax(dim=-1)}

    def loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """
        The mean cross entropy of the labels that the model knows; 0 where it knows none.

        # Parameters

        logits : `Tensor`
            Shape `(batch, labels)`.
        label : `Tensor`
            The gold labels, `UNSEEN` for one that the model does not know. Shape `(batch,)`.
        """
        known = (label != UNSEEN).sum().clamp(min=1)
        return F.cross_entropy(logits, label, ignore_index=UNSEEN, reduction="sum") / known

    def names(self, indices: Tensor, metadata: list[dict[str, Any]] | None = None) -> list[str]:
        """
        # Parameters

        indices : `Tensor`
            Labels, `UNSEEN` for one that the model does not know. Shape `(batch,)`.
        metadata : `list[dict[str, Any]]`, optional
            Has the `label` of an instance whose label the model does not know.
        """
        return [
            metadata[number]["label"] if index == UNSEEN and metadata is not None else self._labels[index]
            for number, index in enumerate(indices.tolist())
        ]

    @overrides(check_signature=False)
    def make_output_human_readable(self, output_dict: dict[str, Any]) -> dict[str, Any]:
        """Adds the most probable `label`, and gives each instance's `probabilities` by the labels' names."""
        probabilities = output_dict["probabilities"]
        output_dict["label"] = [self._labels[index] for index in probabilities.argmax(dim=-1).tolist()]
        output_dict["probabilities"] = [
            {label: one[index] for index, label in enumerate(self._labels) if index not in self._special}
            for one in probabilities.tolist()
        ]
        return output_dict


def classifier_layers(input_dim: int, hidden_dim: int | None, labels: int, dropout: float) -> nn.Sequential:
    """
    A linear layer from an instance's vector to an output a label; or two, the first with ReLU, where `hidden_dim` says
    how long the vector between them is. Dropout is of the input of each.
    """
    hidden: list[nn.Module] = []
    if hidden_dim is not None:
        hidden = [nn.Dropout(dropout), nn.Linear(input_dim, hidden_dim), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Dropout(dropout), nn.Linear(hidden_dim or input_dim, labels))
